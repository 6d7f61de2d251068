import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, test } from 'vitest'
import { expectAccessible } from './axe'
import { closeBrowser, leave, shoot, sit, type How, type Seat } from './browser'
import { applicant, codeFor, counter } from './counter'

afterAll(closeBrowser)

const at = { at: 'selfservice' } as const

// sitDown is sit with time-outs that tell soon what is missing.
async function sitDown(...how: Parameters<typeof sit>): Promise<Seat> {
  const seat = await sit(...how)
  seat.page.setDefaultTimeout(12_000)
  return seat
}
const phone: How = { ...at, phone: true }
const darkEnglish: How = { ...at, language: 'en-US', look: 'dark' }

// seen shows a page: to axe, and to who looks at the pictures.
async function seen(seat: Seat, name: string) {
  await seat.page.waitForLoadState('networkidle')
  await seat.page.waitForTimeout(350) // until what moves stands
  await shoot(seat, name)
  await expectAccessible(seat, name)
  const text = await seat.page.locator('body').innerText()
  expect(text).not.toMatch(/undefined|\[object|NaN|self:[a-z]/)
  expect(await seat.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 'scrolls sideways').toBeLessThanOrEqual(0)
}

const go = (seat: Seat, name: string | RegExp) => seat.page.getByRole('link', { name }).first().click()
// press clicks a button; between two Chinese characters Ant Design puts a space.
const button = (seat: Seat, name: string) => seat.page.getByRole('button', { name: new RegExp([...name].map((c) => c.replace(/[()/.]/, '\\$&')).join('\\s?')) })
const press = (seat: Seat, name: string) => button(seat, name).first().click()
const title = (seat: Seat, name: string | RegExp) => seat.page.getByRole('heading', { level: 1, name }).waitFor()

describe('self-service without a certificate', () => {
  test('every page opens, on the phone and in English and dark', async () => {
    for (const [how, suffix] of [[phone, 'phone-zh'], [darkEnglish, 'en-dark'], [at, 'zh']] as const) {
      const seat = await sitDown(undefined, how)
      const english = suffix === 'en-dark'
      await title(seat, english ? 'Certificate self-service' : '证书自助服务')
      await seat.page.getByText(english ? 'We do not see your certificate' : '没有看到您的证书').waitFor()
      await seen(seat, `self-start-${suffix}`)
      const pages: [string, string][] = english
        ? [['Report a loss now', 'loss'], ['Follow an application', 'follow'], ['Fetch a certificate', 'fetch'], ['Questions and help', 'tickets'], ['Help', 'help']]
        : [['马上挂失', 'loss'], ['查办理进度', 'follow'], ['领取证书', 'fetch'], ['咨询和求助', 'tickets'], ['常见问题', 'help']]
      for (const [name, page] of pages) {
        await go(seat, new RegExp('^\\s*' + name))
        await title(seat, name)
        await seen(seat, `self-${page}-${suffix}`)
        await go(seat, english ? 'Back' : '返回')
      }
      await go(seat, english ? 'Announcements and rules' : '公告和服务规则')
      await title(seat, english ? 'Announcements and rules' : '公告和服务规则')
      await seen(seat, `self-rules-${suffix}`)
      await leave(seat)
    }
  })

  test('a loss is reported with a code, and followed; a wrong code is refused in words', async () => {
    const who = applicant('石桂')
    const approved = counter('ra1.reviewer', 'approve', who.application)
    counter('lra1.issuer', 'issue', approved.id)
    const seat = await sitDown(undefined, phone)
    await go(seat, /^\s*马上挂失/)
    await seat.page.getByLabel('证件号码').fill(who.identity)
    const before = new Date()
    await press(seat, '发送验证码')
    await seat.page.getByLabel('验证码').fill('00000000')
    await press(seat, '冻结我的证书')
    await seat.page.getByText('验证码不正确，或已失效').waitFor()
    await seen(seat, 'self-loss-wrong-phone-zh')
    await seat.page.getByLabel('验证码').fill(await codeFor(who.phone, before))
    await press(seat, '冻结我的证书')
    await seat.page.getByText('证书已冻结').waitFor()
    await seen(seat, 'self-loss-done-phone-zh')
    await leave(seat)
  })

  test('an application is followed and fetched with what stands on the receipt', async () => {
    const who = applicant('柳青')
    const { code } = counter('lra1.registrar', 'hand', 'receipt', who.application)
    const seat = await sitDown(undefined, phone)
    await go(seat, /^\s*查办理进度/)
    await seat.page.getByLabel('申请编号').fill(who.application)
    await seat.page.getByLabel('查询码').fill('AAAAA-AAAAA')
    await press(seat, '查询')
    await seat.page.getByText('编号和查询码对不上').waitFor()
    expect(await seat.page.getByRole('dialog').count(), 'nobody is asked to log in').toBe(0)
    await seat.page.getByLabel('查询码').fill(code)
    await press(seat, '查询')
    await seat.page.getByText('正在审核').waitFor()
    await seen(seat, 'self-follow-found-phone-zh')
    counter('ra1.reviewer', 'approve', who.application)
    counter('lra1.issuer', 'issue', who.application)
    const fetching = counter('lra1.issuer', 'hand', 'code', who.application)
    await go(seat, '返回')
    await go(seat, /^\s*领取证书/)
    await seat.page.getByLabel('申请编号').fill(who.application)
    await seat.page.getByLabel('查询码').fill(fetching.code)
    await press(seat, '领取')
    await seat.page.getByText('已经取到').waitFor()
    await seen(seat, 'self-fetch-done-phone-zh')
    await leave(seat)
  })

  test('a question is asked, answered, replied to and rated', async () => {
    const seat = await sitDown(undefined, phone)
    await go(seat, /^\s*咨询和求助/)
    await go(seat, '提一个问题')
    await seat.page.getByLabel('一句话说明').fill('口令被锁')
    await seat.page.getByLabel('具体情况').fill('<b>输错三次</b>，现在登录不了。')
    await seat.page.getByLabel('怎么称呼您').fill('林晓明')
    await seen(seat, 'self-ask-phone-zh')
    await press(seat, '提交')
    await title(seat, '已经收到您的问题')
    await seen(seat, 'self-asked-phone-zh')
    const [number, code] = await seat.page.locator('.self-keep .code').allInnerTexts()
    counter('centre.reviewer', 'ticket', 'take', number.trim())
    counter('centre.reviewer', 'ticket', 'resolve', number.trim(), '--text', '请用新口令登录')
    await go(seat, '去看答复')
    await seat.page.getByLabel('问题编号').fill(number.trim())
    await seat.page.getByLabel('查询码').fill(code.trim())
    await press(seat, '打开')
    await seat.page.getByText('<b>输错三次</b>').waitFor()
    await seat.page.getByText('请用新口令登录').waitFor()
    await seen(seat, 'self-answer-phone-zh')
    await seat.page.getByRole('radio').nth(4).click({ force: true })
    await press(seat, '提交评价')
    await seat.page.getByText('您的评价').waitFor()
    await leave(seat)
  })
})

describe('self-service with a certificate', () => {
  test('alice renews in three clicks', async () => {
    const seat = await sitDown('alice', { ...phone, login: false })
    let clicks = 0
    const click = async (name: string) => {
      await press(seat, name)
      clicks += 1
    }
    await seat.page.getByText('艾丽思').waitFor()
    await seen(seat, 'self-login-phone-zh')
    await click('用此证书登录')
    await seat.page.getByText(/快到期了：还剩 \d+ 天/).waitFor()
    await seen(seat, 'self-mine-phone-zh')
    await click('更新')
    await click('申请更新')
    await seat.page.getByText('已经申请更新').waitFor()
    expect(clicks).toBe(3)
    await seen(seat, 'self-renewed-phone-zh')
    await press(seat, '知道了')
    await seat.page.getByRole('heading', { name: '正在办理' }).waitFor()
    await leave(seat)
  })

  test('alice sees everything of hers, and nothing is kept in the browser', async () => {
    for (const [how, suffix] of [[at, 'zh'], [{ ...darkEnglish, phone: true }, 'phone-en-dark'], [darkEnglish, 'en-dark']] as const) {
      const english = suffix !== 'zh'
      const seat = await sitDown('alice', how)
      await title(seat, english ? /^Hello, 艾丽思/ : /^艾丽思，您好/)
      await seat.page.getByText(english ? /Good for/ : /有效，还有/).first().waitFor()
      await seen(seat, `self-mine-${suffix}`)
      const pages: [RegExp, string, string][] = english
        ? [[/^\s*My applications/, 'My applications', 'applications'], [/^\s*Who touched my key/, 'Who touched my key', 'ledger'], [/^\s*Change phone/, 'Change phone, mail or address', 'contact'], [/^\s*Questions and help/, 'Questions and help', 'mytickets']]
        : [[/^\s*我的申请/, '我的申请', 'applications'], [/^\s*谁动过我的密钥/, '谁动过我的密钥', 'ledger'], [/^\s*更改手机/, '更改手机、邮箱或地址', 'contact'], [/^\s*咨询和求助/, '咨询和求助', 'mytickets']]
      for (const [link, name, page] of pages) {
        await go(seat, link)
        await title(seat, name)
        await seen(seat, `self-${page}-${suffix}`)
        await go(seat, english ? 'Back' : '返回')
      }
      await go(seat, english ? 'Look and download' : '查看和下载')
      await seat.page.getByText(english ? 'For import in Windows' : 'Windows 一键导入').waitFor()
      await seen(seat, `self-certificate-${suffix}`)
      expect(await seat.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + location.search)).not.toMatch(/艾丽思|serial|H[A-Z0-9]{20}/)
      await leave(seat)
    }
  })

  test('what is downloaded is what OpenSSL reads', async () => {
    const seat = await sitDown('alice', at)
    await seat.page.getByRole('link', { name: '查看和下载' }).nth(1).click()
    const get = async (name: string) => {
      const [file] = await Promise.all([seat.page.waitForEvent('download'), press(seat, name)])
      return file.path()
    }
    const openssl = (...words: string[]) => execFileSync('openssl', words, { encoding: 'utf8' })
    expect(openssl('pkcs7', '-inform', 'DER', '-print_certs', '-noout', '-in', await get('Windows 一键导入')).match(/subject=/g)?.length).toBe(4)
    expect(openssl('x509', '-inform', 'DER', '-noout', '-subject', '-nameopt', 'utf8', '-in', await get('只要证书（CER / DER）'))).toContain('艾丽思')
    expect(openssl('storeutl', '-noout', '-certs', await get('证书和上级证书（PEM）'))).toContain('Total found: 3')
    await leave(seat)
  })

  test('a new mail address is not taken over without its code', async () => {
    const seat = await sitDown('bob', phone)
    await go(seat, /^\s*更改手机/)
    await seat.page.getByLabel('新的手机号码').fill('13800000023')
    const before = new Date()
    await press(seat, '发送验证码')
    const code = await codeFor('13800000023', before)
    await seat.page.getByLabel('验证码').fill(code === '12345678' ? '87654321' : '12345678')
    await press(seat, '确认更改')
    await seat.page.getByText('验证码不正确，或已失效').waitFor()
    await seat.page.getByLabel('验证码').fill(code)
    await press(seat, '确认更改')
    await seat.page.getByText('已经更改').waitFor()
    await seen(seat, 'self-contact-done-phone-zh')
    await leave(seat)
  })

  test('whose certificate is not good is told why, and what to do', async () => {
    for (const [who, words] of [['revoked', '这张证书已被吊销'], ['expired', '到期'], ['held', '这张证书已被冻结']] as const) {
      const seat = await sitDown(who, { ...phone, login: false })
      await seat.page.getByRole('alert').filter({ hasText: words }).waitFor()
      await seat.page.getByRole('alert').getByText('受理点').waitFor()
      expect(await seat.page.getByRole('button', { name: '用此证书登录' }).count()).toBe(0)
      await seen(seat, `self-${who}-phone-zh`)
      await go(seat, /^\s*马上挂失/)
      await title(seat, '马上挂失')
      await leave(seat)
    }
  })

  test('a session that ends in the middle of a form is gone on with', async () => {
    const seat = await sitDown('alice', phone)
    await go(seat, /^\s*咨询和求助/)
    await go(seat, '提一个问题')
    await seat.page.getByLabel('一句话说明').fill('更新后怎么装')
    await seat.page.getByLabel('具体情况').fill('写到一半，去开会了。')
    await seat.context.clearCookies()
    await go(seat, '返回')
    await press(seat, '继续填写')
    await seat.page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')))
    await seat.page.getByRole('dialog').getByText('登录已超时').waitFor()
    await seen(seat, 'self-ended-phone-zh')
    await seat.page.getByRole('dialog').getByRole('button', { name: '用此证书登录' }).click()
    await seat.page.getByRole('dialog').waitFor({ state: 'hidden' })
    expect(await seat.page.getByLabel('具体情况').inputValue()).toBe('写到一半，去开会了。')
    await press(seat, '提交')
    await title(seat, '已经收到您的问题')
    await press(seat, '退出登录')
    await title(seat, '证书自助服务')
    await leave(seat)
  })

  test('without a network the page says so and loses nothing', async () => {
    const seat = await sitDown(undefined, phone)
    await go(seat, /^\s*查办理进度/)
    await seat.page.getByLabel('申请编号').fill('lra1-260901-k3v9x2aq')
    await seat.page.getByLabel('查询码').fill('AAAAA-AAAAA')
    await seat.context.setOffline(true)
    await seat.page.getByText('网络已断开').waitFor()
    await press(seat, '查询')
    await seat.page.getByText('无法连接服务器').waitFor()
    await shoot(seat, 'self-offline-phone-zh')
    await seat.context.setOffline(false)
    expect(await seat.page.getByLabel('申请编号').inputValue()).toBe('lra1-260901-k3v9x2aq')
    await leave(seat)
  })
})

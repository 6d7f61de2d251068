import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, folder, leave, shoot, sit, type Seat } from './browser'
import { applicant, counter, numbered, picture } from './counter'
import { at, call, confirm, named, portray, press } from './desk'

const run = Date.now().toString(36)
let registrar: Seat
let reviewer: Seat

beforeAll(async () => {
  ;[registrar, reviewer] = await Promise.all([sit('lra1.registrar'), sit('ra1.reviewer')])
})

afterAll(async () => {
  await Promise.all([registrar, reviewer].map(leave))
  await closeBrowser()
})

interface Application { id: string; version: number; state: string; conflict?: string }

// made is a request as a holder's own tool makes it.
function made(): string {
  const [key, file] = ['key', 'csr'].map((end) => join(folder(), `${crypto.randomUUID()}.${end}`))
  execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', file, '-subj', '/CN=new'], { stdio: 'ignore' })
  const text = readFileSync(file, 'utf8')
  ;[key, file].forEach((one) => rmSync(one))
  return text
}

describe('an application ends', () => {
  test('without a mouse: entered, submitted, and taken back by who entered it', async () => {
    const { page } = registrar
    const { keyboard } = page
    const name = `键盘${run}`
    await page.goto(at('/'))
    await page.getByRole('heading', { level: 1 }).waitFor()
    // focused says whether what has the focus is what has this name.
    const focused = (of: string) => page.evaluate((wanted) => {
      const now = document.activeElement as HTMLElement | null
      const labels = now instanceof HTMLInputElement || now instanceof HTMLTextAreaElement ? [...(now.labels ?? [])].map((label) => label.textContent) : []
      const said = [...labels, now?.getAttribute('aria-label'), now?.textContent, now?.closest('[role=button],button')?.textContent].map((text) => (text ?? '').replace(/\s/g, ''))
      return said.some((text) => text.startsWith(wanted.replace(/\s/g, '')))
    }, of)
    const tabTo = async (of: string, most = 60) => {
      for (let n = 0; n < most; n++) {
        if (await focused(of)) return
        await keyboard.press('Tab')
      }
      throw new Error(`no Tab leads to ${of}`)
    }
    page.on('filechooser', () => undefined) // from the first listener on they come here
    await tabTo('录入申请')
    await keyboard.press('Enter')
    await page.getByLabel('姓名').waitFor()
    await expect.poll(() => focused('姓名')).toBe(true) // where one types first
    await keyboard.type(name)
    await tabTo('证件号码', 4)
    await keyboard.type(numbered(`9999011990010${1 + (Date.now() % 9)}${String(Date.now()).slice(-3)}`))
    await tabTo('单位', 4)
    await keyboard.type('示例市民政局')
    await tabTo('手机号码', 6)
    await keyboard.type('13900000000')
    await tabTo('或把PEM文本粘贴在这里', 12)
    await keyboard.insertText(made())
    await tabTo('把扫描件拖到这里', 8)
    const chooser = page.waitForEvent('filechooser')
    await keyboard.press('Enter')
    await (await chooser).setFiles(['form', 'identity'].map((sort) => ({ name: `${sort}.png`, mimeType: 'image/png', buffer: picture(sort + run) })))
    await page.getByText('identity.png').waitFor()
    await keyboard.press('Control+Enter')
    await page.getByText('本次已录入 1 件').waitFor()
    await tabTo('lra1-')
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: new RegExp(name) }).waitFor()
    await page.getByText('待审核').first().waitFor()
    await tabTo('撤回')
    await keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await expect.poll(() => focused('理由')).toBe(true)
    await keyboard.type('申请人改主意了')
    await tabTo('撤回', 4)
    await keyboard.press('Enter')
    await page.getByText('已撤回').first().waitFor()
    await page.getByRole('button', { name: named('撤回') }).first().waitFor({ state: 'detached' })
    await portray(registrar, 'applications-withdrawn')
  })

  test('one is rejected for a reason that is asked for, and who entered it reads why', async () => {
    const who = applicant(`不符${run}`)
    const { page } = reviewer
    await page.goto(at(`/applications/${who.application}`))
    await press(reviewer, '驳回')
    await page.getByRole('tooltip').getByRole('button', { name: named('驳回') }).click()
    await page.getByText('请写明哪里需要改正').waitFor()
    await page.getByLabel('审核意见').fill('证件与本人不符')
    await press(reviewer, '驳回')
    await page.getByText('驳回后申请终止，确定吗？').last().waitFor()
    await shoot(reviewer, 'applications-reject-zh')
    await page.getByRole('tooltip').getByRole('button', { name: named('驳回') }).last().click()
    await page.getByText('已驳回').waitFor()
    await registrar.page.goto(at(`/applications/${who.application}`))
    await registrar.page.getByText('已拒绝').first().waitFor()
    await registrar.page.getByText('证件与本人不符').waitFor()
    expect(await registrar.page.getByRole('button', { name: /撤回|提交/ }).count()).toBe(0)
  })

  test('what a counter took back while it was approved above is settled by a person', async () => {
    const below = await sit('lra2.registrar', { at: 'counter_console' })
    const above = await sit('ra2.reviewer')
    let id = ''
    for (let tries = 0; tries < 4 && !id; tries++) {
      const who = applicant(`两处${run}${tries}`, { registrar: 'lra2.registrar' })
      await expect.poll(() => above.page.request.get(at(`/api/ra/v1/applications/${who.application}`)).then((answer) => answer.json()).then((a: Application) => a.state), { timeout: 10_000 }).toBe('submitted')
      const one = await call<Application>(below, `/ra/v1/applications/${who.application}`)
      // Both decide at once; the counter hears of it only afterwards, mostly.
      const [, withdrawn] = await Promise.all([
        call(above, `/ra/v1/applications/${who.application}/approve`, { version: one.version }),
        call(below, `/ra/v1/applications/${who.application}/withdraw`, { version: one.version, note: '申请人撤回' }).then(() => true, () => false),
      ])
      if (withdrawn) id = who.application
    }
    await expect.poll(() => call<Application>(above, `/ra/v1/applications/${id}`).then((a) => a.conflict), { timeout: 10_000 }).toContain('申请人撤回')
    await above.page.goto(at(`/applications/${id}`))
    await above.page.getByText('受理点与上级机构的记录不一致').waitFor()
    await portray(above, 'applications-conflict')
    await below.page.goto(`${demo().endpoints.counter_console}/applications/${id}`)
    await below.page.getByText('受理点与上级机构的记录不一致').waitFor()
    expect(await below.page.getByRole('button', { name: named('处理') }).count()).toBe(0) // decided above
    await press(above, '处理')
    await confirm(above, '处理', '已电话确认，申请人仍要证书')
    await above.page.getByText('已处理').waitFor()
    await above.page.getByText('受理点与上级机构的记录不一致').waitFor({ state: 'detached' })
    await expect.poll(() => call<Application>(below, `/ra/v1/applications/${id}`).then((a) => a.conflict ?? ''), { timeout: 10_000 }).toBe('')
    await Promise.all([below, above].map(leave))
  })
})

describe('delivery', () => {
  test('a key made at the centre: the password once, the file that OpenSSL opens, and it is delivered', async () => {
    const name = `pump-${run}`
    const fields = { name, unit: '示例市水务局', credit_code: '91350100M000100Y43', agent: '林晓明', agent_identity: numbered('99990119900101001'), phone: '13900000000' }
    let one = await call<Application>(registrar, '/ra/v1/applications', { operation: 'issue', kind: 'device', profile: 'device-client', key_from: 'server', suite: 'p256', fields, reason: '浏览器测试' })
    const kinds = await call<{ kind: string; materials: { sort: string; required?: string[] }[] }[]>(registrar, '/ra/v1/kinds')
    for (const { sort } of kinds.find((kind) => kind.kind === 'device')!.materials.filter((material) => material.required?.includes('issue'))) {
      const answer = await registrar.page.request.post(at(`/api/ra/v1/applications/${one.id}/documents?version=${one.version}&sort=${sort}&name=${sort}.png`), { data: picture(sort + name), headers: { 'Content-Type': 'application/octet-stream', Origin: at('') } })
      expect(answer.status(), await answer.text()).toBe(200)
      one = (await answer.json()) as Application
    }
    await call(registrar, `/ra/v1/applications/${one.id}/submit`, { version: one.version })
    counter('ra1.reviewer', 'approve', one.id)
    counter('lra1.issuer', 'issue', one.id)

    const issuer = await sit('lra1.issuer')
    const { page } = issuer
    await page.goto(at(`/applications/${one.id}`))
    await press(issuer, '领取密钥文件')
    await confirm(issuer, '领取密钥文件')
    await page.getByRole('dialog').getByRole('alert').waitFor() // no password was given out yet
    await shoot(issuer, 'applications-package-early-zh')
    await page.getByRole('dialog').getByRole('button', { name: named('取消') }).click()
    await press(issuer, '私钥口令')
    await confirm(issuer, '私钥口令')
    await page.getByText('只显示这一次，关闭后无法再次查看。').waitFor()
    await shoot(issuer, 'applications-password-zh')
    const password = (await page.locator('.once').textContent())!.trim()
    await press(issuer, '已记下，关闭')
    const download = page.waitForEvent('download')
    await press(issuer, '领取密钥文件')
    await confirm(issuer, '领取密钥文件')
    const file = (await (await download).path())!
    const open = (pass: string) => execFileSync('openssl', ['pkcs12', '-in', file, '-passin', `pass:${pass}`, '-nodes'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    const opened = open(password)
    expect(opened).toContain('PRIVATE KEY')
    expect(opened).toContain('BEGIN CERTIFICATE')
    expect(() => open(password + 'x')).toThrow()
    await page.getByText('已交付').first().waitFor()
    expect(await page.locator('body').innerText()).not.toContain(password)
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await portray(issuer, 'applications-delivered')
    await leave(issuer)
  })
})

describe('lists', () => {
  test('ten thousand rows: those in sight are drawn, the last is reached, the columns are remembered', async () => {
    const { page } = registrar
    await page.evaluate(() => localStorage.removeItem('onecert.columns.applications'))
    await page.goto(at('/applications?state=all'))
    await page.getByRole('columnheader', { name: '录入人' }).waitFor()
    await press(registrar, '显示列')
    await page.getByRole('tooltip').getByRole('checkbox', { name: '录入人' }).uncheck()
    await page.getByRole('columnheader', { name: '录入人' }).waitFor({ state: 'detached' })
    expect(await page.evaluate(() => localStorage.getItem('onecert.columns.applications'))).toBe('["by"]')

    const items = Array.from({ length: 10_000 }, (_, n) => ({ id: `lra1-261123-${String(n).padStart(8, '0')}`, version: 1, operation: 'issue', kind: 'person', state: 'delivered', node: 'lra1', path: '/centre/ra1/lra1/', fields: { name: `第${n + 1}人`, unit: '示例市民政局' }, key_from: 'request', registered_by: 'lra1.registrar', created: new Date().toISOString(), changed: new Date().toISOString() }))
    await page.route('**/api/ra/v1/applications?*', (route) => route.fulfill({ json: { items } }))
    await page.reload()
    await page.getByText('已显示 10000 条').waitFor()
    expect(await page.getByRole('columnheader', { name: '录入人' }).count()).toBe(0)
    await page.getByText('第1人', { exact: true }).waitFor()
    expect(await page.locator('.ant-table-row').count()).toBeLessThan(80)
    await shoot(registrar, 'applications-ten-thousand-zh')
    await page.getByText('第5人', { exact: true }).hover()
    const last = page.getByText('第10000人', { exact: true })
    for (let turns = 0; turns < 20 && !(await last.isVisible()); turns++) {
      await page.mouse.wheel(0, 1_000_000)
      await page.waitForTimeout(200) // a wheel turned while rows are being drawn is lost
    }
    await last.waitFor()
    await page.unroute('**/api/ra/v1/applications?*')
    await page.evaluate(() => localStorage.removeItem('onecert.columns.applications'))
  })
})

describe('an officer', () => {
  test('whose role is taken away while his page is open is told so, and what he wrote stays', async () => {
    const who = await enrolled(`lra1.registrar-${run}`, 'registrar', 'lra1')
    const seat = await sit(who.name)
    const { page } = seat
    await page.goto(at('/applications/new'))
    await page.getByLabel('姓名').fill('写到一半')
    await page.getByLabel('证件号码').fill(numbered('99990119900101' + run.slice(-3).replace(/\D/g, '7')))
    await page.getByLabel('单位', { exact: false }).first().fill('示例市民政局')
    const security = await sit('centre.security')
    await call(security, `/ra/v1/officers/${who.fingerprint}/end`, {})
    await leave(security)
    await press(seat, '存为草稿')
    await page.getByRole('alert').filter({ hasText: '该证书的登记已经终止' }).waitFor()
    expect(await page.getByLabel('姓名').inputValue()).toBe('写到一半')
    await shoot(seat, 'officer-ended-zh')
    await page.reload()
    await page.getByText(/此证书未在|没有打开此页面的权限/).first().waitFor()
    await shoot(seat, 'officer-ended-reloaded-zh')
    await leave(seat)
    rmSync(join(folder(), 'identities', who.name), { recursive: true })
  })
})

// enrolled is a new officer with a certificate of the CA and a post at the registration, who
// sits down like those of the demonstration.
async function enrolled(name: string, role: string, node: string): Promise<{ name: string; fingerprint: string }> {
  const into = join(folder(), 'identities', name)
  mkdirSync(into)
  const key = join(into, 'ecdsa-sign.key')
  const csr = execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-outform', 'DER', '-subj', '/CN=new'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const security = await sit('centre.security')
  const atCA = await call<{ code: string }>(security, '/ca/v1/officers/codes', { name, role })
  const atRA = await call<{ code: string }>(security, '/ra/v1/posts/codes', { officer: name, role, node, until: new Date(Date.now() + 86_400_000).toISOString() })
  await leave(security)
  const nobody = await request.newContext({ ignoreHTTPSErrors: true })
  const first = await nobody.post(`${demo().endpoints.ca}/v1/enrolments`, { data: { code: atCA.code, request: csr.toString('base64') } })
  expect(first.ok(), await first.text()).toBe(true)
  const { issued } = (await first.json()) as { issued: { sign: { der: string; fingerprint?: string }; chain: string[] } }
  const second = await nobody.post(`${demo().endpoints.ra}/v1/enrolments`, { data: { code: atRA.code, certificate: issued.sign.der } })
  expect(second.ok(), await second.text()).toBe(true)
  await nobody.dispose()
  const pem = (der: string) => `-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`
  writeFileSync(join(into, 'ecdsa-chain.pem'), [issued.sign.der, ...issued.chain.slice(0, -1)].map(pem).join(''))
  return { name, fingerprint: await crypto.subtle.digest('SHA-256', Buffer.from(issued.sign.der, 'base64')).then((digest) => Buffer.from(digest).toString('hex')) }
}

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Dialog } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectAccessible } from './axe'
import { closeBrowser, leave, logIn, open, shoot, type How, type Seat } from './browser'
import { Fresh, type Made } from './fresh'

// First start in the browser (design.md decision 14): from a CA nobody has enrolled at to
// three administrators who log in, and on to the key management centre.
const fresh = new Fresh()
const passwords: Record<string, string> = {}
let ca: Made
let console_: string

beforeAll(async () => {
  ca = fresh.init('ca', '--organisation', '示例省', '--url', 'http://127.0.0.1:8080', '--families', 'sm2,ecdsa', '--partitions', '1')
  console_ = await fresh.serve('ca')
})

afterAll(async () => {
  await closeBrowser()
  await fresh.end()
})

const p12 = (role: string) => fresh.path(`centre.${role}.p12`)
const openssl = (...words: string[]) => execFileSync('openssl', words, { encoding: 'utf8', stdio: 'pipe' })
const byFile = (origin: string, role: string) => [{ origin, pfxPath: p12(role), passphrase: passwords[role] }]

// atThePage opens the page for codes as people come to it: without a certificate, from the
// page that asks for one.
async function atThePage(how: How = {}): Promise<Seat> {
  const seat = await open(console_, how, [])
  await seat.page.getByRole('link', { name: /使用一次性注册码|Use a one-time code/ }).click()
  await seat.page.getByRole('heading', { level: 1, name: /使用一次性注册码|Use a one-time code/ }).waitFor()
  return seat
}

// make fills in the page and keeps the file it hands out.
async function make({ page }: Seat, role: 'system' | 'security' | 'audit', own?: string) {
  await page.getByLabel(/^(一次性注册码|One-time code)$/).fill(ca.codes[role])
  if (own) {
    await page.getByPlaceholder('再输入一次').fill(own)
    passwords[role] = own
  } else {
    passwords[role] = (await page.locator('.enrolment-made').textContent())!.trim()
    await page.getByLabel(/^(我已把密码抄下|I have written it down)/).check()
  }
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: /生成密钥并取得证书|Make the key and get the certificate/ }).click()
  const file = await download
  expect(file.suggestedFilename()).toBe(`centre.${role}.p12`)
  await file.saveAs(p12(role))
}

describe('the first start of a CA', () => {
  test('the system administrator gets a file that OpenSSL opens', async () => {
    const seat = await atThePage()
    const { page } = seat
    const warnings: string[] = []
    page.on('console', (message) => {
      if (/antd|deprecated|Warning:/i.test(message.text())) warnings.push(message.text().slice(0, 200))
    })
    await expectAccessible(seat, 'the page for codes')
    await shoot(seat, 'enrolment-code-zh')
    await page.getByText('这样生成的密钥安全吗？').click()
    await page.getByText('智能密码钥匙里生成的密钥无法复制').waitFor()

    let sent = 0
    page.on('request', (request) => (sent += request.url().endsWith('/enrolments') ? 1 : 0))
    const code = page.getByLabel('一次性注册码', { exact: true })
    expect(await code.getAttribute('autocomplete')).toBe('off')
    await code.fill('ABCD-2345')
    await page.getByText('自己设定').click()
    await page.getByPlaceholder('密码', { exact: true }).fill('short')
    await page.getByRole('button', { name: '生成密钥并取得证书' }).click()
    await page.getByText('注册码应为 32 个字母和数字').waitFor()
    await page.getByText('密码至少 12 位').waitFor()
    expect(sent, 'what cannot be a code is no try').toBe(0)
    await page.getByPlaceholder('密码', { exact: true }).fill('First start, 2026!')
    await page.getByPlaceholder('再输入一次').fill('First start, 2026!')
    await code.fill('AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA')
    await page.getByRole('button', { name: '生成密钥并取得证书' }).click()
    await page.getByText('没有这个注册码').waitFor()
    await page.getByText('它可能属于另一个系统').waitFor()
    await shoot(seat, 'enrolment-refused-zh')

    await make(seat, 'system', 'First start, 2026!')
    await page.getByText('（系统管理员）').waitFor()
    const root = ca.authorities.find((one) => one.subject.endsWith('ECDSA Root CA'))!.fingerprint
    await page.getByText(root.toUpperCase().match(/../g)!.join(':')).waitFor()
    await shoot(seat, 'enrolment-issued-zh')
    const left = new Promise<Dialog>((asked) => page.once('dialog', asked))
    void page.evaluate(() => location.reload()).catch(() => undefined)
    const question = await left
    expect(question.type()).toBe('beforeunload')
    await question.dismiss()
    await page.getByLabel('文件已保存，密码已记下').check()
    await page.getByRole('heading', { name: '把文件导入浏览器' }).waitFor()
    await expectAccessible(seat, 'the file')
    await shoot(seat, 'enrolment-import-zh')
    const kept = JSON.stringify(await page.evaluate(() => [location.href, Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]))
    for (const secret of [ca.codes.system, ca.codes.system.replaceAll('-', ''), passwords.system]) expect(kept).not.toContain(secret)
    expect(sent).toBe(2)

    await page.reload()
    await page.getByLabel('一次性注册码', { exact: true }).fill(ca.codes.system.toLowerCase())
    await page.getByLabel(/^我已把密码抄下/).check()
    await page.getByRole('button', { name: '生成密钥并取得证书' }).click()
    await page.getByText('这个注册码已经用过').waitFor()
    await page.getByText('请安全管理员在“操作员”页停用').waitFor()
    await shoot(seat, 'enrolment-used-zh')
    expect(warnings).toEqual([])
    await leave(seat)

    const into = (name: string, ...words: string[]) => openssl('pkcs12', '-in', p12('system'), '-passin', 'pass:' + passwords.system, '-out', fresh.path(name), ...words)
    into('key.pem', '-nocerts', '-nodes')
    into('own.pem', '-clcerts', '-nokeys')
    into('above.pem', '-cacerts', '-nokeys')
    expect(openssl('pkey', '-in', fresh.path('key.pem'), '-pubout')).toBe(openssl('x509', '-in', fresh.path('own.pem'), '-noout', '-pubkey'))
    expect(openssl('verify', '-CAfile', fresh.path('ca', 'trust.pem'), '-untrusted', fresh.path('above.pem'), '-purpose', 'sslclient', fresh.path('own.pem'))).toContain('OK')
    expect(readFileSync(fresh.path('above.pem'), 'utf8').match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
  })

  test('the other two as well, in English and in the dark; they log in', async () => {
    for (const [role, how] of [['security', { language: 'en-US', look: 'dark' }], ['audit', {}]] as const) {
      const seat = await atThePage(how)
      if (role === 'security') await shoot(seat, 'enrolment-code-en-dark')
      await make(seat, role)
      await seat.page.getByLabel(/^(文件已保存|The file is kept)/).check()
      if (role === 'security') await shoot(seat, 'enrolment-import-en-dark')
      await leave(seat)
    }
    for (const role of ['system', 'audit']) { // security does below
      const seat = await open(console_, {}, byFile(console_, role))
      await logIn(seat)
      await seat.page.getByRole('heading', { level: 1, name: `centre.${role}` }).waitFor()
      await leave(seat)
    }
  })
})

describe('the first start of a key management centre', () => {
  // certified has the CA's security administrator issue what the centre's init asks for.
  async function certified() {
    const seat = await open(console_, {}, byFile(console_, 'security'))
    await logIn(seat)
    for (const name of ['tls', 'message']) {
      const request = readFileSync(fresh.path('kmc', name + '.csr')).toString('base64')
      const answer = await seat.page.request.post(console_ + '/api/ca/v1/orders', { data: { application: 'first-kmc-' + name, profile: 'site', request } })
      expect(answer.status(), await answer.text()).toBe(200)
      const { sign, chain } = (await answer.json()) as { sign: { der: string }; chain: string[] }
      writeFileSync(fresh.path('kmc', name + '.pem'), [sign.der, ...chain.slice(0, -1)].map((der) => `-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`).join(''))
    }
    await leave(seat)
  }

  test('an administrator registers the certificate he has', async () => {
    const kmc = fresh.init('kmc', '--trust', fresh.path('ca', 'trust.pem'), '--peer', 'ca=' + fresh.path('ca', 'message.pem'))
    await certified()
    fresh.smallPool()
    const centre = await fresh.serve('kmc')

    const stranger = await open(centre, { language: 'en-US' }, [])
    await stranger.page.goto(centre + '/enrol')
    await stranger.page.getByText('Get one at the CA’s console').waitFor()
    await leave(stranger)

    const seat = await open(centre, {}, byFile(centre, 'audit'))
    const { page } = seat
    await page.getByRole('link', { name: '使用一次性注册码' }).click()
    const code = page.getByLabel('一次性注册码', { exact: true })
    await code.fill(ca.codes.audit) // of another system
    await page.getByRole('button', { name: /登\s*记/ }).click()
    await page.getByText('它可能属于另一个系统').waitFor()
    await code.fill(kmc.codes.audit)
    await shoot(seat, 'enrolment-join-zh')
    await page.getByRole('button', { name: /登\s*记/ }).click()
    await page.getByText('已登记：centre.audit（审计管理员）').waitFor()
    await shoot(seat, 'enrolment-joined-zh')
    await page.getByRole('link', { name: '去登录' }).click()
    await logIn(seat)
    await page.getByRole('heading', { level: 1, name: 'centre.audit' }).waitFor()
    await leave(seat)
  })
})

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeBrowser, folder, leave, shoot, sit, type Seat } from './browser'
import { at, call, confirm, named, portray, press } from './desk'

// What a demonstration of today has none of, because it takes years or a stolen key, is
// answered in the server's place; what the page then asks for goes to the server.
let system: Seat

beforeAll(async () => {
  system = await sit('centre.system')
})

afterAll(async () => {
  await leave(system)
  await closeBrowser()
})

describe('the archive', () => {
  test('a period is closed where there is something in it, and all of it is verified', async () => {
    const { page } = system
    await page.goto(at('/archive?view=volumes'))
    await press(system, '核对全部档案')
    await page.getByText('档案完整，与归档时一致。').waitFor()
    await press(system, '归档成卷')
    await page.getByRole('dialog').getByLabel('此日期之前').waitFor()
    await confirm(system, '归档成卷')
    await page.getByText('该日期之前没有可归档的内容').waitFor()
    await shoot(system, 'archive-close-zh')
    await page.getByRole('dialog').getByRole('button', { name: named('取消') }).click()
  })

  test('an application is found in it by its holder’s whole name and opened as it stood', async () => {
    const auditor = await sit('centre.audit')
    const { page } = auditor
    const long = '2024-03-01T02:00:00Z'
    const application = { id: 'lra1-240301-archived', version: 6, operation: 'issue', kind: 'person', state: 'delivered', node: 'lra1', path: '/centre/ra1/lra1/', key_from: 'request', fields: { name: '归档人', unit: '示例市档案局', phone: '139****0000' }, registered_by: 'lra1.registrar', created: long, changed: long }
    await page.route('**/api/ra/v1/archive?*', (route) => route.fulfill({ json: { items: [{ application: application.id, volume: 1, name: '归档人', kind: 'person', operation: 'issue', state: 'delivered', serial: '4321', created: long }] } }))
    await page.route('**/api/ra/v1/archive/applications/*', (route) => route.fulfill({ json: { application, volume: 1, digest: 'ab'.repeat(32), documents: [{ sort: 'form', name: 'form.pdf', hash: 'cd'.repeat(32), size: 2048, pages: 1, media_type: 'application/pdf', by: 'lra1.registrar', at: long }], history: [{ number: 1, at: long, actor: 'lra1.registrar', node: 'lra1', event: 'register', state: 'draft' }, { number: 2, at: long, actor: 'ra1.reviewer', node: 'ra1', event: 'approve', state: 'approved', note: '材料齐全' }] } }))
    await page.goto(at('/archive'))
    await page.getByText('请输入完整姓名、用户编号或证书序列号。').waitFor()
    await page.getByLabel('姓名或名称（完整）').fill('归档人')
    await page.keyboard.press('Enter')
    const row = page.getByRole('row', { name: application.id })
    await row.waitFor()
    expect(decodeURIComponent(page.url())).not.toContain('归档人')
    await portray(auditor, 'archive-search')
    await row.click()
    await page.getByText('材料齐全').waitFor()
    await page.getByText('示例市档案局').waitFor()
    await page.getByText(/批准/).first().waitFor()
    await portray(auditor, 'archive-application')
    await leave(auditor)
  })
})

describe('an officer’s own identity', () => {
  test('shows the certificate and its places; what is not one’s renewed certificate is not registered', async () => {
    const { page } = system
    await page.goto(at('/'))
    await page.getByRole('link', { name: '我的身份' }).click()
    await page.getByText('centre.system').nth(1).waitFor()
    const own = execFileSync('openssl', ['x509', '-in', join(folder(), 'identities/centre.system/ecdsa-sign.pem'), '-noout', '-fingerprint', '-sha256']).toString().trim().split('=')[1]
    await page.getByText(own).waitFor()
    await portray(system, 'identity')
    const choose = (name: string, buffer: Buffer) => page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer })
    await choose('notes.txt', Buffer.from('not a certificate'))
    await page.getByText('notes.txt 不是 PEM 或 DER 证书').waitFor()
    await choose('bob.pem', readFileSync(join(folder(), 'identities/bob/ecdsa-sign.pem')))
    await page.getByRole('button', { name: '登记 bob.pem' }).click()
    await page.getByRole('dialog').getByRole('alert').waitFor()
    await shoot(system, 'identity-other-zh')
    await page.getByRole('dialog').getByRole('button', { name: named('取消') }).click()
    // The present one again changes nothing, and says that it is registered.
    await choose('own.pem', readFileSync(join(folder(), 'identities/centre.system/ecdsa-sign.pem')))
    await page.getByRole('button', { name: '登记 own.pem' }).click()
    await page.getByText('新证书已登记，可以用它登录').waitFor()
  })
})

describe('the keys and the CA', () => {
  test('the end of keys is proposed for those chosen, with a reason, and refused by the centre while they are used', async () => {
    const custodian = await sit('centre.custodian')
    const { page } = custodian
    const { certificates } = await call<{ certificates: { serial: string; holder: string }[] }>(custodian, '/ca/v1/certificates?profile=person-encrypt&limit=2')
    const old = '2012-05-01T00:00:00Z'
    const [use] = await call<{ cert_no: string; ca: string }[]>(custodian, `/kmc/v1/ledger/${certificates[0].holder}`)
    const keys = [use, { cert_no: 'ffff01', ca: use.ca }].map((one) => ({ cert_no: one.cert_no, ca: one.ca, holder: certificates[0].holder, suite: 'sm2', not_after: old, ended: old, due: '2022-05-01T00:00:00Z' }))
    await page.route('**/api/kmc/v1/retention*', (route) => route.fulfill({ json: { years: 10, keys } }))
    await page.goto(at('/keys'))
    await page.getByText('历史密钥保管 10 年').waitFor()
    expect(await page.getByRole('button', { name: '提议销毁（0）' }).isDisabled()).toBe(true)
    await page.getByRole('row', { name: use.cert_no }).getByRole('checkbox').check()
    await portray(custodian, 'keys-retention')
    await press(custodian, '提议销毁（1）')
    await confirm(custodian, '提议销毁（1）')
    await page.getByText('请填写理由').waitFor()
    await confirm(custodian, '提议销毁（1）', '保管期满')
    await page.getByText('密钥仍在使用，或保管期未满').waitFor()
    await shoot(custodian, 'keys-destroy-refused-zh')
    await page.route('**/api/kmc/v1/destructions', (route) => route.fulfill({ status: 202, json: { approval: 'a1b2', digest: 'ab'.repeat(32), expires: '2099-01-01T00:00:00Z', missing: [{ role: 'custodian', count: 1 }, { role: 'security', count: 1 }] } }))
    await confirm(custodian, '提议销毁（1）')
    await page.getByText('已提议，等待他人同意').waitFor()
    await page.getByText('还需 1 位密钥恢复员同意').waitFor()
    await page.getByRole('button', { name: '提议销毁（0）' }).waitFor()
    await portray(custodian, 'keys-destroy-proposed')
    await leave(custodian)
  })

  test('what a replaced CA could not issue anew is listed with the reason', async () => {
    const { page } = system
    const one = { id: 'r1', from: 'rsa', to: 'ecdsa', reason: '演练', ordered_by: 'centre.system', created: new Date().toISOString(), ended: new Date().toISOString(), total: 120, done: 110, passed: 8, missed: 2, seconds: 12, per_second: 9.2 }
    await page.route(/\/api\/ca\/v1\/replacements(\?|$)/, (route) => route.fulfill({ json: [one] }))
    await page.route('**/api/ca/v1/replacements/r1/missed*', (route) => route.fulfill({ json: { missed: [{ application: 'lra1-260101-aaaa', holder: 'HXQ573', serial: '41ab', code: 'profile.unknown', wrong: 'there is no such profile' }, { application: 'lra1-260101-bbbb', code: 'some.other', wrong: 'the key is of another family' }] } }))
    await page.goto(at('/replacements'))
    await page.getByRole('row', { name: 'rsa → ecdsa' }).click()
    await page.getByRole('row', { name: 'lra1-260101-bbbb' }).getByText('the key is of another family').waitFor()
    expect(await page.getByRole('row', { name: 'lra1-260101-aaaa' }).textContent()).toMatch(/模板/)
    await portray(system, 'ca-replacement-missed')
    await page.unrouteAll()
  })
})

describe('statistics', () => {
  test('the files say what the page shows, and a spreadsheet program opens them', async () => {
    const { page } = system
    await page.goto(at('/statistics'))
    const issued = Number((await page.locator('.figure', { hasText: '制证' }).locator('.ant-statistic-content-value').first().textContent())!.replace(/\D/g, ''))
    expect(issued).toBeGreaterThan(0)
    const download = async (button: string) => {
      const file = page.waitForEvent('download')
      await press(system, button)
      return readFileSync(await (await file).path())
    }
    const rows = (await download('下载 CSV')).toString('utf8')
    expect(rows.charCodeAt(0)).toBe(0xfeff)
    const cells = rows.split('\r\n').map((line) => line.split(','))
    const made = cells.filter((row) => row[0] === '办理' && row[1] === 'centre' && row[7] === '制证')
    expect(made.reduce((all, row) => all + Number(row[8]), 0)).toBe(issued)
    expect(rows).not.toMatch(/undefined|NaN/)
    const sheet = await download('下载 XLSX')
    expect(sheet.subarray(0, 2).toString()).toBe('PK')
    expect(sheet.includes('xl/worksheets/')).toBe(true)
  })
})

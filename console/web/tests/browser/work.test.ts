import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit, type Seat } from './browser'

const work = mkdtempSync(join(tmpdir(), 'onecert-work-'))

afterAll(async () => {
  rmSync(work, { recursive: true, force: true })
  await closeBrowser()
})

const origin = () => demo().endpoints.console
const go = (seat: Seat, path: string) => seat.page.goto(origin() + path)

interface Application {
  id: string
  version: number
  issuer: string
  serial: string
  state: string
}

// call asks the registration as whoever sits there.
async function call<T>(seat: Seat, path: string, data: unknown): Promise<T> {
  const answer = await seat.page.request.post(`${origin()}/api/ra/v1/${path}`, { data, headers: { Origin: origin(), 'Sec-Fetch-Site': 'same-origin' } })
  if (!answer.ok()) throw new Error(`${path}: ${await answer.text()}`)
  return (await answer.json()) as T
}

function identity(): string {
  const body = `9999011990010${1 + Math.floor(Math.random() * 9)}${String(Math.floor(Math.random() * 999)).padStart(3, '0')}`
  let sum = 0
  for (const digit of body) sum = ((sum + Number(digit)) * 2) % 11
  return body + '10X98765432'[sum]
}

function request(): string {
  const [key, file] = ['key', 'csr'].map((end) => join(work, `${crypto.randomUUID()}.${end}`))
  execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2', '-out', key], { stdio: 'ignore' })
  execFileSync('openssl', ['req', '-new', '-sm3', '-key', key, '-out', file, '-subj', '/CN=new'], { stdio: 'ignore' })
  return readFileSync(file).toString('base64')
}

// paper is a page of text like no other.
function paper(): Buffer {
  const text = `BT /F 20 Tf 72 720 Td (${crypto.randomUUID()}) Tj ET`
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [3 0 R] /Count 1 >>', '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 5 0 R >> >> /Contents 4 0 R >>', `<< /Length ${text.length} >>\nstream\n${text}\nendstream`, '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>']
  let out = '%PDF-1.4\n'
  const offsets = objects.map((object, n) => {
    const at = out.length
    out += `${n + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const start = out.length
  return Buffer.from(`${out}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((at) => String(at).padStart(10, '0') + ' 00000 n \n').join('')}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`, 'latin1')
}

// submitted is an application that waits for review.
async function submitted(registrar: Seat, name: string): Promise<Application> {
  let application = await call<Application>(registrar, 'applications', { operation: 'issue', kind: 'person', request: request(), reason: '浏览器测试', fields: { name, unit: '示例市民政局', identity_kind: 'resident', identity: identity(), phone: '13900000000' } })
  for (const sort of ['form', 'identity']) {
    const answer = await registrar.page.request.post(`${origin()}/api/ra/v1/applications/${application.id}/documents?version=${application.version}&sort=${sort}&name=${sort}.pdf`, { data: paper(), headers: { 'Content-Type': 'application/octet-stream', Origin: origin(), 'Sec-Fetch-Site': 'same-origin' } })
    expect(answer.status()).toBe(200)
    application = (await answer.json()) as Application
  }
  return call(registrar, `applications/${application.id}/submit`, { version: application.version })
}

const approved = (reviewer: Seat, a: Application) => call<Application>(reviewer, `applications/${a.id}/approve`, { version: a.version })

describe('work', () => {
  test('what waits stands on the first page and in the header; two reviewers cannot both decide', async () => {
    const [registrar, one, two] = await Promise.all([sit('lra1.registrar'), sit('ra1.reviewer'), sit('centre.reviewer')])
    const waits = await submitted(registrar, `周一 ${crypto.randomUUID().slice(0, 4)}`)
    await one.page.reload()
    await one.page.locator('main').getByRole('link', { name: /待审核/ }).waitFor()
    await shoot(one, 'home-reviewer-zh')
    await go(one, `/applications/${waits.id}`)
    await go(two, `/applications/${waits.id}`)
    await one.page.getByLabel('审核意见').fill('材料不清楚')
    await two.page.getByLabel('审核意见').press('Control+Enter')
    await two.page.getByText('已通过').waitFor()
    await one.page.getByRole('button', { name: '退回修改' }).click()
    await one.page.getByText(/centre.reviewer 已于 .* 作了“审核通过”/).waitFor()
    expect(await one.page.getByLabel('审核意见').inputValue()).toBe('材料不清楚')
    await shoot(one, 'applications-stale-zh')
    await one.page.getByRole('button', { name: '载入最新内容' }).click()
    await one.page.getByText('已批准').first().waitFor()
    await Promise.all([registrar, one, two].map(leave))
  })

  test('many are issued in one go', async () => {
    const [registrar, reviewer, issuer] = await Promise.all([sit('lra1.registrar'), sit('ra1.reviewer'), sit('lra1.issuer', { language: 'en-US', look: 'dark' })])
    const both = [await submitted(registrar, '吴一'), await submitted(registrar, '吴二')]
    for (const application of both) await approved(reviewer, application)
    await go(issuer, '/carryings')
    await issuer.page.getByRole('button', { name: 'Start issuing' }).click()
    await issuer.page.getByRole('dialog').getByRole('button', { name: 'Start issuing' }).click()
    await issuer.page.getByText(/lra1: \d+ in all, \d+ done, 0 failed/).first().waitFor()
    await issuer.page.getByText('Done', { exact: true }).first().waitFor({ timeout: 20_000 })
    await shoot(issuer, 'carryings-en-dark')
    await go(issuer, `/applications/${both[1].id}`)
    await issuer.page.getByRole('button', { name: 'Signing certificate' }).waitFor()
    await shoot(issuer, 'applications-result-en-dark')

    // The loss of one is reported at another branch's counter; the review confirms it.
    const made = (await (await issuer.page.request.get(`${origin()}/api/ra/v1/applications/${both[0].id}`)).json()) as Application
    const other = await sit('ra2.registrar')
    await go(other, '/nearby')
    await other.page.getByText('证书序列号', { exact: true }).first().click()
    await other.page.getByLabel('签发者').fill(made.issuer)
    await other.page.getByRole('textbox', { name: '证书序列号' }).fill(made.serial)
    await other.page.getByLabel('如何核验了本人').fill('居民身份证，与本人比对一致')
    await shoot(other, 'nearby-zh')
    await other.page.getByRole('button', { name: '立即冻结' }).click()
    await other.page.getByRole('dialog').getByRole('button', { name: '立即冻结' }).click()
    await other.page.getByText('已冻结，产生 1 件挂失').waitFor()

    // A revocation is entered from the certificate's address.
    await go(registrar, `/applications/new?operation=revoke&issuer=${made.issuer}&serial=${made.serial}`)
    await registrar.page.getByText('吴一').waitFor()
    await registrar.page.getByRole('combobox', { name: '吊销原因' }).click()
    await registrar.page.getByTitle('密钥泄露或丢失').click()
    await shoot(registrar, 'applications-revoke-zh')
    await registrar.page.getByRole('button', { name: /^提交/ }).click()
    await registrar.page.waitForURL(/applications\/lra1-/)
    await registrar.page.getByText('待审核').first().waitFor()
    await Promise.all([registrar, reviewer, issuer, other].map(leave))
  })

  test('the list keeps filters in its address, views in the browser, and writes a file', async () => {
    const seat = await sit('lra1.registrar')
    const { page } = seat
    await go(seat, '/applications?state=all')
    await page.getByRole('searchbox', { name: '姓名或名称' }).or(page.getByLabel('姓名或名称')).first().fill('吴')
    await page.keyboard.press('Enter')
    expect(page.url()).not.toContain(encodeURIComponent('吴'))
    await page.getByRole('button', { name: '常用筛选' }).click()
    await page.getByRole('tooltip').getByLabel('名称').fill('全部')
    await page.getByRole('tooltip').getByRole('button', { name: /保存/ }).click()
    expect(await page.evaluate(() => localStorage.getItem('onecert.views.applications'))).toContain('"state":"all"')
    const download = page.waitForEvent('download')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: '导出' }).click()
    const text = readFileSync((await (await download).path())!, 'utf8')
    expect(text.startsWith('\ufeff编号,')).toBe(true)
    await shoot(seat, 'applications-list-zh')
    await leave(seat)
  })
})

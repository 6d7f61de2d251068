import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit, type Seat } from './browser'

afterAll(closeBrowser)

interface Certificate { issuer: string; serial: string; name: string; state: string; node: string; holder: string }

async function read<T>(seat: Seat, path: string): Promise<T> {
  const answer = await seat.page.request.get(demo().endpoints.console + path)
  expect(answer.status()).toBe(200)
  return (await answer.json()) as T
}

const certificatesOf = async (seat: Seat, search = '') => (await read<{ items: Certificate[] }>(seat, `/api/ra/v1/certificates?limit=200${search}`)).items

describe('certificates', () => {
  test('a clerk finds one, sees its life and begins what is legal', async () => {
    const seat = await sit('lra1.registrar')
    const { page } = seat
    await page.getByRole('link', { name: '证书', exact: true }).click()
    await page.getByRole('heading', { name: '证书', level: 1 }).waitFor()
    await page.getByLabel('姓名或名称（开头）').fill('艾丽思')
    await page.getByLabel('姓名或名称（开头）').press('Enter')
    const row = page.getByRole('row').filter({ hasText: '艾丽思' }).first()
    await row.waitFor()
    expect(page.url()).not.toContain(encodeURIComponent('艾丽思')) // nothing personal in addresses
    await shoot(seat, 'certificates-list-zh')
    await row.focus()
    await row.press('Enter')
    await page.getByRole('heading', { name: '艾丽思', level: 1 }).waitFor()
    await page.getByText('有效期', { exact: true }).first().waitFor()
    await page.getByText('签发', { exact: false }).first().waitFor()
    const begin = page.getByRole('link', { name: '申请更新' })
    expect(await begin.getAttribute('href')).toMatch(/^\/applications\/new\?operation=renew&issuer=\w+&serial=[0-9a-f]+$/)
    await shoot(seat, 'certificates-show-zh')
    const file = page.waitForEvent('download')
    await page.getByRole('button', { name: '含证书链（PEM）' }).click()
    expect(readFileSync(await (await file).path(), 'utf8').match(/BEGIN CERTIFICATE/g)!.length).toBeGreaterThan(1)
    await leave(seat)
  })

  test('filters are in the address, saved views bring them back, and the file is safe', async () => {
    const seat = await sit('lra1.registrar')
    const { page } = seat
    await page.goto(demo().endpoints.console + '/certificates?state=revoked&kind=person')
    await page.getByRole('row').filter({ hasText: '已吊销' }).first().waitFor()
    expect(await page.getByRole('row').filter({ hasText: '有效' }).filter({ hasNotText: '状态' }).count()).toBe(0)
    await page.getByRole('button', { name: '常用筛选' }).click()
    await page.getByPlaceholder('名称', { exact: true }).fill('已吊销的个人')
    await page.getByRole('button', { name: '保存当前筛选' }).click()
    await page.goto(demo().endpoints.console + '/certificates')
    await page.getByRole('button', { name: '常用筛选' }).click()
    await page.getByRole('button', { name: '已吊销的个人', exact: true }).click()
    await page.waitForURL(/state=revoked/)
    const file = page.waitForEvent('download')
    await page.getByRole('button', { name: '导出 CSV' }).click()
    const text = readFileSync(await (await file).path(), 'utf8')
    expect(text.charCodeAt(0)).toBe(0xfeff)
    expect(text).toContain('已吊销')
    await leave(seat)
  })

  test('another branch sees nothing of it, neither in the list nor by its address', async () => {
    const own = await sit('lra1.registrar')
    const [one] = await certificatesOf(own, '&name=' + encodeURIComponent('艾丽思'))
    await leave(own)
    const other = await sit('lra2.registrar')
    expect((await certificatesOf(other)).filter((found) => found.name === one.name)).toEqual([])
    await other.page.goto(`${demo().endpoints.console}/certificates/${one.issuer}/${one.serial}`)
    await other.page.getByRole('alert').waitFor()
    expect(await other.page.getByRole('main').textContent()).not.toContain(one.name)
    await other.page.goto(`${demo().endpoints.console}/holders/${one.holder}`)
    await other.page.getByRole('alert').waitFor()
    expect(await other.page.getByRole('main').textContent()).not.toContain(one.name)
    await leave(other)
  })

  test('the centre holds, proves and releases; the other half goes with it', async () => {
    const seat = await sit('centre.reviewer', { language: 'en-US', look: 'dark' })
    const { page } = seat
    const found = await read<{ certificates: { issuer: string; serial: string; state: string; subject: string }[] }>(seat, '/api/ca/v1/certificates?profile=person-sign&limit=200')
    const bob = found.certificates.find((c) => c.state === 'valid' && c.subject.includes('鲍勃'))!
    const one = await read<{ issuer: string; serial: string; partner: string }>(seat, `/api/ca/v1/certificates/${bob.issuer}/${bob.serial}`)
    expect(one.partner).toMatch(/^[0-9a-f]+$/)
    await page.goto(`${demo().endpoints.console}/certificates/${one.issuer}/${one.serial}`)
    await page.getByRole('button', { name: 'Hold', exact: true }).waitFor()
    expect(await page.getByRole('button', { name: 'Release', exact: true }).count()).toBe(0)
    const registrar = await sit('centre.registrar')
    await registrar.page.goto(`${demo().endpoints.console}/certificates/${one.issuer}/${one.serial}`)
    await registrar.page.getByRole('button', { name: /^冻\s?结$/ }).click()
    await registrar.page.getByRole('dialog').getByText(one.partner!).waitFor()
    await registrar.page.getByRole('dialog').getByRole('button', { name: /^冻\s?结$/ }).click()
    await registrar.page.getByText('证书已冻结').waitFor()
    expect((await read<{ state: string }>(registrar, `/api/ca/v1/certificates/${one.issuer}/${one.partner}`)).state).toBe('held')
    await leave(registrar)
    await page.reload()
    await page.getByRole('button', { name: 'Release', exact: true }).waitFor()
    await shoot(seat, 'certificates-show-en-dark')
    await page.getByRole('button', { name: 'Release', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Release', exact: true }).click()
    await page.getByText('The certificate is released').waitFor()
    expect((await read<{ state: string }>(seat, `/api/ca/v1/certificates/${one.issuer}/${one.partner}`)).state).toBe('valid')
    await page.goto(`${demo().endpoints.console}/certificates?at=ca`)
    await page.getByRole('row').nth(1).waitFor()
    await shoot(seat, 'certificates-ca-en-dark')
    await leave(seat)
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit, type Seat } from './browser'

afterAll(closeBrowser)

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

// A number of an identity card that belongs to nobody: no region begins with 9999, and the
// last is the check digit of GB 11643.
function identity(n: number): string {
  const day = new Date(Date.UTC(1970, 0, 1 + (n % 9000))).toISOString().slice(0, 10).replaceAll('-', '')
  const body = `999901${day}${String(n % 1000).padStart(3, '0')}`
  const sum = [...body].reduce((all, digit, i) => all + Number(digit) * weights[i], 0)
  return body + '10X98765432'[sum % 11]
}

interface Field { name: string; zh: string; form: string; required: boolean }

// A sheet of people, in some of whose rows something is wrong: a check digit, an empty
// name, the same person twice. seed keeps runs apart.
async function sheet(seat: Seat, rows: number, seed: number): Promise<{ text: string; faulty: number }> {
  const answer = await seat.page.request.get(demo().endpoints.console + '/api/ra/v1/kinds')
  const fields = ((await answer.json()) as { kind: string; fields: Field[] }[]).find((kind) => kind.kind === 'person')!.fields
  let faulty = 0
  const lines = Array.from({ length: rows }, (_, n) => {
    const number = identity(seed + n)
    const wrong = n % 50 === 7 ? 'digit' : n % 50 === 23 ? 'blank' : undefined
    if (wrong) faulty += 1
    const last = number.at(-1)!
    const values: Record<string, string> = {
      name: wrong === 'blank' ? '' : `批量${'甲乙丙丁戊己庚辛'[n % 8]}${n}`,
      unit: '示例市民政局',
      identity_kind: '居民身份证',
      identity: wrong === 'digit' ? number.slice(0, -1) + (last === '5' ? '6' : '5') : number,
      phone: `139${String(10_000_000 + ((seed + n) % 89_999_999))}`,
    }
    return fields.map((field) => values[field.name] ?? '').join(',')
  })
  return { text: '\ufeff' + [fields.map((field) => field.zh).join(','), ...lines].join('\r\n') + '\r\n', faulty }
}

describe('batches', () => {
  test('a thousand rows: errors are shown cell by cell, the good ones are registered while one watches', async () => {
    const seat = await sit('lra1.registrar')
    const { page } = seat
    const { text, faulty } = await sheet(seat, 1000, Date.now() % 8_000_000)
    expect(faulty).toBe(40)
    await page.getByRole('link', { name: '批量导入' }).click()
    await page.getByRole('link', { name: '导入表格' }).click()
    const template = page.waitForEvent('download')
    await page.getByRole('button', { name: '下载模板' }).click()
    expect((await template).suggestedFilename()).toMatch(/\.xlsx$/)
    await page.locator('input[type=file]').setInputFiles({ name: '民政局一千人.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
    await shoot(seat, 'batches-new-zh')
    await page.getByRole('button', { name: '上传并检查' }).click()
    await page.getByText('逐行检查结果').waitFor()
    await page.getByText('共 40 行').waitFor()
    await page.getByText('证件号码不正确').first().waitFor()
    await page.getByText('请核对全部字符').first().waitFor()
    await shoot(seat, 'batches-faults-zh')
    const drawn = await page.locator('.ant-table-row').count()
    await page.getByText('全部', { exact: true }).click()
    await page.getByText('共 1000 行').waitFor()
    expect(await page.locator('.ant-table-row').count()).toBeLessThan(drawn + 60) // only those in sight
    await page.getByRole('button', { name: '只登记正确的 960 行' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '只登记正确的 960 行' }).click()
    await page.getByText('已开始登记').waitFor()
    await page.getByText('登记完成').waitFor()
    await page.getByText('目前没有等待制证的申请').or(page.getByText('审核通过后由制证员统一制证')).waitFor({ timeout: 50_000 })
    await page.getByText('共 1000 行').waitFor()
    const result = page.waitForEvent('download')
    await page.getByRole('button', { name: '结果（CSV）' }).click()
    expect((await result).suggestedFilename()).toMatch(/\.csv$/)
    await shoot(seat, 'batches-done-zh')
    await leave(seat)
  }, 90_000)

  test('a batch that should not have been is withdrawn; a file that is none is refused in words', async () => {
    const seat = await sit('lra1.registrar', { language: 'en-US', look: 'dark' })
    const { page } = seat
    const { text } = await sheet(seat, 60, (Date.now() % 8_000_000) + 4321)
    await page.goto(demo().endpoints.console + '/batches/new')
    await page.locator('input[type=file]').setInputFiles({ name: 'notes.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\r\n1,2\r\n') })
    await page.getByRole('button', { name: 'Upload and check' }).click()
    await page.getByRole('alert').waitFor()
    await page.locator('input[type=file]').setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
    await page.getByRole('button', { name: 'Upload and check' }).click()
    await page.getByText('The document number is wrong').first().waitFor()
    await shoot(seat, 'batches-faults-en-dark')
    await page.getByRole('button', { name: 'Withdraw' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click()
    await page.getByText('The batch was withdrawn').waitFor()
    expect(await page.getByRole('button', { name: /^Register/ }).count()).toBe(0)
    await page.goto(demo().endpoints.console + '/batches')
    await page.getByRole('row').filter({ hasText: 'people.csv' }).first().waitFor()
    await shoot(seat, 'batches-list-en-dark')
    await leave(seat)
  })
})

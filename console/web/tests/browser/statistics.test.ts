import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

describe('statistics', () => {
  test('charts with the same figures as tables, files, and a calendar that opens the list', async () => {
    const seat = await sit('centre.audit')
    const { page } = seat
    const scripts: string[] = []
    page.on('request', (request) => request.url().includes('/assets/') && scripts.push(request.url()))
    await page.getByRole('link', { name: '统计分析' }).click()
    await page.getByRole('heading', { name: '统计分析', level: 1 }).waitFor()
    await page.locator('canvas').first().waitFor()
    await page.waitForTimeout(600) // the drawing
    expect(scripts.some((url) => /echarts/.test(url))).toBe(true) // a chunk of its own, only now
    await shoot(seat, 'statistics-zh')
    const calendar = page.getByRole('region', { name: '未来三年每月到期的证书数，按类别' })
    await calendar.getByTitle('表').click()
    const row = calendar.getByRole('row').nth(1)
    await row.waitFor()
    const month = (await row.getByRole('cell').first().textContent())!
    const count = Number(await row.getByRole('cell').nth(1).textContent())
    expect(month).toMatch(/^\d{4}-\d{2}$/)
    const file = page.waitForEvent('download')
    await page.getByRole('button', { name: '下载 CSV' }).click()
    expect((await file).suggestedFilename()).toMatch(/\.csv$/)
    const [year, number] = month.split('-').map(Number)
    const last = new Date(Date.UTC(year, number, 0)).getUTCDate()
    await page.goto(`${demo().endpoints.console}/certificates?at=ra&kind=person&ends_from=${month}-01&ends_to=${month}-${last}`)
    await page.getByRole('heading', { name: '证书', level: 1 }).waitFor()
    await page.getByText(`已显示 ${count} 条`).waitFor()
    await leave(seat)
  })

  test('a click into the calendar opens what ends then', async () => {
    const seat = await sit('ra1.reviewer', { language: 'en-US', look: 'dark' })
    const { page } = seat
    await page.goto(demo().endpoints.console + '/statistics?by=day')
    const calendar = page.getByRole('region', { name: /Certificates that end in each month/ })
    await calendar.locator('canvas').first().waitFor()
    await page.waitForTimeout(600) // the drawing
    await shoot(seat, 'statistics-en-dark')
    const box = (await calendar.locator('canvas').first().boundingBox())!
    await calendar.locator('canvas').first().click({ position: { x: box.width / 2, y: 24 }, force: true })
    await page.waitForURL(/\/certificates\?.*ends_from=\d{4}-\d{2}-01/)
    await page.getByRole('heading', { name: 'Certificates', level: 1 }).waitFor()
    await leave(seat)
  })
})

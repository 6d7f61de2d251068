import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

describe('tickets', () => {
  test('a call is entered, taken, noted, answered and resolved', async () => {
    const seat = await sit('lra1.registrar')
    const { page } = seat
    const subject = `口令被锁 ${Date.now()}`
    await page.getByRole('link', { name: '服务工单', exact: true }).click()
    await page.getByRole('link', { name: '登记来电来访' }).click()
    await page.getByLabel('类型').click()
    await page.getByTitle('口令被锁', { exact: true }).click()
    await page.getByRole('switch', { name: '紧急' }).click()
    await page.getByLabel('姓名').fill('<b>林</b>晓明')
    await page.getByLabel('主题').fill(subject)
    await page.getByLabel('问题描述').fill('连续输错六次，\n现在无法登录。')
    await page.getByRole('button', { name: /^登\s?记$/ }).click()
    await page.getByText('请把下面的查询码告知用户').or(page.getByRole('alert')).waitFor()
    expect(await page.getByRole('alert').allTextContents()).toEqual([])
    await page.getByRole('button', { name: '打开工单' }).click()
    await page.getByRole('heading', { name: subject, level: 1 }).waitFor()
    expect(await page.getByRole('main').textContent()).toContain('<b>林</b>晓明') // markup is text
    await page.getByRole('button', { name: /^受\s?理$/ }).click()
    await page.getByText('已由您处理').waitFor()
    await page.getByText('内部备注', { exact: true }).click()
    await page.getByRole('textbox', { name: '内部备注' }).fill('第三次来电')
    await page.getByRole('button', { name: '保存备注' }).click()
    await page.getByText('仅内部可见').last().waitFor()
    await page.getByText('答复', { exact: true }).first().click()
    await page.getByRole('textbox', { name: '答复' }).fill('请更换读卡器再试。')
    await page.getByRole('button', { name: '发送答复' }).click()
    await page.getByText('请更换读卡器再试。').first().waitFor()
    await shoot(seat, 'tickets-show-zh')
    await page.getByText('解决', { exact: true }).first().click()
    await page.getByRole('textbox', { name: '解决' }).fill('新的读卡器已寄出。')
    await page.getByRole('button', { name: '答复并办结' }).click()
    await page.getByText('已办结').first().waitFor()
    await page.getByText('按时办结').waitFor()
    expect(await page.getByRole('button', { name: /^受\s?理$/ }).count()).toBe(0)
    await page.getByRole('link', { name: '服务工单', exact: true }).click()
    await page.getByText('已解决', { exact: true }).first().click()
    await page.getByRole('row').filter({ hasText: subject }).waitFor()
    await shoot(seat, 'tickets-list-zh')
    await leave(seat)
  })

  test('the form asks before it is left; the report counts and gives a file', async () => {
    const seat = await sit('ra1.reviewer', { language: 'en-US', look: 'dark' })
    const { page } = seat
    await page.goto(demo().endpoints.console + '/tickets/new')
    await page.getByLabel('Subject').fill('half a call')
    await page.getByRole('link', { name: 'Tickets' }).click()
    await page.getByText('Something is not saved').last().waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
    await page.getByRole('heading', { name: 'Tickets', level: 1 }).waitFor()
    await shoot(seat, 'tickets-list-en-dark')
    await page.getByRole('link', { name: 'Monthly report' }).click()
    await page.getByText('Mean rating').waitFor()
    await page.locator('canvas').or(page.getByText('Nothing in this time')).first().waitFor()
    await page.waitForTimeout(400) // the drawing
    await shoot(seat, 'tickets-report-en-dark')
    const file = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download CSV' }).click()
    expect((await file).suggestedFilename()).toMatch(/\d{4}-\d{2}\.csv$/)
    await leave(seat)
  })

  test('the auditor reads and is told who works on them', async () => {
    const seat = await sit('ra1.audit', { language: 'en-US' })
    const { page } = seat
    await page.goto(demo().endpoints.console + '/tickets')
    await page.getByRole('heading', { name: 'Tickets', level: 1 }).waitFor()
    await page.getByText('Only mine').waitFor()
    expect(await page.getByRole('link', { name: 'Enter a call or visit' }).count()).toBe(0)
    await leave(seat)
  })
})

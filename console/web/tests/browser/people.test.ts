import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeBrowser, leave, shoot, sit, type Seat } from './browser'
import { at, call, confirm, named, portray, press, served, type Served } from './desk'

const run = Date.now().toString(36)
const system = `tax-${run}`
let who: Served
let registrar: Seat
let reviewer: Seat

beforeAll(async () => {
  who = served(`移交人${run}`)
  ;[registrar, reviewer] = await Promise.all([sit('centre.registrar'), sit('centre.reviewer')])
})

afterAll(async () => {
  await Promise.all([registrar, reviewer].map(leave))
  await closeBrowser()
})

describe('applications that use certificates', () => {
  test('one is entered, approved by another, given a user, and who looked is told to the user’s office', async () => {
    const { page } = registrar
    await page.getByRole('link', { name: '应用系统', exact: true }).click()
    await press(registrar, '登记应用')
    const form = page.getByRole('dialog')
    await press(registrar, '保存')
    await form.getByText('请填写').first().waitFor() // nothing was filled in
    await form.getByLabel('标识').fill(system)
    await form.getByLabel('名称', { exact: true }).fill(`税务申报 ${run}`)
    await form.getByLabel('应用单位').fill('示例州税务局')
    await form.getByLabel('联系方式').fill('信息科 0000-123456')
    await form.getByRole('checkbox', { name: '签名', exact: true }).check()
    await form.getByLabel('查询机构').fill('ra2')
    await shoot(registrar, 'systems-form-zh')
    await press(registrar, '保存')
    await page.getByText('已保存，等待审核员批准').waitFor()
    await page.getByRole('row', { name: system }).click()
    await page.getByText('由上级机构的审核员批准').waitFor()
    expect(await page.getByRole('button', { name: named('批准') }).count()).toBe(0)

    await reviewer.page.goto(at(`/systems?state=draft`))
    await reviewer.page.getByRole('row', { name: system }).click()
    await press(reviewer, '批准')
    await confirm(reviewer, '批准')
    await reviewer.page.getByText('启用', { exact: true }).waitFor()

    await page.reload()
    await press(registrar, '添加成员')
    await page.getByRole('dialog').getByLabel('用户编号').fill(who.holder)
    await confirm(registrar, '添加成员')
    await page.getByText('已添加').waitFor()

    // the ministry looks, and the office of whom it looked at sees that
    const ministry = await sit('ra2.reviewer')
    await ministry.page.goto(at(`/systems/${system}`))
    await press(ministry, '查看成员证书状态')
    await ministry.page.getByRole('row', { name: who.holder }).first().waitFor()
    await portray(ministry, 'systems-show')
    expect(await ministry.page.getByRole('main').textContent()).not.toContain(who.name)
    await leave(ministry)
    const home = await sit('lra1.registrar')
    await home.page.getByRole('link', { name: '查看记录' }).click()
    await home.page.getByRole('row', { name: system }).filter({ hasText: 'ra2.reviewer' }).first().waitFor()
    await portray(home, 'holders-glances')
    await leave(home)
  })

  test('the register is a file, and an entry ends', async () => {
    const { page } = reviewer
    await page.goto(at('/systems'))
    const download = page.waitForEvent('download')
    await press(reviewer, '导出')
    expect(readFileSync(await (await download).path()).subarray(0, 2).toString()).toBe('PK') // a zip, as XLSX is
    await page.goto(at(`/systems/${system}`))
    await press(reviewer, '停用')
    await confirm(reviewer, '停用')
    await page.getByText('应用已停用。').waitFor()
    expect(await page.getByRole('button', { name: named('停用') }).count()).toBe(0)
  })
})

describe('holders', () => {
  test('one is found by the beginning of the name and handed all that is held about him', async () => {
    const { page } = registrar
    await page.goto(at('/'))
    await page.getByRole('link', { name: '用户', exact: true }).click()
    await page.getByLabel('姓名或名称（开头）').fill(who.name)
    await page.keyboard.press('Enter')
    await page.getByText('已显示 1 条').waitFor()
    expect(decodeURIComponent(page.url())).not.toContain(who.name)
    await page.getByRole('row', { name: who.name }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: who.name, level: 1 }).waitFor()
    await page.getByRole('link', { name: who.application }).waitFor()
    await press(registrar, '登记') // an application he uses
    await page.getByRole('dialog').getByRole('button', { name: named('登记') }).click()
    await page.getByRole('dialog').getByText('请选择应用系统').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: named('取消') }).click()

    await press(registrar, '导出个人资料')
    await confirm(registrar, '导出个人资料')
    await page.getByText('请填写理由').waitFor()
    const download = page.waitForEvent('download')
    await confirm(registrar, '导出个人资料', '本人持身份证当面提出')
    const text = readFileSync(await (await download).path(), 'utf8')
    for (const own of [who.name, who.identity, who.phone, who.application]) expect(text).toContain(own)
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await portray(registrar, 'holders-show')
  })

  test('one moves to another office by two persons, and the first office knows him no more', async () => {
    const { page } = registrar
    await page.goto(at(`/holders/${who.holder}`))
    await press(registrar, '移交')
    await page.getByRole('dialog').getByRole('combobox', { name: '移交到' }).fill('ra2')
    await page.getByTitle(/\(ra2\)/).waitFor()
    await page.keyboard.press('Enter')
    await confirm(registrar, '移交', '工作调动')
    await page.getByText('待同意：从 lra1 移交到 ra2').waitFor()
    expect(await page.getByRole('button', { name: named('同意') }).count()).toBe(0) // not one's own

    await reviewer.page.goto(at(`/holders/${who.holder}`))
    await reviewer.page.getByText('待同意：从 lra1 移交到 ra2').waitFor()
    await shoot(reviewer, 'holders-move-zh')
    await press(reviewer, '同意')
    await confirm(reviewer, '同意')
    await reviewer.page.getByText('已移交').waitFor()
    await reviewer.page.getByRole('row', { name: '所属机构' }).or(reviewer.page.getByText('ra2', { exact: true })).first().waitFor()
    const found = await call<{ items: { node: string }[] }>(reviewer, `/ra/v1/holders?id=${who.holder}`)
    expect(found.items.map((one) => one.node)).toEqual(['ra2'])
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

const origin = () => demo().endpoints.console

describe('the tree', () => {
  test('grows by two persons, and is found by its name', async () => {
    const id = `lra-${Date.now().toString(36)}`
    const system = await sit('centre.system')
    await system.page.getByRole('link', { name: '机构树' }).click()
    await system.page.getByRole('tree').getByText('示例市注册机构').click()
    await system.page.getByRole('button', { name: '新增下级' }).click()
    const form = system.page.getByRole('dialog')
    await form.getByLabel('编号').fill(id)
    await form.getByLabel('名称', { exact: true }).fill(`新区受理点 ${id}`)
    await form.getByRole('button', { name: '新增下级' }).click()
    await system.page.getByText('等待上级安全管理员批准').first().waitFor()
    expect(await system.page.getByRole('button', { name: /^批\s?准$/ }).count()).toBe(0)
    await system.page.getByRole('searchbox', { name: '按名称、编号或区划查找' }).fill(id)
    await system.page.keyboard.press('Enter')
    await system.page.getByRole('button', { name: new RegExp(`新区受理点 ${id}`) }).waitFor()
    await shoot(system, 'tree-pending-zh')
    await leave(system)

    const security = await sit('centre.security')
    await security.page.goto(origin() + `/tree/${id}`)
    await security.page.getByRole('button', { name: /^批\s?准$/ }).click()
    await security.page.getByRole('dialog').getByRole('button', { name: /^批\s?准$/ }).click()
    await security.page.getByRole('button', { name: /^暂\s?停$/ }).waitFor()
    await security.page.getByRole('button', { name: /^关\s?闭$/ }).first().click()
    await security.page.getByRole('dialog').getByRole('button', { name: /^关\s?闭$/ }).last().click()
    await security.page.getByText('已关闭').first().waitFor()
    await leave(security)
  })

  test('shows the effect of rights before they are saved', async () => {
    const seat = await sit('centre.system')
    await seat.page.goto(origin() + '/tree/ra1')
    await seat.page.getByRole('button', { name: /^修\s?改$/ }).click()
    const form = seat.page.getByRole('dialog')
    for (const operation of ['签发', '更新']) await form.getByRole('checkbox', { name: operation }).check()
    await form.getByText('保存后的变化').waitFor()
    await form.getByText('− 注销').first().waitFor()
    await form.getByText(/下级 \d+ 个机构中，\d+ 个随之变化/).waitFor()
    await shoot(seat, 'tree-effect-zh')
    await leave(seat)
  })

  test('in English and dark, with the health of links', async () => {
    const seat = await sit('centre.audit', { language: 'en-US', look: 'dark' })
    await seat.page.goto(origin() + '/tree/lra2')
    await seat.page.getByText(/works, heard|silent since|not heard/).first().waitFor()
    await shoot(seat, 'tree-en-dark')
    await leave(seat)
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

const origin = () => demo().endpoints.console

describe('officers', () => {
  test('get a code that is shown once, and roles that go together', async () => {
    const seat = await sit('centre.security')
    await seat.page.goto(origin() + '/officers?at=ca')
    await seat.page.getByRole('cell', { name: 'centre.registrar', exact: true }).waitFor()
    await shoot(seat, 'officers-zh')
    await seat.page.getByRole('button', { name: '发放注册码' }).click()
    const form = seat.page.getByRole('dialog')
    await form.getByLabel('名称').fill('centre.system')
    await form.getByText('centre.system 已是系统管理员').waitFor()
    await form.getByText('三类管理员彼此分开').waitFor()
    await shoot(seat, 'officers-separation-zh')
    await form.getByLabel('名称').fill(`trial.reviewer-${Date.now().toString(36)}`)
    await form.getByLabel('角色').click()
    await seat.page.getByTitle('审核员').last().click()
    await form.getByRole('button', { name: /^生\s?成$/ }).click()
    await seat.page.getByText('只显示这一次').waitFor()
    await seat.page.getByText('onecert officer enrol').waitFor()
    await shoot(seat, 'officers-code-zh')
    await leave(seat)
  })

  test('sit at posts, with papers that end', async () => {
    const seat = await sit('centre.security', { language: 'en-US', look: 'dark' })
    await seat.page.goto(origin() + '/officers?at=ra&view=posts')
    await seat.page.getByRole('cell', { name: 'lra1.registrar', exact: true }).waitFor()
    await shoot(seat, 'posts-en-dark')
    await seat.page.getByRole('cell', { name: 'lra1.registrar', exact: true }).click()
    const form = seat.page.getByRole('dialog')
    await form.getByLabel('Title').fill('Counter 3')
    await form.getByRole('button', { name: 'Save' }).click()
    await seat.page.getByRole('cell', { name: 'Counter 3' }).waitFor()
    await leave(seat)
  })

  test('are seen by the auditor, who changes nothing', async () => {
    const seat = await sit('centre.audit')
    await seat.page.goto(origin() + '/officers?at=kmc')
    await seat.page.getByRole('cell', { name: 'centre.custodian', exact: true }).waitFor()
    expect(await seat.page.getByRole('button', { name: /发放注册码|终止/ }).count()).toBe(0)
    await leave(seat)
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

const origin = () => demo().endpoints.console
const headers = () => ({ Origin: origin(), 'Sec-Fetch-Site': 'same-origin' })

describe('approvals', () => {
  test('a change of profiles: proposed, compared, agreed to by another', async () => {
    const system = await sit('centre.system')
    const versions = (await (await system.page.request.get(origin() + '/api/ca/v1/profiles/device-vpn/versions')).json()) as { version: number; yaml: string }[]
    const newest = versions.sort((a, b) => b.version - a.version)[0]
    const yaml = newest.yaml.replace(/^version: .*/m, `version: ${newest.version + 1}`).replace(/^(\s+)days: \d+/m, '$1days: 300')
    const answer = await system.page.request.post(origin() + '/api/ca/v1/profiles', { data: { profiles: [yaml], reason: '缩短有效期' }, headers: headers() })
    expect(answer.status(), await answer.text()).toBe(202)
    await system.page.goto(origin() + '/approvals?which=open')
    await system.page.getByRole('row').filter({ hasText: '缩短有效期' }).first().click()
    await system.page.getByText('这是您的提议').waitFor()
    expect(await system.page.getByRole('button', { name: /^同\s?意$/ }).count()).toBe(0)
    await leave(system)

    const security = await sit('centre.security')
    await security.page.getByText(/\d+ 项待您审批/).first().waitFor()
    await security.page.goto(origin() + '/approvals')
    await security.page.getByRole('row').filter({ hasText: '缩短有效期' }).first().waitFor()
    await shoot(security, 'approvals-zh')
    await security.page.getByRole('row').filter({ hasText: '缩短有效期' }).first().click()
    await security.page.getByText(`version: ${newest.version + 1}`).first().waitFor()
    await shoot(security, 'approval-zh')
    await security.page.getByRole('button', { name: /^同\s?意$/ }).click()
    await security.page.getByRole('dialog').getByRole('button', { name: /^同\s?意$/ }).click()
    await security.page.getByText('已执行').or(security.page.getByText('您已同意')).first().waitFor()
    await leave(security)
  })

  test('an edition of the rules: proposed with its file, refused by another', async () => {
    const edition = `9.${Date.now() % 10000}`
    const system = await sit('centre.system', { language: 'en-US', look: 'dark' })
    await system.page.goto(origin() + '/policies')
    await system.page.getByRole('button', { name: 'Propose an edition' }).click()
    const form = system.page.getByRole('dialog')
    await form.getByLabel('Title').fill('Practice statement')
    await form.getByLabel('Edition').fill(edition)
    await form.getByLabel('OID').fill('1.2.156.112600.1.1')
    await form.locator('input[type=file]').setInputFiles({ name: 'cps.txt', mimeType: 'text/plain', buffer: Buffer.from('电子认证业务规则\n第一条\n') })
    await form.getByText('cps.txt').waitFor()
    await form.getByRole('button', { name: 'Propose', exact: true }).click()
    await system.page.getByText('This is your own proposal').waitFor()
    await system.page.getByText('第一条', { exact: true }).waitFor()
    await shoot(system, 'motion-en-dark')
    const address = system.page.url()
    await leave(system)

    const audit = await sit('centre.audit', { language: 'en-US' })
    await audit.page.goto(address)
    await audit.page.getByRole('button', { name: 'Reject' }).click()
    await audit.page.getByRole('dialog').getByLabel('Reason').fill('not complete')
    await audit.page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click()
    await audit.page.getByText('Refused').first().waitFor()
    await leave(audit)
  })
})

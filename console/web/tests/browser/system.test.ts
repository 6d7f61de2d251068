import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

const origin = () => demo().endpoints.console

describe('the system page', () => {
  test('shows how every place stands, with reasons and certificates', async () => {
    const seat = await sit('centre.system')
    await seat.page.getByRole('link', { name: '运行状况' }).click()
    await seat.page.getByRole('heading', { name: '运行状况', level: 1 }).waitFor()
    await seat.page.getByText('平台自身证书').first().waitFor()
    await seat.page.getByText('请运行 onecert backup create').first().waitFor()
    for (const tab of ['证书认证中心（CA）', '密钥管理中心（KMC）', '注册机构（RA）', '身份网关']) await seat.page.getByRole('tab', { name: tab }).waitFor()
    expect(await seat.page.getByText(/says\.|check\./).count()).toBe(0)
    await shoot(seat, 'system-zh')
    await leave(seat)
  })

  test('in English and dark', async () => {
    const seat = await sit('centre.audit', { language: 'en-US', look: 'dark' })
    await seat.page.goto(origin() + '/system')
    await seat.page.getByText('Certificates of the platform').first().waitFor()
    await shoot(seat, 'system-en-dark')
    await leave(seat)
  })

  test('sessions are seen and ended by the security administrator', async () => {
    const other = await sit('centre.audit')
    const seat = await sit('centre.security')
    await seat.page.getByRole('link', { name: '登录会话' }).click()
    const row = seat.page.getByRole('row').filter({ hasText: 'centre.audit' }).first()
    await row.waitFor()
    await shoot(seat, 'sessions-zh')
    await leave(seat)
    await leave(other)
  })
})

describe('three administrators try each other\'s work', () => {
  const own: Record<string, { sees: string[]; not: string[]; address: string; who: RegExp; call: string }> = {
    'centre.system': { sees: ['机构树', '运行状况'], not: ['审计日志', '操作员', '登录会话'], address: '/audit', who: /审计管理员/, call: '/api/ra/v1/audit' },
    'centre.security': { sees: ['机构树', '操作员', '登录会话'], not: ['审计日志'], address: '/audit', who: /审计管理员/, call: '/api/ca/v1/audit' },
    'centre.audit': { sees: ['审计日志', '操作员'], not: ['登录会话'], address: '/sessions', who: /安全管理员/, call: '/api/console/v1/sessions' },
  }
  for (const [who, rule] of Object.entries(own)) {
    test(`${who} finds no page, no address and no call of the others`, async () => {
      const seat = await sit(who)
      const menu = seat.page.getByRole('navigation')
      for (const page of rule.sees) await menu.getByRole('link', { name: page, exact: true }).waitFor()
      for (const page of rule.not) expect(await menu.getByRole('link', { name: page, exact: true }).count()).toBe(0)
      await seat.page.goto(origin() + rule.address)
      await seat.page.getByText('您没有打开此页面的权限').waitFor()
      await seat.page.getByText(rule.who).waitFor()
      const answer = await seat.page.request.get(origin() + rule.call)
      expect([401, 403]).toContain(answer.status())
      await leave(seat)
    })
  }

  test('acts of others are refused with who can do them', async () => {
    const seat = await sit('centre.audit')
    const headers = { Origin: origin(), 'Sec-Fetch-Site': 'same-origin' }
    for (const [path, data, who] of [
      ['/api/ra/v1/officers/codes', { name: 'x.system', role: 'system' }, /security/],
      ['/api/ca/v1/officers/codes', { name: 'x.system', role: 'system' }, /security/],
      ['/api/ra/v1/nodes/lra1/state', { state: 'suspended', version: 2 }, /security/],
    ] as const) {
      const answer = await seat.page.request.post(origin() + path, { data, headers })
      expect(answer.status()).toBe(403)
      expect(((await answer.json()) as { remedy: string }).remedy).toMatch(who)
    }
    await leave(seat)
  })
})

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit, type Seat } from './browser'
import { at, call, confirm, named, portray, press } from './desk'

const run = Date.now().toString(36)
let system: Seat
let security: Seat

beforeAll(async () => {
  ;[system, security] = await Promise.all([sit('centre.system'), sit('centre.security')])
})

afterAll(async () => {
  await Promise.all([system, security].map(leave))
  await closeBrowser()
})

interface Motion { id: string; version: number }

const propose = (edition: string, text: string) =>
  call<Motion>(system, '/ra/v1/policies', { kind: 'practice-statement', edition, title: `业务规则 ${run}`, oid: `1.2.156.112600.1.${Date.now() % 100_000}`, begins: new Date(Date.now() + 86_400_000).toISOString(), content: Buffer.from(text).toString('base64') })

describe('the rules of the service', () => {
  test('an edition that two agreed to is published as it was proposed; the next shows its difference', async () => {
    const [first, next] = [`7.${Date.now() % 10_000}`, `8.${Date.now() % 10_000}`]
    const text = `业务规则\n第一条 本策略适用于示例省。\n第二条 有效期三年。\n${run}\n`
    const motion = await propose(first, text)
    await security.page.goto(at(`/approvals/motion/${motion.id}`))
    await security.page.getByText('第二条 有效期三年。').waitFor()
    await press(security, '同意')
    await confirm(security, '同意')
    await security.page.getByText('centre.security').first().waitFor()
    await security.page.getByText('您已同意').first().waitFor()
    const auditor = await sit('centre.audit')
    await auditor.page.goto(at(`/approvals/motion/${motion.id}`))
    await press(auditor, '同意')
    await confirm(auditor, '同意')
    await auditor.page.getByText('已执行', { exact: true }).waitFor()
    await leave(auditor)

    const { page } = system
    await page.goto(at('/policies'))
    await page.getByRole('row', { name: first }).getByText('已发布').waitFor()
    await page.getByRole('row', { name: first }).click()
    await page.getByText('第一条 本策略适用于示例省。').waitFor()
    await portray(system, 'policies-edition')
    const download = page.waitForEvent('download')
    await press(system, '下载')
    expect(readFileSync(await (await download).path(), 'utf8')).toBe(text)
    await page.getByText(createHash('sha256').update(text).digest('hex')).waitFor()

    // the same number again is refused in words, from the form
    await page.goto(at('/policies'))
    await press(system, '提出新版本')
    const form = page.getByRole('dialog')
    await form.getByLabel('名称').fill('业务规则')
    await form.getByLabel('版本').fill(first)
    await form.getByLabel('OID').fill('1.2.156.112600.1.1')
    await form.locator('input[type=file]').setInputFiles({ name: 'cp.md', mimeType: 'text/plain', buffer: Buffer.from('另一个\n') })
    await form.getByText('cp.md').waitFor()
    await press(system, '提交审批')
    await form.getByText('该版本已存在，已发布的版本不再改动').waitFor()
    await shoot(system, 'policies-taken-zh')

    const second = await propose(next, text.replace('三年', '两年'))
    await security.page.goto(at(`/approvals/motion/${second.id}`))
    const lines = security.page.getByRole('table', { name: '内容对比' }).getByRole('row')
    await lines.filter({ hasText: '第二条 有效期两年。' }).filter({ hasText: '+' }).waitFor()
    await lines.filter({ hasText: '第二条 有效期三年。' }).filter({ hasText: '−' }).waitFor()
    await portray(security, 'policies-difference')
    await press(security, '否决')
    await confirm(security, '否决', '有效期不改')
    await security.page.getByText('已否决').first().waitFor()
  })

  test('a rule that reviews by itself is entered off, switched on as an act of its own, and read by the reviewer', async () => {
    const name = `renewals-${run}`
    const { page } = security
    await page.goto(at('/'))
    await page.getByRole('link', { name: '自动审核规则' }).click()
    await press(security, '新增规则')
    const form = page.getByRole('dialog')
    await form.getByLabel('名称').fill('Renewals 2026')
    await press(security, '保存')
    await form.getByText('小写字母、数字和连字符，例如 renewals-2026').last().waitFor()
    await form.getByLabel('名称').fill(name)
    await form.getByRole('checkbox', { name: '注销', exact: true }).check()
    await form.getByText('所选业务影响较大，通常应由人工审核。').waitFor()
    await shoot(security, 'rules-form-zh')
    await form.getByRole('checkbox', { name: '注销', exact: true }).uncheck()
    await form.getByRole('checkbox', { name: '个人' }).uncheck() // other tests renew people
    await form.getByRole('checkbox', { name: '代码签名' }).check()
    await form.getByLabel('配额（份）').fill('3')
    await press(security, '保存')
    await page.getByText('规则为关闭状态').waitFor()
    const row = page.getByRole('row', { name })
    await row.getByText('0 / 3').waitFor()
    await row.getByRole('button', { name: named('启用') }).click()
    await confirm(security, '启用')
    await row.getByRole('button', { name: named('关闭') }).waitFor()
    await portray(security, 'rules')
    const reviewer = await sit('ra1.reviewer', { language: 'en-US', look: 'dark' })
    await reviewer.page.goto(at('/rules'))
    await reviewer.page.getByRole('row', { name }).waitFor()
    await reviewer.page.getByText('The security administrator sets rules').waitFor()
    expect(await reviewer.page.getByRole('row', { name }).getByRole('button').count()).toBe(0)
    await shoot(reviewer, 'rules-reader-en-dark')
    await leave(reviewer)
    await row.getByRole('button', { name: named('关闭') }).click()
    await confirm(security, '关闭')
    await row.getByRole('button', { name: named('启用') }).waitFor()
  })
})

describe('announcements', () => {
  test('one writes, another agrees, everybody reads it; two take it down', async () => {
    const title = `系统维护 ${run}`
    const { page } = system
    await page.goto(at('/'))
    await page.getByRole('link', { name: '公告', exact: true }).click()
    await press(system, '起草公告')
    const form = page.getByRole('dialog')
    await form.getByLabel('中文标题').fill(title)
    await form.getByLabel('中文正文').fill('周六 8 时至 10 时暂停服务。\n\n<b>请提前办理。</b>')
    await form.getByLabel('英文标题').fill(`Maintenance ${run}`)
    await press(system, '提交审批')
    await form.getByText('请填写，至少 2 个字').waitFor() // the English text
    await form.getByLabel('英文正文').fill('No service on Saturday from 8 to 10.\n\nPlease come before.')
    await shoot(system, 'announcements-form-zh')
    await press(system, '提交审批')
    await page.waitForURL(/approvals\/motion\//)
    const motion = page.url().split('/').at(-1)!
    await page.getByRole('link', { name: '查看公告' }).or(page.locator('a[href^="/announcements/"]')).first().click()
    await page.getByText('现在没有公开显示。').waitFor()

    await security.page.goto(at(`/approvals/motion/${motion}`))
    await security.page.getByText(title).first().waitFor()
    await press(security, '同意')
    await confirm(security, '同意')
    await security.page.getByText('已执行', { exact: true }).waitFor()

    await page.reload()
    await page.getByText('所有人现在都能看到。').waitFor()
    await page.getByText('<b>请提前办理。</b>').waitFor()
    await portray(system, 'announcements-show')
    const site = await sit(undefined, { at: 'selfservice', phone: true })
    await site.page.getByRole('link', { name: title }).click()
    await site.page.getByText('<b>请提前办理。</b>').waitFor()
    await shoot(site, 'announcements-public-phone-zh')
    await leave(site)
    const portal = await fetch(`${demo().endpoints.portal}announcements`)
    expect(portal.status).toBe(200)

    await press(system, '撤下')
    await confirm(system, '撤下', '维护已完成')
    await page.getByText('已提交撤下申请').waitFor()
    const open = await call<{ items: (Motion & { kind: string; reason: string })[] }>(security, '/ra/v1/motions?kind=take-down&state=open&limit=200')
    const down = open.items.find((one) => one.reason === '维护已完成')!
    await call(security, `/ra/v1/motions/${down.id}/decide`, { consent: true, version: down.version })
    await page.goto(at('/announcements?state=withdrawn'))
    await page.getByRole('row', { name: title }).getByText('已撤回').waitFor()
  })
})

describe('papers', () => {
  const digest = (text: string) => createHash('sha256').update(text).digest('hex')

  test('an office has its agreement and an officer the papers, by digests this browser computes', async () => {
    const id = `lra-a${run}`
    const { page } = system
    await page.goto(at('/tree/ra2'))
    await press(system, '新增下级')
    const form = page.getByRole('dialog')
    await form.getByLabel('编号').fill(id)
    await form.getByLabel('名称', { exact: true }).fill(`协议受理点 ${run}`)
    await form.locator('input[type=file]').setInputFiles({ name: 'agreement.pdf', mimeType: 'application/pdf', buffer: Buffer.from(`协议 ${run}`) })
    await expect.poll(() => form.locator('input.code').last().inputValue()).toBe(digest(`协议 ${run}`))
    await form.getByRole('button', { name: '新增下级' }).click()
    await page.getByText(digest(`协议 ${run}`).slice(0, 16)).waitFor()
    await portray(system, 'tree-agreement')
    const node = (await call<{ items: { id: string; version: number }[] }>(security, `/ra/v1/nodes?search=${id}`)).items.find((one) => one.id === id)!
    await call(security, `/ra/v1/nodes/${id}/state`, { state: 'closed', version: node.version })

    await security.page.goto(at('/officers?at=ra&view=posts&officer=lra1.issuer'))
    await security.page.getByRole('row', { name: 'lra1.issuer' }).click()
    const papers = security.page.getByRole('dialog')
    await papers.locator('input[type=file]').setInputFiles({ name: 'pledge.pdf', mimeType: 'application/pdf', buffer: Buffer.from(`保密协议 ${run}`) })
    await expect.poll(() => papers.locator('input.code').last().inputValue()).toBe(digest(`保密协议 ${run}`))
    await shoot(security, 'posts-papers-zh')
    await papers.getByRole('button', { name: named('保存') }).click()
    await security.page.getByRole('row', { name: 'lra1.issuer' }).getByText(digest(`保密协议 ${run}`).slice(0, 12)).waitFor()
  })
})

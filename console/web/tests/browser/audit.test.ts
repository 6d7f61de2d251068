import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

const origin = () => demo().endpoints.console

describe('the audit log', () => {
  test('of each place is proven by the browser', async () => {
    const seat = await sit('centre.audit')
    await seat.page.getByRole('link', { name: '审计日志' }).click()
    for (const place of ['注册机构（RA）', '证书认证中心（CA）', '密钥管理中心（KMC）', '身份网关']) {
      await seat.page.getByRole('tab', { name: place }).click()
      await seat.page.getByText(/本页 \d+ 条已核验/).waitFor()
      await seat.page.getByText('日志头的签名有效').waitFor()
      expect(await seat.page.getByLabel('核验不通过').count()).toBe(0)
    }
    await seat.page.getByRole('tab', { name: '证书认证中心（CA）' }).click()
    await seat.page.getByText(/本页 \d+ 条已核验/).waitFor()
    await shoot(seat, 'audit-zh')
    await seat.page.getByRole('button', { name: /^刷\s?新$/ }).click()
    await seat.page.getByText('并且是此浏览器上次所见日志').waitFor()
    await seat.page.getByRole('button', { name: /^说\s?明$/ }).click()
    await seat.page.getByText('未证明的').waitFor()
    await seat.page.getByText(/有效（.*SM2.*）/).waitFor()
    await shoot(seat, 'audit-proof-zh')
    await leave(seat)
  })

  test('a changed answer, and a rewritten log, are found', async () => {
    const seat = await sit('centre.audit')
    await seat.page.goto(origin() + '/audit?at=kmc')
    await seat.page.getByText(/本页 \d+ 条已核验/).waitFor()
    await seat.page.route('**/api/kmc/v1/audit?*', async (route) => {
      const answer = await route.fetch()
      const entries = (await answer.json()) as { actor: string }[]
      entries[0].actor = 'nobody'
      await route.fulfill({ response: answer, json: entries })
    })
    await seat.page.reload()
    await seat.page.getByText('有记录核验不通过').waitFor()
    await seat.page.unroute('**/api/kmc/v1/audit?*')
    await seat.page.evaluate(() => localStorage.setItem('onecert.log-head.kmc', JSON.stringify({ size: 5, root: 'A'.repeat(43) + '=' })))
    await seat.page.reload()
    await seat.page.getByText('日志被改写过').waitFor()
    await shoot(seat, 'audit-rewritten-zh')
    await leave(seat)
  })

  test('is filtered, opened and exported', async () => {
    const seat = await sit('centre.audit', { language: 'en-US', look: 'dark' })
    await seat.page.goto(origin() + '/audit?at=ra&act=node.add')
    await seat.page.getByText(/This page is proven/).waitFor()
    await seat.page.getByRole('row').filter({ hasText: 'lra1' }).first().click()
    await seat.page.getByText(/proven, in the log of/).waitFor()
    await shoot(seat, 'audit-entry-en-dark')
    await seat.page.keyboard.press('Escape')
    await seat.page.getByRole('dialog').waitFor({ state: 'hidden' })
    await seat.page.getByRole('button', { name: 'Export' }).click()
    const [file] = await Promise.all([seat.page.waitForEvent('download'), seat.page.getByText('JSON with proofs').click()])
    const { entries, proofs } = JSON.parse(readFileSync(await file.path(), 'utf8')) as { entries: { act: string }[]; proofs: { head: string }[] }
    expect(entries.length).toBeGreaterThan(3)
    expect(entries.every((entry) => entry.act === 'node.add')).toBe(true)
    expect(proofs[0].head).toContain('127.0.0.1/ra\n')
    await leave(seat)
  })
})

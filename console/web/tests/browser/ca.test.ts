import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

const at = (path: string) => demo().endpoints.console + path
const run = Date.now().toString(36)

describe('the CA', () => {
  test('an issuing CA: its certificate, its lists, and a list as OpenSSL reads it', async () => {
    const seat = await sit('centre.system')
    const { page } = seat
    await page.getByRole('link', { name: '签发 CA' }).click()
    await page.getByRole('link', { name: /ECDSA Issuing CA/ }).waitFor()
    await shoot(seat, 'ca-issuers-zh')
    await page.getByRole('link', { name: /ECDSA Issuing CA/ }).click()
    await page.getByRole('row', { name: /完整列表/ }).waitFor()
    await shoot(seat, 'ca-issuer-zh')
    const download = page.waitForEvent('download')
    await page.getByRole('row', { name: /完整列表/ }).getByRole('button').click()
    const file = (await (await download).path())!
    expect(execFileSync('openssl', ['crl', '-inform', 'DER', '-noout', '-issuer', '-in', file]).toString()).toContain('ECDSA Issuing CA')
    await page.getByRole('button', { name: '立即签发列表' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '立即签发列表' }).click()
    await page.getByText('列表已签发').waitFor()
    await leave(seat)
  })

  test('raising a list number and replacing a CA are proposed, and wait for others', async () => {
    const seat = await sit('centre.system', { language: 'en-US', look: 'dark' })
    const { page } = seat
    await page.goto(at('/issuers/rsa'))
    await page.getByRole('button', { name: 'Raise list number' }).click()
    await page.getByLabel('Highest number ever published').fill('500')
    await page.getByLabel('Reason').fill('Restored from a backup')
    await page.getByRole('dialog').getByRole('button', { name: 'Raise list number' }).click()
    await page.getByText('Proposed; it waits for others').waitFor()
    await shoot(seat, 'ca-issuer-en-dark')
    await page.goto(at('/replacements'))
    await page.getByText('No CA was replaced').waitFor()
    await shoot(seat, 'ca-replacements-en-dark')
    await leave(seat)
  })

  test('a changed profile is proposed with its difference, agreed to by another, and in force', async () => {
    const seat = await sit('centre.system')
    const { page } = seat
    await page.getByRole('link', { name: '证书模板' }).click()
    await page.getByRole('row', { name: /^code-signing/ }).waitFor()
    await shoot(seat, 'ca-profiles-zh')
    await page.getByRole('row', { name: /^code-signing/ }).click()
    await page.getByText('代码签名证书').waitFor()
    await shoot(seat, 'ca-profile-zh')
    await page.getByRole('link', { name: '提议修改' }).click()
    const text = page.getByRole('textbox', { name: '模板文本（YAML） 1' })
    const before = await text.inputValue()
    const version = Number(/^version: (\d+)/m.exec(before)![1])
    await text.fill(before.replace(/zh: 代码签名证书.*/, `zh: 代码签名证书（${run}）`))
    await page.getByLabel('理由').fill('说明写得更清楚')
    await shoot(seat, 'ca-propose-zh')
    await page.getByRole('button', { name: '检查并提议' }).click()
    await page.getByText('已提议，等待他人同意').waitFor()
    await page.getByText(`版本 ${version - 1} → ${version}`).waitFor()
    await shoot(seat, 'ca-proposed-zh')
    const id = (await page.getByRole('link', { name: '查看提议' }).getAttribute('href'))!.split('/').at(-1)!

    const second = await sit('centre.security')
    const approval = (await (await second.page.request.get(at(`/api/ca/v1/approvals/${id}`))).json()) as { digest: string }
    const agreed = await second.page.request.post(at(`/api/ca/v1/approvals/${id}/approve`), { data: { digest: approval.digest } })
    expect(agreed.status()).toBeLessThan(300)
    await leave(second)

    await page.goto(at('/profiles/code-signing'))
    await page.getByText(`代码签名证书（${run}）`).waitFor()
    await page.getByRole('tab', { name: '版本历史' }).click()
    await page.getByText(`zh: 代码签名证书（${run}）`).waitFor()
    await shoot(seat, 'ca-profile-versions-zh')
    await leave(seat)
  })

  test('a certificate is issued by hand for a request that OpenSSL made', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onecert-issue-'))
    const seat = await sit('centre.issuer', { language: 'en-US', look: 'dark' })
    try {
      const { page } = seat
      execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'request.pem'), '-subj', '/CN=camera'], { stdio: 'ignore' })
      await page.goto(at('/orders/issue'))
      await page.getByLabel('Profile').fill('device-client')
      await page.getByTitle(/\(device-client\)/).click()
      await page.getByLabel('Request (PKCS#10)').fill(readFileSync(join(folder, 'request.pem'), 'utf8'))
      await page.getByRole('textbox', { name: 'Holder id' }).fill(`camera-${run}`)
      await page.getByLabel('Organisation (O)').fill('示例市水务局')
      await page.getByLabel('Name (CN)').fill(`camera-${run}`)
      await shoot(seat, 'ca-issue-en-dark')
      await page.getByRole('button', { name: 'Issue', exact: true }).click()
      await page.getByText('Issued', { exact: true }).first().waitFor()
      await shoot(seat, 'ca-issued-en-dark')
      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Certificate (PEM)' }).first().click()
      const file = (await (await download).path())!
      expect(execFileSync('openssl', ['x509', '-noout', '-subject', '-nameopt', 'utf8', '-in', file]).toString()).toContain(`camera-${run}`)
      const application = (await page.getByText(/Application console-/).textContent())!.replace('Application ', '').trim()
      await page.goto(at(`/orders?application=${application}`))
      await page.getByText('示例市水务局').first().waitFor()
      // Another name in the same key.
      await page.getByRole('button', { name: 'Modify (same keys)' }).click()
      const name = page.getByRole('dialog').getByLabel('Subject')
      await name.fill((await name.inputValue()).replace(`CN=camera-${run}`, `CN=camera-new-${run}`))
      await page.getByRole('dialog').getByRole('button', { name: 'Modify (same keys)' }).click()
      await page.getByText(`CN=camera-new-${run}`).first().waitFor()
      await leave(seat)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('a key made at the centre comes as a file that OpenSSL opens with the password shown', async () => {
    const seat = await sit('centre.issuer')
    const { page } = seat
    await page.goto(at('/orders/issue'))
    await page.getByLabel('证书模板').fill('device-client')
    await page.getByTitle(/（device-client）/).click()
    await page.getByText('由中心产生', { exact: true }).click()
    await page.getByRole('combobox', { name: '密钥算法' }).click()
    await page.getByTitle('p256', { exact: true }).click()
    await page.getByRole('textbox', { name: '持有者编号' }).fill(`pump-${run}`)
    await page.getByLabel('单位（O）').fill('示例市水务局')
    await page.getByLabel('姓名或名称（CN）').fill(`pump-${run}`)
    await page.getByRole('button', { name: /^签\s?发$/ }).click()
    await page.getByText('口令只显示这一次').waitFor()
    await shoot(seat, 'ca-holder-key-zh')
    const password = (await page.getByLabel('口令').textContent())!.trim()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: /\.p12$/ }).first().click()
    const file = (await (await download).path())!
    expect(execFileSync('openssl', ['pkcs12', '-in', file, '-passin', `pass:${password}`, '-nokeys', '-clcerts'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()).toContain('BEGIN CERTIFICATE')
    await leave(seat)
  })
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { closeBrowser, folder, leave, shoot, sit } from './browser'

afterAll(closeBrowser)

const onecert = process.env.ONECERT ?? resolve(import.meta.dirname, '../../../../bin/onecert')

// The list is signed with the key of somebody of the demonstration: a gateway pins whom it
// is told to.
test('a list of foreign CAs is followed, shown with what it changes, adopted and given up', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'trust-list-'))
  const alice = join(folder(), 'identities', 'alice')
  const root = readFileSync(join(folder(), 'trust', 'sm2-root.pem'), 'utf8')
  writeFileSync(join(dir, 'cas.json'), JSON.stringify({ name: 'national', publisher: '示例中心', cas: [{ name: 'province', title: '外省政务 CA', anchors: root, level: 2, revocation: [{ name: 'list', kind: 'upload' }] }] }))
  const list = join(dir, 'list.p7')
  execFileSync(onecert, ['trust-list', 'sign', join(dir, 'cas.json'), '--key', join(alice, 'sm2-sign.key'), '--certificate', join(alice, 'sm2-sign.pem'), '--out', list])

  const seat = await sit('centre.security')
  const { page } = seat
  const name = `l${Date.now().toString(36)}`
  await page.getByRole('link', { name: '信任与吊销列表' }).click()
  await page.getByRole('link', { name: '添加信任列表' }).click()
  await page.getByRole('textbox', { name: '名称', exact: true }).fill(name)
  await page.getByLabel('列表名').fill('national')
  await page.getByLabel('签署者的证书（PEM）').fill(readFileSync(join(alice, 'sm2-sign.pem'), 'utf8'))
  await page.getByLabel('地址', { exact: true }).fill('')
  await shoot(seat, 'gateway-trust-list-form-zh')
  await page.getByRole('button', { name: '保存' }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: '保存' }).click()
  const row = page.getByRole('row', { name: new RegExp(name) })
  await row.getByText('尚未生效').waitFor()
  await row.locator('input[type=file]').setInputFiles(list)
  await page.getByText('第 1 期生效后的变化').first().waitFor()
  await page.getByText(`受信 CA ${name}-province`).waitFor()
  await shoot(seat, 'gateway-trust-list-ahead-zh')
  await page.getByRole('row').filter({ hasText: `${name}-province` }).getByRole('button', { name: '采用这一期' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '采用这一期' }).click()
  await row.getByText('生效', { exact: true }).waitFor()
  expect(await page.getByText(`${name}-province`).count()).toBeGreaterThan(0)
  await shoot(seat, 'gateway-trust-zh')

  await row.getByRole('link', { name, exact: true }).click()
  await page.getByRole('button', { name: /^删 ?除/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: /^删 ?除/ }).click()
  await page.getByRole('heading', { name: '信任与吊销列表', level: 1 }).waitFor()
  expect(await page.getByText(`${name}-province`).count()).toBe(0)
  await leave(seat)
  rmSync(dir, { recursive: true })
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { expectAccessible } from './axe'
import { closeBrowser, demo, leave, shoot, sit, type How, type Seat } from './browser'

afterAll(closeBrowser)

// newcomer is somebody whose browser has never been here; the tour comes by itself only
// where no program drives.
async function newcomer(who: string, how: How = {}): Promise<Seat> {
  const seat = await sit(who, { ...how, login: false })
  await seat.context.addInitScript(() => Object.defineProperty(navigator, 'webdriver', { get: () => false }))
  await seat.page.reload()
  await seat.page.getByRole('button', { name: /用此证书登录|Log in with this certificate/ }).click()
  return seat
}

const step = (seat: Seat, title: string) => seat.page.locator('.ant-tour-title').getByText(title, { exact: true }).waitFor()

describe('the tour', () => {
  test('comes by itself, is walked by keys, and comes no more', async () => {
    const seat = await newcomer('lra1.registrar')
    await step(seat, '欢迎使用一证通')
    await seat.page.getByText('您是录入员').waitFor()
    await shoot(seat, 'tour-welcome-zh')
    await expectAccessible(seat, 'tour')
    for (const title of ['录入申请', '业务申请', '证书', '需要时']) {
      await seat.page.keyboard.press('Enter')
      await step(seat, title)
      if (title === '录入申请') await shoot(seat, 'tour-register-zh')
    }
    await seat.page.keyboard.press('ArrowLeft')
    await step(seat, '证书')
    await seat.page.keyboard.press('ArrowRight')
    await step(seat, '需要时')
    await seat.page.keyboard.press('Enter')
    await seat.page.locator('.ant-tour').waitFor({ state: 'hidden' })
    expect(await seat.page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('帮助')
    await seat.page.reload()
    await seat.page.getByRole('banner').waitFor()
    expect(await seat.page.locator('.ant-tour').count()).toBe(0)
    // and again by the keyboard alone
    await seat.page.getByRole('button', { name: '帮助' }).focus()
    await seat.page.keyboard.press('Enter')
    await seat.page.getByRole('menuitem', { name: '重新开始导览' }).click()
    await step(seat, '欢迎使用一证通')
    await seat.page.keyboard.press('Escape')
    await seat.page.locator('.ant-tour').waitFor({ state: 'hidden' })
    await seat.page.keyboard.press('?')
    await seat.page.getByRole('dialog').getByText('Ctrl ↵').waitFor()
    await leave(seat)
  })

  test('shows each role its own pages, in English and dark', async () => {
    const tours: [string, string[]][] = [
      ['centre.security', ['Welcome to OneCert', 'Officers', 'Approvals', 'Gateway', 'Later']],
      ['centre.custodian', ['Welcome to OneCert', 'Recovery', 'Judicial cases', 'Key store', 'Later']],
    ]
    for (const [who, titles] of tours) {
      const seat = await newcomer(who, { language: 'en-US', look: 'dark' })
      for (const title of titles) {
        await step(seat, title)
        // what a step points at is the page it speaks of, by the name in the menu
        if (title !== titles[0] && title !== titles[4]) await seat.page.locator('nav').getByRole('link', { name: title, exact: true }).waitFor()
        if (title === titles[3]) {
          await shoot(seat, `tour-${who.split('.')[1]}-en-dark`)
          await expectAccessible(seat, `tour of ${who}`)
        }
        await seat.page.keyboard.press('Enter')
      }
      await seat.page.locator('.ant-tour').waitFor({ state: 'hidden' })
      await leave(seat)
    }
  })
})

// The one link of the demonstration: from there a newcomer's browser becomes somebody.
test('a newcomer follows the one link, takes a certificate and is let in', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'onecert-newcomer-'))
  try {
    for (const [language, look, words] of [['zh-CN', 'light', '让浏览器成为某个人'], ['en-US', 'dark', 'Let your browser be somebody']] as const) {
      const seat = await sit(undefined, { at: 'start', language, look })
      await seat.page.getByRole('heading', { name: words }).waitFor()
      const suffix = language === 'zh-CN' ? 'zh' : 'en-dark'
      await shoot(seat, `demo-start-${suffix}`)
      await expectAccessible(seat, `the demo's first page, ${suffix}`)
      await leave(seat)
    }
    const seat = await sit(undefined, { at: 'start', phone: true })
    expect(await seat.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0)
    const [file] = await Promise.all([seat.page.waitForEvent('download'), seat.page.getByRole('link', { name: 'lra1.registrar' }).first().click()])
    const [store, certPath, keyPath] = ['p12', 'pem', 'key'].map((end) => join(dir, 'me.' + end))
    await file.saveAs(store)
    const password = (await seat.page.locator('code').first().innerText()).trim()
    const openssl = (...words: string[]) => execFileSync('openssl', ['pkcs12', '-in', store, '-passin', 'pass:' + password, ...words], { stdio: 'ignore' })
    openssl('-nokeys', '-out', certPath)
    openssl('-nocerts', '-nodes', '-out', keyPath)
    expect(new URL((await seat.page.getByRole('link', { name: '打开管理台' }).getAttribute('href'))!).origin).toBe(demo().endpoints.console)
    await leave(seat)
    const inside = await sit(undefined, { certificate: { certPath, keyPath } })
    await inside.page.getByRole('button', { name: '用此证书登录' }).click()
    await inside.page.getByRole('heading', { name: '您好，lra1.registrar' }).waitFor()
    await leave(inside)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

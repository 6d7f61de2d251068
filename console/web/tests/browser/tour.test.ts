import { afterAll, describe, expect, test } from 'vitest'
import { expectAccessible } from './axe'
import { closeBrowser, leave, shoot, sit, type How, type Seat } from './browser'

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

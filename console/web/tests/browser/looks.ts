import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { expectAccessible } from './axe'
import { leave, shoot, sit, type How, type Seat } from './browser'

// Those who between them see every page of the menu. A page somebody before has seen is
// not looked at again, but for the first one, which is everybody's own.
const officers = ['centre.system', 'centre.security', 'centre.audit', 'centre.custodian', 'lra1.registrar', 'ra1.reviewer', 'lra1.issuer']
// Text that no page may show: keys of texts, and what a script made of nothing.
const spaces = ['app', 'components', 'self', ...readdirSync(resolve(import.meta.dirname, '../../src/features'))]
const raw = new RegExp(`\\bundefined\\b|\\[object Object\\]|\\bNaN\\b|\\b(?:${spaces.join('|')}):[a-z]+\\.[a-z.]+\\b`)

async function menuOf(seat: Seat): Promise<string[]> {
  await seat.page.locator('nav a[href^="/"]').first().waitFor({ timeout: 20_000 })
  const all = await seat.page.locator('nav a[href^="/"]').evaluateAll((links) => links.map((link) => link.getAttribute('href')!))
  return [...new Set(['/', ...all])]
}

// faults are what is wrong with a page, all of it, so that one run tells everything.
async function faults(seat: Seat, path: string, name: string): Promise<string[]> {
  const found: string[] = []
  if (path !== '/') await seat.page.locator(`nav a[href="${path}"]`).first().click()
  await seat.page.getByRole('heading', { level: 1 }).first().waitFor({ timeout: 15_000 }).catch(() => found.push(`${name}: no heading`))
  await seat.page.waitForLoadState('networkidle', { timeout: 8_000 }).catch(() => undefined) // pages that poll never rest
  await seat.page.waitForTimeout(250)
  await shoot(seat, name)
  const text = await seat.page.locator('body').innerText()
  const shown = raw.exec(text)
  if (shown) found.push(`${name}: shows ${JSON.stringify(text.slice(Math.max(0, shown.index - 30), shown.index + 50))}`)
  await expectAccessible(seat, name).catch((error: Error) => found.push(`${name}: ${error.message}`))
  return found
}

// looks walks through the menus of all, in one language and look. The two files that call
// it run beside each other.
export function looks(suffix: string, how: How) {
  const seen = new Set<string>()
  test.each(officers)('the menu of %s', { timeout: 240_000 }, async (who) => {
    const seat = await sit(who, how)
    const warnings: string[] = []
    seat.page.on('console', (message) => {
      if (/antd|deprecated|Warning:/i.test(message.text()) && ['warning', 'error'].includes(message.type())) warnings.push(message.text().slice(0, 200))
    })
    const found: string[] = []
    const paths = (await menuOf(seat)).filter((path) => path === '/' || !seen.has(path))
    for (const path of paths) {
      found.push(...(await faults(seat, path, `page-${who}${path === '/' ? '' : path.replaceAll('/', '-')}-${suffix}`)))
    }
    expect([...found, ...warnings]).toEqual([])
    paths.forEach((path) => seen.add(path)) // only now: a second try looks at all again
    await leave(seat)
  })
}

import { expect } from 'vitest'
import { demo, shoot, type Seat } from './browser'
import { applicant, counter, type Applicant } from './counter'

export const at = (path: string) => demo().endpoints.console + path

// call asks an API as whoever sits there.
export async function call<T>(seat: Seat, path: string, data?: unknown, method = data === undefined ? 'GET' : 'POST'): Promise<T> {
  const { origin } = new URL(seat.page.url())
  const answer = await seat.page.request.fetch(origin + '/api' + path, { method, data, headers: { Origin: origin, 'Sec-Fetch-Site': 'same-origin' } })
  expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true)
  return (answer.status() === 204 ? undefined : await answer.json()) as T
}

export interface Served extends Applicant {
  holder: string
}

// served is somebody who came to the counter lra1 and whose certificate was made.
export function served(name: string): Served {
  const who = applicant(name)
  counter('ra1.reviewer', 'approve', who.application)
  return { ...who, holder: counter('lra1.issuer', 'issue', who.application).holder }
}

// portray takes a page in Chinese and light, and in English and dark: whether it turns
// where it stands is seen with it.
export async function portray(seat: Seat, name: string) {
  await shoot(seat, `${name}-zh`)
  await turn(seat, 'English', 'dark')
  await shoot(seat, `${name}-en-dark`)
  await turn(seat, '简体中文', 'light')
}

async function turn(seat: Seat, language: string, look: 'light' | 'dark') {
  const { page } = seat
  await page.emulateMedia({ colorScheme: look })
  await page.evaluate(() => scrollTo(0, 0))
  await page.getByRole('button', { name: /^(语言|Language)$/ }).hover()
  const item = page.getByRole('menuitem', { name: language })
  await item.dispatchEvent('click') // wherever the menu is on its way to
  await page.mouse.move(0, 0)
  await item.waitFor({ state: 'hidden' })
}

// named is the name of a button: Ant Design puts a space between two Chinese characters, and
// an icon's own name before.
export const named = (name: string) => new RegExp(`^(?:[a-z-]+ )?${[...name].join('\\s?')}$`)
export const press = (seat: Seat, name: string) => seat.page.getByRole('button', { name: named(name) }).first().click()

// confirm does what a dialog asks about, with a reason where it wants one.
export async function confirm(seat: Seat, name: string, reason?: string) {
  const dialog = seat.page.getByRole('dialog')
  if (reason !== undefined) await dialog.getByRole('textbox').last().fill(reason)
  await dialog.getByRole('button', { name: named(name) }).last().click()
}

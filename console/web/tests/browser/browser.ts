import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, inject } from 'vitest'

export interface Demo {
  endpoints: Record<string, string>
  identities: Record<string, { kind: string; roles?: string[]; password: string }>
}

export const folder = () => inject('demo')
export const demo = (): Demo => JSON.parse(readFileSync(join(folder(), 'demo.json'), 'utf8')) as Demo

// One for all seats of a file; a promise, because several sit down at once.
let shared: Promise<Browser> | undefined

export function browser(): Promise<Browser> {
  shared ??= chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  return shared
}

export async function closeBrowser() {
  await (await shared)?.close()
  shared = undefined
}

// pages are all that are open in this file's browser.
export const pages = async () => (await shared)?.contexts().flatMap((context) => context.pages()) ?? []

export interface Seat {
  page: Page
  context: BrowserContext
  violations: string[] // of the Content-Security-Policy and of scripts
  strangers: string[] // requests to hosts that are not ours
}

export interface How {
  at?: string // an endpoint of demo.json; console
  language?: 'zh-CN' | 'en-US'
  look?: 'light' | 'dark'
  phone?: boolean
  login?: boolean // true
  certificate?: { certPath: string; keyPath: string } // of somebody who is not of the demonstration
}

// One violation is known: Ant Design measures the scroll bar with a style in a style
// attribute, without effect when it is refused.
const known = /style-src/

// sit opens a console as somebody of the demonstration and logs in.
export async function sit(who: string | undefined, how: How = {}): Promise<Seat> {
  const origin = demo().endpoints[how.at ?? 'console'].replace(/\/$/, '')
  const identity = who && join(folder(), 'identities', who)
  const shown = identity ? { certPath: join(identity, 'ecdsa-chain.pem'), keyPath: join(identity, 'ecdsa-sign.key') } : how.certificate
  const seat = await open(origin, how, shown ? [{ origin, ...shown }] : [])
  if (who && how.login !== false) await logIn(seat)
  return seat
}

export async function logIn({ page }: Seat) {
  await page.getByRole('button', { name: /用此证书登录|Log in with this certificate/ }).click()
  await page.getByRole('banner').waitFor()
}

// open opens a console with a certificate or none.
export async function open(origin: string, how: How, clientCertificates: BrowserContextOptions['clientCertificates']): Promise<Seat> {
  const context = await (await browser()).newContext({
    ignoreHTTPSErrors: true,
    locale: how.language ?? 'zh-CN',
    colorScheme: how.look ?? 'light',
    reducedMotion: 'reduce', // what is judged and drawn has come to rest
    viewport: how.phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    acceptDownloads: true,
    clientCertificates,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000) // so that a failure names what was waited for
  const seat: Seat = { page, context, violations: [], strangers: [] }
  page.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && /Content.Security.Policy/i.test(text) && !known.test(text)) seat.violations.push(text)
  })
  page.on('pageerror', (error) => seat.violations.push(String(error)))
  page.on('request', (request) => {
    // chrome: is the browser's own, its viewer of PDF
    if (!request.url().startsWith(origin) && !/^(data|blob|chrome|chrome-extension):/.test(request.url())) seat.strangers.push(request.url())
  })
  await page.goto(origin + '/')
  return seat
}

// leave closes what somebody opened, and sees that the page kept to its rules.
export async function leave(seat: Seat) {
  expect(seat.violations).toEqual([])
  expect(seat.strangers).toEqual([])
  await seat.context.close()
}

export const artefacts = () => process.env.ONECERT_SCREENSHOTS ?? resolve(import.meta.dirname, '../../artefacts')

// Screenshots of the main pages, to be looked at.
export async function shoot(seat: Seat, name: string) {
  mkdirSync(artefacts(), { recursive: true })
  await seat.page.screenshot({ path: join(artefacts(), name + '.png'), fullPage: true })
}

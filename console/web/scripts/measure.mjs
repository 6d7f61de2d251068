// Times pages in Debian's Chromium, for the bench: {origin, cert, key, path, api, rounds}
// on standard input, milliseconds on standard output. A round begins with an empty
// browser that is logged in; it ends when the first row of the page's table is seen.
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const { origin, cert, key, path, api, rounds } = JSON.parse(readFileSync(0, 'utf8'))
const settings = { ignoreHTTPSErrors: true, locale: 'zh-CN', clientCertificates: [{ origin, certPath: cert, keyPath: key }] }
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] })

async function clocked(act) {
  const start = performance.now()
  await act()
  return performance.now() - start
}

const first = await browser.newContext(settings)
const page = await first.newPage()
await page.goto(origin + '/')
await page.getByRole('button', { name: '用此证书登录' }).click()
await page.getByRole('banner').waitFor()
const storageState = await first.storageState()

async function fresh(act) {
  const context = await browser.newContext({ ...settings, storageState })
  const took = await act(await context.newPage())
  await context.close()
  return took
}

const row = (page) => page.locator('tbody tr[tabindex="0"]').first().waitFor()
const found = { empty: [], cold: [], warm: [], api: [] }
for (let round = 0; round < rounds; round += 1) {
  found.empty.push(await fresh((page) => clocked(() => page.goto(origin + '/mark.svg'))))
  found.cold.push(await fresh((page) => clocked(async () => { await page.goto(origin + path); await row(page) })))
  found.warm.push(await clocked(async () => { await page.goto(origin + path); await row(page) }))
  found.api.push(await clocked(() => first.request.get(origin + api)))
}
await browser.close()
process.stdout.write(JSON.stringify(found))

import { afterAll, expect, test } from 'vitest'
import { closeBrowser, leave, sit } from './browser'

afterAll(closeBrowser)

// Issue figures: what a page fetches before it can be used, compressed as it travels.
// The time it takes is a figure of the bench, not of a test.
const most = 600_000

test.each([
  ['lra1.registrar', '/applications'],
  ['centre.system', '/'],
])('the first load of %s at %s is below 600 kB', async (who, path) => {
  const seat = await sit(who)
  const origin = new URL(seat.page.url()).origin
  const fresh = await seat.context.newPage()
  const line = await seat.context.newCDPSession(fresh)
  await line.send('Network.setCacheDisabled', { cacheDisabled: true }) // as somebody who comes for the first time
  const sizes: Promise<number>[] = []
  const unpacked: string[] = []
  fresh.on('response', (answer) => {
    const kind = new URL(answer.url()).pathname.split('.').at(-1)!
    if (['js', 'css'].includes(kind) && answer.headers()['content-encoding'] !== 'br') unpacked.push(answer.url())
  })
  fresh.on('requestfinished', (request) => sizes.push(request.sizes().then((size) => size.responseBodySize)))
  await fresh.goto(origin + path)
  await fresh.getByRole('heading', { level: 1 }).waitFor()
  await fresh.waitForLoadState('networkidle')
  expect(unpacked).toEqual([])
  const sum = (await Promise.all(sizes)).reduce((all, size) => all + size, 0)
  expect(sum).toBeGreaterThan(100_000)
  expect(sum).toBeLessThan(most)
  await leave(seat)
})

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { artefacts, pages } from './browser'

// What a step that failed had before it, in failed-*.png: the only witness on a machine
// that is gone afterwards.
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return
  const name = task.name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60)
  mkdirSync(artefacts(), { recursive: true })
  for (const [n, page] of (await pages()).entries()) {
    await page.screenshot({ path: join(artefacts(), `failed-${name}-${n + 1}.png`), timeout: 10_000 }).catch(() => undefined) // a page may be gone
  }
})

import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

// A drawer closes at a click beside it: a form in one asks before that.
test('every form in a drawer asks before what was filled in is lost', () => {
  const features = resolve(import.meta.dirname, '../../src/features')
  const files = readdirSync(features).flatMap((feature) => readdirSync(join(features, feature)).filter((name) => /(?<!\.test)\.tsx$/.test(name)).map((name) => join(features, feature, name)))
  const bare = files.filter((path) => {
    const text = readFileSync(path, 'utf8')
    return /useForm/.test(text) && /<Drawer\b[^>]*onClose=\{onClose\}/.test(text)
  })
  expect(bare).toEqual([])
})

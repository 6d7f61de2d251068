import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'client' ? [] : sources(path)
    return /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.') ? [path] : []
  })
}

// A page that lies open keeps nobody logged in: what it asks again and again says that
// nobody asked.
test('what a page asks by itself keeps no session alive', () => {
  const forgetful = sources(resolve(import.meta.dirname, '../../src')).filter((path) => {
    const text = readFileSync(path, 'utf8')
    return /\brefetch(Interval|Every)[:=]/.test(text) && !/components\/CursorTable\.tsx$/.test(path) && !text.includes('byItself')
  })
  expect(forgetful).toEqual([])
})

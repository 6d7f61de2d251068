import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import refusals from '../../src/components/text.zh'

const root = resolve(import.meta.dirname, '../../../..')
const rooms = ['console', 'gateway', 'helpdesk', 'officer', 'policy', 'ra', 'serve']

// What stands in a configuration is met by whoever starts a program, not by a page; the
// rest of the exceptions is said to programs.
const elsewhere = /^(config\.|backup\.|onecert\.)/

function codes(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return ['web', 'testdata'].includes(entry.name) ? [] : codes(path)
    if (!entry.name.endsWith('.go') || entry.name.endsWith('_test.go')) return []
    return [...readFileSync(path, 'utf8').matchAll(/(?:pki\.Errorf\(pki\.\w+|unknownOr\([^,()]+), "([a-z0-9-]+(?:\.[a-z0-9-]+)*)"/g)].map((found) => found[1])
  })
}

test('whatever a page may be refused is said in Chinese', () => {
  const all = new Set(rooms.flatMap((room) => codes(join(root, room))))
  expect(all.size).toBeGreaterThan(200)
  expect([...all].filter((code) => !elsewhere.test(code) && !(`refusal.${code}` in refusals)).sort()).toEqual([])
})

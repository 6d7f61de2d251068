import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

type Texts = Record<string, string>

const zh = import.meta.glob<{ default: Texts }>('../../src/**/text.zh.ts', { eager: true })
const en = import.meta.glob<{ default: Texts }>('../../src/**/text.en.ts', { eager: true })
const src = resolve(import.meta.dirname, '../../src')

const room = (path: string) => path.split('/').at(-2)!
const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1]).sort()

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'client' ? [] : sources(path)
    return /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.') ? [path] : []
  })
}

describe('texts', () => {
  for (const [path, { default: chinese }] of Object.entries(zh)) {
    test(`${room(path)} has the same in both languages`, () => {
      const english = en[path.replace('text.zh', 'text.en')]?.default ?? {}
      expect(Object.keys(english).filter((key) => !(key in chinese)), 'in English alone').toEqual([])
      expect(Object.keys(chinese).filter((key) => !(key in english) && !key.startsWith('refusal.')), 'in Chinese alone').toEqual([])
      for (const [key, text] of Object.entries(english)) {
        expect(text.trim(), key).not.toBe('')
        expect(placeholders(chinese[key]), key).toEqual(placeholders(text))
        expect(/[\u4e00-\u9fff]/.test(text) && !/简体中文/.test(text), `${key} is not English: ${text}`).toBe(false)
      }
    })
  }

  test('every text that is asked for by name is there', () => {
    const known = new Set(Object.entries(zh).flatMap(([path, file]) => Object.keys(file.default).map((key) => `${room(path)}:${key}`)))
    const missing: string[] = []
    for (const file of sources(src)) {
      const code = readFileSync(file, 'utf8')
      const spaces = [...code.matchAll(/useTranslation\('(\w+)'\)/g)].map((found) => found[1])
      for (const [, key] of code.matchAll(/\bt\(\s*'([^'$]+)'/g)) {
        const candidates = key.includes(':') ? [key] : [...spaces, 'components', 'app'].map((space) => `${space}:${key}`)
        const counted = candidates.flatMap((one) => [one, one + '_one', one + '_other'])
        if (!counted.some((one) => known.has(one))) missing.push(`${file.slice(src.length)}: ${key}`)
      }
    }
    expect(missing).toEqual([])
  })
})

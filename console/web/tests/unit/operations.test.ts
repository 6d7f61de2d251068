import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withoutPage } from './withoutPage'

const api = resolve(import.meta.dirname, '../../../../api')
const src = resolve(import.meta.dirname, '../../src')
const places = ['ca', 'kmc', 'ra', 'gateway', 'self', 'console']

interface Description {
  paths: Record<string, Record<string, { operationId?: string }>>
}

// operations are those an API describes, by the names of the generated client, with
// their paths.
function operations(place: string): Map<string, string> {
  const description = JSON.parse(readFileSync(join(api, place + '.json'), 'utf8')) as Description
  const all = Object.entries(description.paths).flatMap(([path, methods]) => Object.values(methods).flatMap((operation) => (operation.operationId ? [[camel(operation.operationId), path] as const] : [])))
  return new Map(all)
}

const camel = (id: string) => id.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'client' ? [] : sources(path)
    return /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.') ? [path] : []
  })
}

// addressOf finds where code writes an operation's address, with its parts put in.
function addressOf(place: string, path: string): RegExp {
  const written = path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '\\$\\{[^`]+?\\}')
  return new RegExp(`/api/${place}${written}['"\`?$]`)
}

// called are the operations of a place that pages call, through the client or, where a
// file is handed out, by address.
function called(place: string): Set<string> {
  const found = new Set<string>()
  for (const file of sources(src)) {
    const code = readFileSync(file, 'utf8')
    for (const [, names] of code.matchAll(new RegExp(`import (?!type)\\{([^}]*)\\} from '@/client/${place}'`, 'g'))) {
      // The client adds an underscore to words of the language (case_).
      for (const name of names.split(',')) found.add(name.trim().replace(/^type .*/, '').replace(/ as .*/, '').replace(/_$/, ''))
    }
    for (const [, alias] of code.matchAll(new RegExp(`import \\* as (\\w+) from '@/client/${place}'`, 'g'))) {
      for (const [, name] of code.matchAll(new RegExp(`\\b${alias}\\.(\\w+)`, 'g'))) found.add(name)
    }
    for (const [name, path] of operations(place)) {
      if (addressOf(place, path).test(code)) found.add(name)
    }
  }
  return found
}

describe('every operation an administrator needs has its page', () => {
  for (const place of places) {
    test(place, () => {
      const calls = called(place)
      const exceptions = withoutPage[place] ?? {}
      const all = [...operations(place).keys()]
      expect(all.filter((name) => !calls.has(name) && !(name in exceptions))).toEqual([])
      expect(Object.keys(exceptions).filter((name) => calls.has(name) || !all.includes(name)), 'exceptions that are none').toEqual([])
    })
  }
})

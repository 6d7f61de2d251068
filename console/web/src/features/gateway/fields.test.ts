import { describe, expect, test } from 'vitest'
import { at, put, sections } from './fields'
import { kinds, parts, replaced, type Value } from './parts'

describe('put', () => {
  test('sets what stands deep and keeps the rest', () => {
    const before = { name: 'oa', backend: { backends: [{ url: 'http://a' }], check: { rise: 2 } } }
    const after = put(before, 'backend.check.path', '/health')
    expect(after).toEqual({ name: 'oa', backend: { backends: [{ url: 'http://a' }], check: { rise: 2, path: '/health' } } })
    expect(before.backend.check).toEqual({ rise: 2 })
  })

  test('leaves out what is empty, and what holds nothing then', () => {
    expect(put({ name: 'a', login: { url: 'https://x' } }, 'login.url', '')).toEqual({ name: 'a' })
    expect(put({ name: 'a', nameAuthorities: true }, 'nameAuthorities', false)).toEqual({ name: 'a' })
    expect(put({ name: 'a', listen: ['x'] }, 'listen', [])).toEqual({ name: 'a' })
    expect(put({ name: 'a' }, 'limits.connections', 0)).toEqual({ name: 'a', limits: { connections: 0 } })
  })

  test('reads nothing where nothing is', () => {
    expect(at({ name: 'a' }, 'backend.check.path')).toBeUndefined()
  })
})

describe('parts', () => {
  const empty = { services: [], applications: [], certificates: [], trust: {}, policy: { version: 1, rules: [] } }

  test.each(kinds)('%s can be put into a configuration, and changed there', (kind) => {
    const one: Value = { ...parts[kind].blank(), name: 'one' }
    const added = replaced(empty, kind, 'one', one)
    expect(parts[kind].of(added)).toEqual([one])
    const changed = replaced(added, kind, 'one', { ...one, title: 'other' })
    expect(parts[kind].of(changed)).toEqual([{ ...one, title: 'other' }])
    expect(empty.services).toEqual([])
  })

  test.each(kinds)('%s has a form without a field twice', (kind) => {
    const paths = sections[kind].flatMap((section) => section.fields.map((field) => field.path))
    expect(new Set(paths).size).toBe(paths.length)
  })
})

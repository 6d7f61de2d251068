import { describe, expect, test } from 'vitest'
import { read, written } from './yaml'

describe('a policy as text', () => {
  const rules = { version: 1, rules: [{ id: 'oa', name: '办公', effect: 'allow', require_level: 2, when: { applications: ['oa'], times: [{ from: '08:30', first_day: '2026-10-01' }] } }] }

  test('is read as it was written', async () => {
    const text = await written(rules)
    expect(text).toContain('办公')
    expect(await read(text)).toEqual({ rules })
  })

  test('keeps dates and times as they are written', async () => {
    expect(await read('version: 1\nrules:\n- id: a\n  effect: allow\n  when: {times: [{from: 08:30, first_day: 2026-10-01}]}')).toEqual({ rules: { version: 1, rules: [{ id: 'a', effect: 'allow', when: { times: [{ from: '08:30', first_day: '2026-10-01' }] } }] } })
  })

  test('says where it cannot be read', async () => {
    expect(await read('version: 1\nrules:\n  - id: a\n bad')).toMatchObject({ unread: { line: 4 } })
    expect(await read('a: 1\na: 2')).toMatchObject({ unread: { line: 2 } })
    expect(await read('nothing')).toMatchObject({ unread: { line: 1 } })
  })
})

import { expect, test } from 'vitest'
import { fresh } from './issuer'

test('a list is good until the last tenth of its life', () => {
  const list = { this_update: '2026-11-23T00:00:00Z', next_update: '2026-11-23T10:00:00Z' }
  expect(fresh(list, Date.parse('2026-11-23T08:59:00Z'))).toBe('good')
  expect(fresh(list, Date.parse('2026-11-23T09:01:00Z'))).toBe('warning')
  expect(fresh(list, Date.parse('2026-11-23T10:00:00Z'))).toBe('critical')
})

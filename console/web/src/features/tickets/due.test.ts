import { expect, test } from 'vitest'
import { dueOf } from './due'

const now = Date.parse('2026-11-23T10:00:00Z')
const at = (state: string, due: string, more = {}) => dueOf({ state, due, ...more }, now)

test('what is past its deadline is late, and by how much', () => {
  expect(at('open', '2026-11-23T09:00:00Z')).toEqual({ state: 'late', seconds: 3600 })
  expect(at('working', '2026-11-23T11:00:00Z')).toEqual({ state: 'soon', seconds: 3600 })
  expect(at('working', '2026-11-24T10:00:00Z')).toEqual({ state: 'good', seconds: 86_400 })
})

test('the deadline stands still while the person is asked', () => {
  expect(at('waiting', '2026-11-20T00:00:00Z', { left_ns: 7200e9 })).toEqual({ state: 'paused', seconds: 7200 })
})

test('what is resolved met it or missed it', () => {
  expect(at('resolved', '2026-11-20T00:00:00Z').state).toBe('over')
  expect(at('closed', '2026-11-20T00:00:00Z', { late: true }).state).toBe('late')
})

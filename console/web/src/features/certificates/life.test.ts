import { expect, test } from 'vitest'
import type { RaApplication, RaCertificate } from '@/client/ra'
import { marksOf, shareOf } from './life'

const one = { issuer: 'sm2', serial: '4f', application: 'a-1', state: 'held', not_before: '2026-01-01T00:00:00Z', not_after: '2027-01-01T00:00:00Z', changed: '2026-05-01T00:00:00Z' } as RaCertificate

test('without the journal the last change is told', () => {
  expect(marksOf({ ra: one, entries: [], applications: [] }).map((mark) => mark.text)).toEqual(['event.issued', 'event.held', 'event.expires'])
})

test('the journal and what was applied for stand in the order of time', () => {
  const applications = [
    { id: 'a-2', issuer: 'sm2', serial: '4f', operation: 'renew', state: 'submitted', changed: '2026-06-01T00:00:00Z' },
    { id: 'a-3', issuer: 'sm2', serial: '50', operation: 'renew', state: 'submitted', changed: '2026-06-01T00:00:00Z' },
  ] as RaApplication[]
  const entries = [
    { number: 1, event: 'issued', at: '2026-01-01T00:00:00Z' },
    { number: 9, event: 'held', at: '2026-05-01T00:00:00Z' },
  ] as never[]
  const marks = marksOf({ ra: one, entries, applications })
  expect(marks.map((mark) => mark.text)).toEqual(['event.issued', 'event.held', 'operation.renew', 'event.expires'])
  expect(marks[2].link).toBe('/applications/a-2')
})

test('nothing stands outside its life', () => {
  expect(shareOf('2025-01-01T00:00:00Z', one.not_before, one.not_after)).toBe(0)
  expect(shareOf('2030-01-01T00:00:00Z', one.not_before, one.not_after)).toBe(1)
  expect(shareOf('2026-07-02T12:00:00Z', one.not_before, one.not_after)).toBeCloseTo(0.5)
})

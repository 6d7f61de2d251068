import { expect, test } from 'vitest'
import type { RaFigure } from '@/client/ra'
import { among, chinaDay, cross, daysOf, events, kinds, monthsFrom, standing } from './figures'

const figure = (event: string, times: number, more: Partial<RaFigure> = {}): RaFigure => ({ event, times, name: '', node: 'ra1', ...more })

test('figures add up in the order of the house, and nothing is lost', () => {
  const all = [figure('issue', 2, { kind: 'device' }), figure('register', 3, { kind: 'person' }), figure('issue', 1, { kind: 'person' }), figure('edit', 7, { kind: 'person' }), figure('issue', 4, { kind: 'person' })]
  const table = cross(all, (f) => f.kind, among(events), { rows: kinds, columns: events })
  expect(table.rows).toEqual(['person', 'device'])
  expect(table.columns).toEqual(['register', 'issue'])
  expect(table.at('person', 'issue')).toBe(5)
  expect(table.at('device', 'register')).toBe(0)
  expect(table.total).toBe(10)
})

test('an unknown kind comes last, not never', () => {
  expect(cross([figure('issue', 1, { kind: 'robot' }), figure('issue', 1, { kind: 'code' })], (f) => f.kind, among(events), { rows: kinds }).rows).toEqual(['code', 'robot'])
})

test('only certificates stand', () => {
  expect([figure('certificate:held', 1), figure('in:submitted', 1), figure('issue', 1)].map(standing)).toEqual(['held', undefined, undefined])
})

test('months go on over the year, and end on their last day', () => {
  expect(monthsFrom('2026-11', 3)).toEqual(['2026-11', '2026-12', '2027-01'])
  expect(daysOf('2028-02')).toEqual({ ends_from: '2028-02-01', ends_to: '2028-02-29' })
})

test('a day begins eight hours before it does in Greenwich', () => {
  expect(chinaDay(Date.parse('2026-11-23T15:59:59Z'))).toBe('2026-11-23')
  expect(chinaDay(Date.parse('2026-12-31T16:00:00Z'))).toBe('2027-01-01')
})

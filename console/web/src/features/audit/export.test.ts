import { expect, test } from 'vitest'
import { asCSV, cell } from './export'

test('cells are quoted, and formulas are texts', () => {
  expect(cell('a,b')).toBe('"a,b"')
  expect(cell('say "x"')).toBe('"say ""x"""')
  for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '\tx']) expect(cell(formula).replace('"', '').startsWith("'")).toBe(true)
  expect(cell({ a: '=1' })).toBe('"{""a"":""=1""}"')
  expect(cell(undefined)).toBe('')
})

test('a file begins with the mark by which spreadsheets know UTF-8', () => {
  const text = asCSV([{ number: 1, at: '2026-01-01T00:00:00Z', actor: '甲', roles: ['audit', 'x'], act: 'a', result: 'done' }], ['编号'])
  expect(text.startsWith('\uFEFF编号\r\n1,2026-01-01T00:00:00Z,甲,audit x,a,,,done,,,\r\n')).toBe(true)
})

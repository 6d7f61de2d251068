import { expect, test, vi } from 'vitest'
import type { RaBatchRow } from '@/client/ra'
import { allRows, linesOf, mostRows, pageRows } from './rows'

const row = (n: number, faults = 0): RaBatchRow => ({ row: n, state: faults ? 'faulty' : 'ready', faults: Array.from({ length: faults }, (_, i) => ({ row: n, code: 'sheet.blank', wrong: 'x', cell: `A${i}` })) })

test('each fault has a line, and its row is named once', () => {
  const lines = linesOf([row(2), row(3, 2), row(4, 1)])
  expect(lines.map((line) => [line.row.row, line.first, line.fault?.cell])).toEqual([[2, true, undefined], [3, true, 'A0'], [3, false, 'A1'], [4, true, 'A0']])
  expect(new Set(lines.map((line) => line.key)).size).toBe(4)
})

test('all pages are read, the last of them once', async () => {
  const load = vi.fn(async (after: number) => Array.from({ length: Math.min(pageRows, 450 - after) }, (_, n) => row(after + n + 1)))
  expect(await allRows(load)).toHaveLength(450)
  expect(load.mock.calls.map(([after]) => after)).toEqual([0, 200, 400])
})

test('a list without end is left', async () => {
  expect(await allRows(async (after) => Array.from({ length: pageRows }, (_, n) => row(after + n + 1)))).toHaveLength(mostRows)
})

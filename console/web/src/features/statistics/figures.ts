import dayjs from 'dayjs'
import type { RaFigure } from '@/client/ra'

export const kinds = ['person', 'organisation', 'device', 'code'] as const
export const operations = ['issue', 'renew', 'reissue', 'modify', 'freeze', 'unfreeze', 'revoke', 'cancel'] as const
export const states = ['valid', 'held', 'revoked', 'expired'] as const

// What is counted of an application on its way, in its order.
export const events = ['register', 'submit', 'approve', 'return', 'reject', 'issue', 'deliver'] as const

export type By = (figure: RaFigure) => string | undefined

// Cross is figures told apart in two ways.
export interface Cross {
  rows: string[]
  columns: string[]
  at: (row: string, column: string) => number
  total: number
}

// cross adds figures up by two properties; a row or column of nothing is left out unless
// it is asked for.
export function cross(figures: RaFigure[], row: By, column: By, order: { rows?: readonly string[]; columns?: readonly string[] } = {}): Cross {
  const sums = new Map<string, number>()
  const rows = new Set<string>()
  const columns = new Set<string>()
  let total = 0
  for (const figure of figures) {
    const r = row(figure)
    const c = column(figure)
    if (r === undefined || c === undefined || figure.times === 0) continue
    rows.add(r)
    columns.add(c)
    sums.set(`${r}\n${c}`, (sums.get(`${r}\n${c}`) ?? 0) + figure.times)
    total += figure.times
  }
  return { rows: inOrder(rows, order.rows), columns: inOrder(columns, order.columns), at: (r, c) => sums.get(`${r}\n${c}`) ?? 0, total }
}

function inOrder(found: Set<string>, order: readonly string[] | undefined): string[] {
  const known = (order ?? []).filter((one) => found.has(one))
  return [...known, ...[...found].filter((one) => !known.includes(one)).sort()]
}

// among keeps events of a list only.
export const among = (list: readonly string[]) => (figure: RaFigure) => (list.includes(figure.event) ? figure.event : undefined)

// standing reads the state out of "certificate:valid".
export const standing: By = (figure) => (figure.event.startsWith('certificate:') ? figure.event.slice('certificate:'.length) : undefined)

// monthsFrom are the months of the calendar of what ends, also those in which nothing
// does: an empty month says something too.
export function monthsFrom(first: string, count: number): string[] {
  const begin = dayjs(first + '-01')
  return Array.from({ length: count }, (_, n) => begin.add(n, 'month').format('YYYY-MM'))
}

// daysOf are the first and last day of a month, for the list of what ends in it.
export function daysOf(month: string): { ends_from: string; ends_to: string } {
  const first = dayjs(month + '-01')
  return { ends_from: first.format('YYYY-MM-DD'), ends_to: first.endOf('month').format('YYYY-MM-DD') }
}

// chinaDay is the day it is in China, where the registration's days begin.
export const chinaDay = (now = Date.now()): string => new Date(now + 8 * 3_600_000).toISOString().slice(0, 10)

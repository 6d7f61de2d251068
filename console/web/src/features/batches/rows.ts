import type { RaBatchRow, RaRowFault } from '@/client/ra'

// Line is what one line of the preview shows: a row, or one of several faults of it.
export interface Line {
  key: string
  row: RaBatchRow
  fault?: RaRowFault
  first: boolean
}

export function linesOf(rows: RaBatchRow[]): Line[] {
  return rows.flatMap((row): Line[] => {
    const faults = row.faults ?? []
    if (faults.length === 0) return [{ key: `${row.row}`, row, first: true }]
    return faults.map((fault, n) => ({ key: `${row.row}.${n}`, row, fault, first: n === 0 }))
  })
}

// How many rows the registration hands out at once, and how many a sheet may have
// (ra/batch_read.go, ra/batch_check.go).
export const pageRows = 200
export const mostRows = 10_000

// allRows reads page after page until there is no more.
export async function allRows(load: (after: number) => Promise<RaBatchRow[]>): Promise<RaBatchRow[]> {
  const all: RaBatchRow[] = []
  while (all.length < mostRows) {
    const page = await load(all.at(-1)?.row ?? 0)
    all.push(...page)
    if (page.length < pageRows) break
  }
  return all
}

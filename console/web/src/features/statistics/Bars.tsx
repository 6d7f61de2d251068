import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { axes, Chart, grid, legend, tooltip, type Look } from '@/components/Chart'
import type { Cross } from './figures'

interface Props {
  title: string
  first: string // heading of the rows
  of: Cross
  row: (name: string) => string
  column: (name: string) => string
  lying?: boolean
  tones?: Record<string, [string, string]> // of columns, on white and on black
}

// Bars show what was told apart in two ways: a bar for each row, stacked by column.
export function Bars({ title, first, of, row, column, lying, tones }: Props) {
  const { t } = useTranslation('statistics')
  // As text, so that the chart is drawn anew when it has changed and only then.
  const drawn = JSON.stringify({ rows: of.rows.map(row), columns: of.columns.map(column), keys: of.columns, data: of.columns.map((c) => of.rows.map((r) => of.at(r, c))) })
  const option = useCallback(
    (look: Look) => {
      const { rows, columns, keys, data } = JSON.parse(drawn) as { rows: string[]; columns: string[]; keys: string[]; data: number[][] }
      return {
        ...axes(look, rows, lying),
        grid,
        legend: legend(look),
        tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, ...tooltip(look) },
        series: columns.map((name, n) => ({ type: 'bar', name, stack: lying ? 'all' : undefined, data: data[n], barMaxWidth: lying ? 22 : 18, color: tones?.[keys[n]]?.[look.dark ? 1 : 0] })),
      }
    },
    [drawn, lying, tones],
  )
  const rows = of.rows.map((r) => [row(r), ...of.columns.map((c) => of.at(r, c)), of.columns.reduce((all, c) => all + of.at(r, c), 0)])
  return <Chart title={title} label={title} option={option} height={lying ? Math.max(240, 70 + of.rows.length * 34) : 280} table={{ columns: [first, ...of.columns.map(column), t('sum')], rows }} />
}

import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { RaFigure } from '@/client/ra'
import { axes, Chart, grid, legend, tooltip, type Look } from '@/components/Chart'
import { among, cross, events } from './figures'

// Flow is what happened over time.
export function Flow({ figures }: { figures: RaFigure[] }) {
  const { t } = useTranslation('statistics')
  const of = cross(figures, (f) => f.period, among(events), { columns: events })
  const names = of.columns.map((name) => t(`event.${name}`))
  const drawn = JSON.stringify({ names, rows: of.rows, data: of.columns.map((c) => of.rows.map((r) => of.at(r, c))) })
  const option = useCallback(
    (look: Look) => {
      const { names, rows, data } = JSON.parse(drawn) as { names: string[]; rows: string[]; data: number[][] }
      const few = rows.length < 3 // a line of one point is none
      return {
        ...axes(look, rows),
        grid,
        legend: legend(look),
        tooltip: { trigger: 'axis', ...tooltip(look) },
        series: names.map((name, n) => ({ type: few ? 'bar' : 'line', name, data: data[n], smooth: 0.2, symbolSize: 6, barMaxWidth: 24 })),
      }
    },
    [drawn],
  )
  return (
    <div className="chart-wide">
      <Chart title={t('chart.flow')} label={t('chart.flow')} option={option} table={{ columns: [t('period'), ...names], rows: of.rows.map((r) => [r, ...of.columns.map((c) => of.at(r, c))]) }} />
    </div>
  )
}

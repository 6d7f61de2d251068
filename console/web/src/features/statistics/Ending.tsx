import dayjs from 'dayjs'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { RaFigure } from '@/client/ra'
import { Chart, tooltip, type Look } from '@/components/Chart'
import { cross, daysOf, kinds, monthsFrom } from './figures'

// As far as the registration looks ahead: this month and three years (ra/statistics.go).
const months = 37

// Ending is when certificates end: a field for each month and kind, which opens the list
// of those.
export function Ending({ figures, node }: { figures: RaFigure[]; node: string }) {
  const { t } = useTranslation('statistics')
  const navigate = useNavigate()
  const of = cross(figures, (f) => f.period, (f) => f.kind, { columns: kinds })
  const calendar = monthsFrom(dayjs().format('YYYY-MM'), months)
  const rows = [...new Set([...kinds, ...of.columns])]
  const drawn = JSON.stringify({ calendar, rows, names: rows.map((kind) => t(`kind.${kind}`)), data: calendar.flatMap((month, x) => rows.map((kind, y) => [x, y, of.at(month, kind)])) })
  const option = useCallback(
    (look: Look) => {
      const { calendar, names, data } = JSON.parse(drawn) as { calendar: string[]; names: string[]; data: [number, number, number][] }
      const most = Math.max(1, ...data.map(([, , count]) => count))
      return {
        grid: { left: 8, right: 16, top: 8, bottom: 52, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
        tooltip: { ...tooltip(look), formatter: (at: { value: [number, number, number] }) => `${calendar[at.value[0]]} ${names[at.value[1]]}\n${at.value[2]}` },
        xAxis: { type: 'category', data: calendar, axisLabel: { color: look.quiet }, axisTick: { show: false }, axisLine: { show: false } },
        yAxis: { type: 'category', data: names, inverse: true, axisLabel: { color: look.text }, axisTick: { show: false }, axisLine: { show: false } },
        visualMap: { min: 0, max: most, calculable: false, orient: 'horizontal', left: 'center', bottom: 0, itemHeight: 120, itemWidth: 12, textStyle: { color: look.quiet }, text: [String(most), '0'], inRange: { color: look.dark ? ['#2b2b2b', '#5c3a10', '#b8621b', '#ff9c4a'] : ['#f5f5f5', '#ffd591', '#fa8c16', '#ad4e00'] } },
        series: [{ type: 'heatmap', data, itemStyle: { borderColor: look.paper, borderWidth: 2, borderRadius: 3 }, emphasis: { itemStyle: { borderColor: look.text } } }],
      }
    },
    [drawn],
  )
  const open = useCallback(
    ({ value }: { value: unknown }) => {
      const { calendar, rows } = JSON.parse(drawn) as { calendar: string[]; rows: string[] }
      const [x, y] = value as [number, number, number]
      void navigate(`/certificates?${new URLSearchParams({ at: 'ra', node, kind: rows[y], ...daysOf(calendar[x]) })}`)
    },
    [drawn, navigate, node],
  )
  const shown = calendar.filter((month) => rows.some((kind) => of.at(month, kind) > 0))
  return (
    <div className="chart-wide">
      <Chart title={t('chart.ending')} label={t('chart.ending.label')} option={option} onClick={open} height={rows.length * 36 + 90} table={{ columns: [t('month'), ...rows.map((kind) => t(`kind.${kind}`))], rows: shown.map((month) => [month, ...rows.map((kind) => of.at(month, kind))]) }} />
    </div>
  )
}

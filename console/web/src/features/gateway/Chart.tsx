import { LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use as register, type EChartsType } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'
import { octets } from '@/lib/format'
import type { Series } from './figures'

register([LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer])

// Chart draws series over time. It is loaded when one is shown; tooltips are drawn, not
// written as HTML: names in them come from outside.
export default function Chart({ series, label, unit }: { series: Series[]; label: string; unit?: 'octets' }) {
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType>(undefined)
  useEffect(() => {
    const drawn = init(box.current!)
    chart.current = drawn
    const watch = new ResizeObserver(() => drawn.resize())
    watch.observe(box.current!)
    return () => {
      watch.disconnect()
      drawn.dispose()
    }
  }, [])
  useEffect(() => {
    const draw = () => {
      const ink = getComputedStyle(document.documentElement).getPropertyValue('--quiet')
      const line = getComputedStyle(document.documentElement).getPropertyValue('--line')
      const write = unit === 'octets' ? octets : (value: number) => value.toLocaleString()
      chart.current?.setOption(
        {
          animation: false,
          grid: { left: 8, right: 16, top: 36, bottom: 8, containLabel: true },
          legend: { top: 0, type: 'scroll', textStyle: { color: ink } },
          tooltip: { trigger: 'axis', renderMode: 'richText', valueFormatter: (value: unknown) => write(Number(value)) },
          xAxis: { type: 'time', axisLabel: { color: ink }, axisLine: { lineStyle: { color: line } } },
          yAxis: { type: 'value', minInterval: 1, axisLabel: { color: ink, formatter: write }, splitLine: { lineStyle: { color: line } } },
          series: series.map((one) => ({ name: one.name, type: 'line', showSymbol: one.points.length < 40, symbolSize: 4, areaStyle: { opacity: 0.08 }, data: one.points })),
        },
        true,
      )
    }
    draw()
    const watch = new MutationObserver(draw) // light and dark
    watch.observe(document.documentElement, { attributeFilter: ['data-look'] })
    return () => watch.disconnect()
  }, [series, unit])
  return <div ref={box} className="chart" role="img" aria-label={label} />
}

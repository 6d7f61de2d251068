import { BarChartOutlined, TableOutlined } from '@ant-design/icons'
import { Empty, Flex, Segmented, Skeleton, Table, theme } from 'antd'
import type { EChartsCoreOption, ECharts } from 'echarts/core'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

// Colours that can be told apart and read on white and on black.
const onWhite = ['#0958d9', '#389e0d', '#d46b08', '#722ed1', '#08979c', '#c41d7f', '#7c6f00', '#595959', '#a8071a']
const onBlack = ['#69b1ff', '#95de64', '#ffc069', '#b37feb', '#5cdbd3', '#ff85c0', '#fff566', '#bfbfbf', '#ff7875']

export interface Look {
  dark: boolean
  text: string
  quiet: string
  line: string
  paper: string
}

interface Props {
  title: ReactNode
  label: string // for those who do not see it
  option: (look: Look) => EChartsCoreOption
  table: { columns: string[]; rows: (string | number)[][] } // the same in figures
  height?: number
  onClick?: (at: { name: string; seriesName?: string; value: unknown }) => void
}

// Chart draws figures, and shows the same figures as a table to whom that says more.
export function Chart({ title, label, option, table, height = 280, onClick }: Props) {
  const { t } = useTranslation('components')
  const [shown, setShown] = useState<'chart' | 'table'>('chart')
  const nothing = table.rows.length === 0
  return (
    <section className="chart-card" aria-label={label}>
      <Flex justify="space-between" align="center" gap={8} className="chart-head">
        <h2 className="chart-title">{title}</h2>
        <Segmented
          size="small"
          aria-label={t('chart.as')}
          value={shown}
          onChange={setShown}
          options={[
            { value: 'chart', icon: <BarChartOutlined aria-label={t('chart.chart')} />, title: t('chart.chart') },
            { value: 'table', icon: <TableOutlined aria-label={t('chart.table')} />, title: t('chart.table') },
          ]}
        />
      </Flex>
      {nothing ? (
        <Flex align="center" justify="center" style={{ minHeight: height }}>
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('chart.empty')} />
        </Flex>
      ) : shown === 'chart' ? (
        <Drawing label={label} option={option} height={height} onClick={onClick} />
      ) : (
        <Table
          size="small"
          pagination={false}
          scroll={{ y: height - 40, x: 'max-content' }}
          rowKey={(_, n) => String(n)}
          dataSource={table.rows.map((cells) => ({ cells }))}
          columns={table.columns.map((column, n) => ({ key: column, title: column, align: n > 0 && typeof table.rows[0]?.[n] === 'number' ? ('right' as const) : undefined, render: (row: { cells: (string | number)[] }) => row.cells[n] }))}
        />
      )}
    </section>
  )
}

function Drawing({ label, option, height, onClick }: Pick<Props, 'label' | 'option' | 'onClick'> & { height: number }) {
  const { token } = theme.useToken()
  const place = useRef<HTMLDivElement>(null)
  const [chart, setChart] = useState<ECharts>()
  useEffect(() => {
    let gone = false
    let made: ECharts | undefined
    const resized = new ResizeObserver(() => made?.resize())
    void import('./echarts').then(({ init }) => {
      if (gone || !place.current) return
      made = init(place.current)
      resized.observe(place.current)
      setChart(made)
    })
    return () => {
      gone = true
      resized.disconnect()
      made?.dispose()
    }
  }, [])
  useEffect(() => {
    if (!chart || chart.isDisposed()) return
    const dark = document.documentElement.dataset.look === 'dark'
    const look = { dark, text: token.colorText, quiet: token.colorTextSecondary, line: token.colorSplit, paper: token.colorBgElevated }
    chart.setOption({ color: dark ? onBlack : onWhite, textStyle: { fontFamily: token.fontFamily, color: look.text }, aria: { enabled: true, label: { description: label } }, animationDuration: 200, ...option(look) }, true)
  }, [chart, option, label, token])
  useEffect(() => {
    if (!chart || !onClick || chart.isDisposed()) return
    const heard = (at: unknown) => onClick(at as { name: string; value: unknown })
    chart.on('click', heard)
    return () => {
      if (!chart.isDisposed()) chart.off('click', heard)
    }
  }, [chart, onClick])
  return (
    <div style={{ position: 'relative', height }}>
      {!chart && <Skeleton active />}
      <div ref={place} role="img" aria-label={label} style={{ position: 'absolute', inset: 0 }} />
    </div>
  )
}

// tooltip is one that needs no markup.
export const tooltip = (look: Look) => ({ renderMode: 'richText' as const, confine: true, backgroundColor: look.paper, borderColor: look.line, textStyle: { color: look.text } })

// axes are a category axis and one of numbers, quiet.
export function axes(look: Look, categories: string[], lying = false) {
  const words = { type: 'category' as const, data: categories, axisLabel: { color: look.quiet, hideOverlap: true }, axisLine: { lineStyle: { color: look.line } }, axisTick: { show: false }, inverse: lying }
  const numbers = { type: 'value' as const, minInterval: 1, axisLabel: { color: look.quiet }, splitLine: { lineStyle: { color: look.line } } }
  return lying ? { xAxis: numbers, yAxis: words } : { xAxis: words, yAxis: numbers }
}

export const legend = (look: Look) => ({ bottom: 0, type: 'scroll' as const, textStyle: { color: look.text }, pageTextStyle: { color: look.text } })
export const grid = { left: 8, right: 16, top: 16, bottom: 36, outerBoundsMode: 'same' as const, outerBoundsContain: 'axisLabel' as const }

import { DownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, DatePicker, Statistic } from 'antd'
import dayjs from 'dayjs'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { ticketReport } from '@/client/ra'
import type { HelpdeskMonth } from '@/client/ra'
import { axes, Chart, grid, tooltip, type Look } from '@/components/Chart'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { csvFile } from '@/lib/csv'
import { useFilters } from '@/lib/filters'
import { ask, save } from '@/lib/http'
import { kinds } from './kinds'

const months = /^\d{4}-(0[1-9]|1[0-2])$/

// Report is a month at the desks of one's subtree.
export default function Report() {
  const { t } = useTranslation('tickets')
  const [filters, setFilters] = useFilters(['month'] as const)
  const month = filters.month && months.test(filters.month) ? filters.month : dayjs().format('YYYY-MM')
  const query = useQuery({ queryKey: ['tickets', 'report', month], queryFn: () => ask(ticketReport({ path: { month } })) })
  return (
    <>
      <PageHead
        title={t('report')}
        about={t('report.about')}
        acts={
          <>
            <DatePicker picker="month" allowClear={false} aria-label={t('month')} value={dayjs(month)} onChange={(chosen) => setFilters({ month: chosen?.format('YYYY-MM') })} />
            {query.data && <Button icon={<DownloadOutlined />} onClick={() => save(csvFile(linesOf(query.data, t)), `${t('report')}-${month}.csv`)}>{t('report.file')}</Button>}
          </>
        }
      />
      <Loaded query={query}>{(figures) => <Figures month={figures} />}</Loaded>
    </>
  )
}

const hours = (ns: number) => Math.round((ns / 3.6e12) * 10) / 10

function linesOf(m: HelpdeskMonth, t: (key: string) => string): string[][] {
  return [
    [t('month'), m.month],
    [t('components:place'), m.node],
    [t('figure.opened'), String(m.opened)],
    [t('figure.resolved'), String(m.resolved)],
    [t('figure.in_time'), String(m.in_time)],
    [t('figure.late'), String(m.late)],
    [t('figure.pending'), String(m.pending)],
    [t('figure.first'), String(hours(m.first_answer_ns))],
    [t('figure.rating'), m.rating ? m.rating.toFixed(1) : ''],
    ...kinds.map((kind) => [t(`kind.${kind}`), String(m.kinds[kind] ?? 0)]),
  ]
}

function Figures({ month: m }: { month: HelpdeskMonth }) {
  const { t } = useTranslation('tickets')
  const byKind = kinds.map((kind): [string, number] => [t(`kind.${kind}`), m.kinds[kind] ?? 0])
  const byRating = m.ratings.map((count, n): [string, number] => [t('stars', { n: n + 1 }), count])
  return (
    <>
      <div className="figures">
        <div className="figure"><Statistic title={t('figure.opened')} value={m.opened} /></div>
        <div className="figure"><Statistic title={t('figure.resolved')} value={m.resolved} /></div>
        <div className="figure"><Statistic title={t('figure.share')} value={m.resolved ? (m.share_in_time * 100).toFixed(1) : '–'} suffix={m.resolved ? '%' : ''} /></div>
        <div className="figure"><Statistic title={t('figure.late')} value={m.late} classNames={{ content: m.late ? 'late' : undefined }} /></div>
        <div className="figure"><Statistic title={t('figure.pending')} value={m.pending} /></div>
        <div className="figure"><Statistic title={t('figure.first')} value={m.first_answer_ns ? hours(m.first_answer_ns) : '–'} /></div>
        <div className="figure"><Statistic title={t('figure.rating')} value={m.rating ? m.rating.toFixed(1) : '–'} suffix={m.rating ? '/ 5' : ''} /></div>
      </div>
      <div className="charts">
        <Bars title={t('chart.kinds')} first={t('kind')} pairs={byKind} lying />
        <Bars title={t('chart.ratings')} first={t('rating')} pairs={byRating} />
      </div>
    </>
  )
}

function Bars({ title, first, pairs, lying = false }: { title: string; first: string; pairs: [string, number][]; lying?: boolean }) {
  const { t } = useTranslation('tickets')
  const key = JSON.stringify(pairs)
  const option = useCallback(
    (look: Look) => {
      const all = JSON.parse(key) as [string, number][]
      return { ...axes(look, all.map(([name]) => name), lying), grid: { ...grid, bottom: 8 }, tooltip: { trigger: 'axis', ...tooltip(look) }, series: [{ type: 'bar', name: title, data: all.map(([, count]) => count), barMaxWidth: 28, label: { show: true, position: lying ? 'right' : 'top', color: look.text } }] }
    },
    [key, lying, title],
  )
  const some = pairs.some(([, count]) => count > 0)
  return <Chart title={title} label={title} option={option} table={{ columns: [first, t('count')], rows: some ? pairs : [] }} />
}

import { useQuery } from '@tanstack/react-query'
import { Card, Empty, Flex, Segmented, Select, Statistic, Table } from 'antd'
import dayjs from 'dayjs'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { statistics } from '@/client/gateway'
import type { GatewayFigure, GatewayStatistics, StatisticsData } from '@/client/gateway'
import { FileButton } from '@/components/FileButton'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { octets } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { ask, byItself } from '@/lib/http'
import { gatewayKey, useMay } from './configuration'
import { overTime, quantile, sum } from './figures'

const Chart = lazy(() => import('./Chart'))

type Kind = NonNullable<NonNullable<StatisticsData['query']>['kind']>
const kinds: Kind[] = ['application', 'protocol', 'handshake', 'page', 'fault', 'user']

// How far back: by minutes an hour to a day, by days a month to a year.
const spans = { hour: { step: 'minute', back: 1, unit: 'hour' }, day: { step: 'minute', back: 1, unit: 'day' }, month: { step: 'day', back: 1, unit: 'month' }, year: { step: 'day', back: 1, unit: 'year' } } as const
type Span = keyof typeof spans

// Statistics is what was counted: over time, by name, and how long answers took.
export default function Statistics() {
  const { t, i18n } = useTranslation('gateway')
  const may = useMay()
  const [{ span: chosen = 'hour', kind: chosenKind = 'application' }, setFilters] = useFilters(['span', 'kind'] as const)
  const kind = chosenKind as Kind
  // Accounts are counted by the day only.
  const span: Span = kind === 'user' && spans[chosen as Span]?.step !== 'day' ? 'month' : (chosen as Span)
  const { step, back, unit } = spans[span]
  const from = dayjs().subtract(back, unit).startOf('minute').toISOString()
  const query = useQuery({ queryKey: [...gatewayKey, 'statistics', span, kind], queryFn: () => ask(statistics({ ...byItself, query: { step, kind, from } })), refetchInterval: 30_000 })
  const file = new URLSearchParams({ step, kind, from, language: i18n.language === 'zh-CN' ? 'zh' : 'en' })
  return (
    <>
      <PageHead title={t('statistics.title')} about={t('statistics.about')} acts={<FileButton url={`/api/gateway/v1/statistics/file?${file}`} label={t('statistics.csv')} />} />
      <Flex gap={12} wrap className="filters">
        <Segmented aria-label={t('statistics.span')} value={span} onChange={(value) => setFilters({ span: value })} options={(Object.keys(spans) as Span[]).map((value) => ({ value, label: t(`span.${value}`), disabled: kind === 'user' && spans[value].step !== 'day' }))} />
        <Select aria-label={t('statistics.kind')} className="filter" value={kind} onChange={(value) => setFilters({ kind: value })} options={kinds.filter((one) => one !== 'user' || may.visits).map((value) => ({ value, label: t(`figures.${value}`) }))} popupMatchSelectWidth={false} />
      </Flex>
      <Loaded query={query}>{(all) => <Figures all={all} kind={kind} />}</Loaded>
    </>
  )
}

function Figures({ all, kind }: { all: GatewayStatistics; kind: Kind }) {
  const { t } = useTranslation('gateway')
  if (all.figures.length === 0) return <Empty description={t('statistics.none')} />
  const total = sum(all.figures)
  const time = { from: all.from, to: all.to, step: all.step === 'day' ? 86_400_000 : 60_000 }
  const visits = kind === 'application' || kind === 'user'
  const slow = quantile(total, 0.99)
  const tiles = [
    { title: t(visits ? 'figure.requests' : 'figure.count'), value: total.requests.toLocaleString() },
    ...(visits ? [{ title: t('figure.refused'), value: total.refused.toLocaleString() }] : []),
    { title: t('figure.failed'), value: total.failed.toLocaleString() },
    ...(visits ? [{ title: t('figure.p50'), value: milliseconds(quantile(total, 0.5)) }, { title: t('figure.p99'), value: milliseconds(slow) }, { title: t('figure.traffic'), value: `${octets(total.sent)} / ${octets(total.received)}` }] : []),
  ]
  return (
    <Flex vertical gap={16}>
      <div className="tiles">
        {tiles.map((tile) => (
          <Card key={tile.title} size="small">
            <Statistic title={tile.title} value={tile.value} />
          </Card>
        ))}
      </div>
      <Card size="small" title={t('statistics.over')}>
        <Suspense fallback={<div className="chart" />}>
          <Chart label={t('statistics.over')} series={overTime(all.figures, (one) => one.requests, time, t('statistics.rest')).map((one) => ({ ...one, name: one.name || t('statistics.nameless') }))} />
        </Suspense>
      </Card>
      {visits && (
        <Card size="small" title={t('statistics.traffic')}>
          <Suspense fallback={<div className="chart" />}>
            <Chart label={t('statistics.traffic')} unit="octets" series={[{ name: t('figure.sent'), of: 'sent' as const }, { name: t('figure.received'), of: 'received' as const }].map(({ name, of }) => ({ name, points: overTime(all.figures.map((one) => ({ ...one, name: '' })), (one) => one[of], time, '')[0]?.points ?? [] }))} />
          </Suspense>
        </Card>
      )}
      <ByName figures={all.figures} visits={visits} />
    </Flex>
  )
}

const milliseconds = (value: number | undefined) => (value === undefined ? '–' : value >= 1000 ? `≤ ${value / 1000} s` : `≤ ${value} ms`)

function ByName({ figures, visits }: { figures: GatewayFigure[]; visits: boolean }) {
  const { t } = useTranslation('gateway')
  const names = [...new Set(figures.map((one) => one.name))]
  const rows = names.map((name) => ({ name, ...sum(figures.filter((one) => one.name === name)) })).sort((a, b) => b.requests - a.requests)
  return (
    <Table
      size="small"
      rowKey="name"
      pagination={rows.length > 50 ? { pageSize: 50 } : false}
      scroll={{ x: 'max-content' }}
      dataSource={rows}
      columns={[
        { key: 'name', title: t('name'), render: (_, row) => <Visible text={row.name === '*' ? t('statistics.rest') : row.name} empty={t('statistics.nameless')} /> },
        { key: 'requests', title: t(visits ? 'figure.requests' : 'figure.count'), align: 'right', render: (_, row) => row.requests.toLocaleString(), sorter: (a, b) => a.requests - b.requests },
        ...(visits ? [{ key: 'refused', title: t('figure.refused'), align: 'right' as const, render: (_: unknown, row: (typeof rows)[number]) => row.refused.toLocaleString() }] : []),
        { key: 'failed', title: t('figure.failed'), align: 'right', render: (_, row) => row.failed.toLocaleString() },
        ...(visits
          ? [
              { key: 'p50', title: t('figure.p50'), align: 'right' as const, render: (_: unknown, row: (typeof rows)[number]) => milliseconds(quantile(row, 0.5)) },
              { key: 'p99', title: t('figure.p99'), align: 'right' as const, render: (_: unknown, row: (typeof rows)[number]) => milliseconds(quantile(row, 0.99)) },
              { key: 'sent', title: t('figure.sent'), align: 'right' as const, render: (_: unknown, row: (typeof rows)[number]) => octets(row.sent) },
              { key: 'received', title: t('figure.received'), align: 'right' as const, render: (_: unknown, row: (typeof rows)[number]) => octets(row.received) },
            ]
          : []),
      ]}
    />
  )
}

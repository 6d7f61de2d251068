import { useQuery } from '@tanstack/react-query'
import { DatePicker, Flex, Segmented, Statistic } from 'antd'
import dayjs from 'dayjs'
import { useTranslation } from 'react-i18next'
import { statistics } from '@/client/ra'
import type { RaStatistics } from '@/client/ra'
import { FileButton } from '@/components/FileButton'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { PlaceSelect } from '@/components/PlaceSelect'
import { useFilters } from '@/lib/filters'
import { ask } from '@/lib/http'
import { Bars } from './Bars'
import { Ending } from './Ending'
import { among, chinaDay, cross, events, kinds, operations, standing, states } from './figures'
import { Flow } from './Flow'

const day = /^\d{4}-\d{2}-\d{2}$/
const valid = (text: string | undefined) => (text && day.test(text) && dayjs(text).isValid() ? text : undefined)

export default function Statistics() {
  const { t, i18n } = useTranslation('statistics')
  const [filters, setFilters] = useFilters(['node', 'from', 'to', 'by'] as const)
  const today = dayjs(chinaDay())
  const from = valid(filters.from) ?? today.startOf('year').format('YYYY-MM-DD')
  const to = valid(filters.to) ?? today.format('YYYY-MM-DD')
  const by = filters.by === 'day' ? 'day' : 'month'
  const asked = { node: filters.node, from, to }
  const query = useQuery({
    queryKey: ['statistics', asked, by],
    queryFn: async () => {
      const [own, below] = await Promise.all([ask(statistics({ query: { ...asked, by: [by, 'kind', 'operation'] } })), ask(statistics({ query: { ...asked, by: ['node', 'kind'] } }))])
      return { own, below }
    },
  })
  const file = (format: 'xlsx' | 'csv') => {
    const search = new URLSearchParams({ from, to, format, language: i18n.language === 'zh-CN' ? 'zh' : 'en' })
    if (filters.node) search.set('node', filters.node)
    for (const one of ['node', by, 'kind', 'operation']) search.append('by', one)
    return <FileButton url={`/api/ra/v1/statistics/file?${search}`} name={`${t('title')}-${from}-${to}.${format}`} label={t(`file.${format}`)} />
  }
  const ago = (count: number, unit: 'day' | 'month') => today.subtract(count, unit)
  return (
    <>
      <PageHead title={t('title')} about={t('about')} acts={<>{file('csv')}{file('xlsx')}</>} />
      <Flex gap={8} wrap className="act-about">
        <DatePicker.RangePicker
          aria-label={t('period')}
          allowClear={false}
          value={[dayjs(from), dayjs(to)]}
          presets={[{ label: t('period.month'), value: [ago(30, 'day'), today] }, { label: t('period.quarter'), value: [ago(3, 'month'), today] }, { label: t('period.year'), value: [today.startOf('year'), today] }, { label: t('period.twelve'), value: [ago(12, 'month'), today] }]}
          onChange={(days) => setFilters({ from: days?.[0]?.format('YYYY-MM-DD'), to: days?.[1]?.format('YYYY-MM-DD') })}
        />
        <Segmented aria-label={t('by')} value={by} onChange={(value) => setFilters({ by: value })} options={[{ value: 'month', label: t('by.month') }, { value: 'day', label: t('by.day') }]} />
        <PlaceSelect value={filters.node} onChange={(node) => setFilters({ node })} />
      </Flex>
      <Loaded query={query}>{(both) => <Charts {...both} />}</Loaded>
    </>
  )
}

// The colour of a state is the same everywhere (components/StateTag).
const tones: Record<string, [string, string]> = { valid: ['#389e0d', '#95de64'], held: ['#d46b08', '#ffc069'], revoked: ['#a8071a', '#ff7875'], expired: ['#8c8c8c', '#8c8c8c'] }

function Charts({ own, below }: { own: RaStatistics; below: RaStatistics }) {
  const { t } = useTranslation('statistics')
  const happened = own.happened.filter((figure) => figure.node === own.node)
  const sum = (event: string) => happened.reduce((all, figure) => all + (figure.event === event ? figure.times : 0), 0)
  const now = below.standing.filter((figure) => figure.node === below.node)
  const valid = now.reduce((all, figure) => all + (figure.event === 'certificate:valid' ? figure.times : 0), 0)
  const waiting = now.reduce((all, figure) => all + (figure.event === 'in:submitted' ? figure.times : 0), 0)
  const approvals = happened.filter((figure) => figure.event === 'approve' && figure.times > 0)
  const approved = approvals.reduce((all, figure) => all + figure.times, 0)
  const hours = approved ? approvals.reduce((all, figure) => all + (figure.waited ?? 0) * figure.times, 0) / approved / 3.6e6 : undefined
  const children = below.happened.filter((figure) => figure.node !== below.node)
  const names = new Map([...below.happened, ...below.standing].map((figure) => [figure.node, figure.name || figure.node]))
  const regions = new Map([...below.happened, ...below.standing].map((figure) => [figure.node, figure.region]))
  const place = (node: string) => (regions.get(node) ? `${names.get(node)} ${regions.get(node)}` : (names.get(node) ?? node))
  const event = (name: string) => t(`event.${name}`)
  const kind = (name: string) => t(`kind.${name}`)
  const state = (name: string) => t(`components:state.${name}`)
  return (
    <>
      <div className="figures">
        <div className="figure"><Statistic title={t('figure.registered')} value={sum('register')} /></div>
        <div className="figure"><Statistic title={t('figure.approved')} value={sum('approve')} /></div>
        <div className="figure"><Statistic title={t('figure.issued')} value={sum('issue')} /></div>
        <div className="figure"><Statistic title={t('figure.wait')} value={hours === undefined ? '–' : hours < 0.1 ? '< 0.1' : hours < 10 ? hours.toFixed(1) : Math.round(hours)} suffix={hours === undefined ? '' : t('hours')} /></div>
        <div className="figure"><Statistic title={t('figure.waiting')} value={waiting} /></div>
        <div className="figure"><Statistic title={t('figure.valid')} value={valid} /></div>
      </div>
      <div className="charts">
        <Flow figures={happened} />
        <Bars title={t('chart.kinds')} first={t('kind')} of={cross(happened, (f) => f.kind, among(events), { rows: kinds, columns: events })} row={kind} column={event} />
        <Bars title={t('chart.operations')} first={t('operation')} of={cross(happened, (f) => f.operation, among(events), { rows: operations, columns: events })} row={(name) => t(`operation.${name}`)} column={event} />
        <Bars title={t('chart.places')} first={t('components:place')} of={cross(children, (f) => f.node, among(events), { columns: events })} row={place} column={event} lying />
        <Bars title={t('chart.standing')} first={t('kind')} tones={tones} of={cross(now, (f) => f.kind, standing, { rows: kinds, columns: states })} row={kind} column={state} lying />
        <Bars title={t('chart.standing.places')} first={t('components:place')} tones={tones} of={cross(below.standing.filter((f) => f.node !== below.node), (f) => f.node, standing, { columns: states })} row={place} column={state} lying />
        <Ending figures={below.ending.filter((f) => f.node === below.node)} node={below.node} />
      </div>
    </>
  )
}

import { BarChartOutlined, FireOutlined, PhoneOutlined } from '@ant-design/icons'
import { Button, Checkbox, Segmented, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { tickets } from '@/client/ra'
import type { HelpdeskTicket } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { useFilters } from '@/lib/filters'
import { minute } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { may, useMe } from '@/lib/me'
import { DueText } from './DueText'

const states = ['open', 'working', 'waiting', 'resolved', 'closed'] as const
type State = (typeof states)[number]

export default function List() {
  const { t } = useTranslation('tickets')
  const navigate = useNavigate()
  const { data: me } = useMe()
  const [filters, setFilters] = useFilters(['state', 'officer'] as const)
  const state = states.find((one) => one === filters.state) as State | undefined
  return (
    <>
      <PageHead
        title={t('title')}
        about={t('about')}
        acts={
          <>
            <Link to="/tickets/report"><Button icon={<BarChartOutlined />}>{t('report')}</Button></Link>
            {may(me, 'desk.work') && <Link to="/tickets/new"><Button type="primary" icon={<PhoneOutlined />}>{t('new')}</Button></Link>}
          </>
        }
      />
      <CursorTable<HelpdeskTicket>
        name="tickets"
        queryKey={['tickets', 'list', filters]}
        refetchEvery={60_000}
        load={(after) => ask(tickets({ query: { state, officer: filters.officer, after, limit: 50 }, ...byItself }))}
        rowKey={(row) => row.number}
        onOpen={(row) => void navigate(`/tickets/${row.number}`)}
        empty={t('empty')}
        filters={
          <>
            <Segmented aria-label={t('state')} value={state ?? ''} onChange={(value) => setFilters({ state: value || undefined })} options={[{ value: '', label: t('state.pending') }, ...states.map((value) => ({ value, label: t(`components:state.ticket.${value}`) }))]} />
            {me && <Checkbox checked={filters.officer === me.name} onChange={(event) => setFilters({ officer: event.target.checked ? me.name : undefined })}>{t('mine')}</Checkbox>}
          </>
        }
        columns={[
          { key: 'number', title: t('number'), render: (_, row) => <Link to={`/tickets/${row.number}`} className="code nowrap" onClick={(event) => event.stopPropagation()}>{row.number}</Link> },
          { key: 'subject', title: t('subject'), render: (_, row) => <span className="long-name">{row.urgent && <Tag color="red" icon={<FireOutlined />}>{t('urgent')}</Tag>}<Visible text={row.subject} empty={row.erased ? t('erased') : '–'} /></span> },
          { key: 'kind', title: t('kind'), render: (_, row) => t(`kind.${row.kind}`) },
          { key: 'name', title: t('name'), render: (_, row) => <Visible text={row.name} /> },
          { key: 'state', title: t('state'), render: (_, row) => <StateTag of="ticket" state={row.state} /> },
          { key: 'due', title: t('due'), render: (_, row) => <DueText ticket={row} /> },
          { key: 'officer', title: t('officer'), render: (_, row) => row.officer || '–' },
          { key: 'node', title: t('components:place'), dataIndex: 'node' },
          { key: 'opened', title: t('opened'), render: (_, row) => minute(row.opened) },
        ]}
      />
    </>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Empty, Input, Select, Table, Tabs, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { connections, sessionEnd, sessions } from '@/client/gateway'
import type { GatewayConnection, GatewaySessionRow } from '@/client/gateway'
import { Act } from '@/components/Act'
import { CursorTable } from '@/components/CursorTable'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { minute, moment } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { ask, byItself } from '@/lib/http'
import { gatewayKey, useConfiguration, useMay } from './configuration'

// Visits is who is logged in, and what is open now.
export default function Visits() {
  const { t } = useTranslation('gateway')
  const [{ tab = 'sessions' }, setFilters] = useFilters(['tab'] as const)
  return (
    <>
      <PageHead title={t('visits.title')} about={t('visits.about')} />
      <Tabs
        activeKey={tab}
        onChange={(next) => setFilters({ tab: next })}
        items={[
          { key: 'sessions', label: t('sessions.title'), children: <Sessions /> },
          { key: 'connections', label: t('connections.title'), children: <Connections /> },
        ]}
      />
    </>
  )
}

const page = 100

function Sessions() {
  const { t } = useTranslation('gateway')
  const may = useMay()
  const [filters, setFilters] = useFilters(['user', 'serial'] as const)
  const key = [...gatewayKey, 'sessions', filters]
  return (
    <CursorTable<GatewaySessionRow>
      name="gateway.sessions"
      queryKey={key}
      refetchEvery={10_000}
      load={async (after) => {
        const items = await ask(sessions({ ...byItself, query: { ...filters, after, limit: page } }))
        return { items, after: items.length === page ? items.at(-1)!.id : undefined }
      }}
      rowKey={(row) => row.id}
      empty={t('sessions.none')}
      filters={
        <>
          <Input.Search allowClear aria-label={t('sessions.user')} placeholder={t('sessions.user')} defaultValue={filters.user} onSearch={(user) => setFilters({ user })} />
          <Input.Search allowClear aria-label={t('serial')} placeholder={t('serial')} defaultValue={filters.serial} onSearch={(serial) => setFilters({ serial })} />
        </>
      }
      columns={[
        { key: 'user', title: t('sessions.user'), render: (_, row) => <Visible text={row.user} /> },
        { key: 'address', title: t('explain.address'), dataIndex: 'address' },
        { key: 'level', title: t('sessions.level'), render: (_, row) => <Tag>{t(`level.${row.level}`)}</Tag> },
        { key: 'issuer', title: t('issuer'), dataIndex: 'issuer' },
        { key: 'serial', title: t('serial'), render: (_, row) => <span className="code">{row.serial}</span> },
        { key: 'started', title: t('sessions.started'), render: (_, row) => minute(row.started) },
        { key: 'lastSeen', title: t('sessions.seen'), render: (_, row) => moment(row.lastSeen) },
        { key: 'until', title: t('sessions.until'), render: (_, row) => minute(row.until) },
        ...(may.end ? [{ key: 'acts', title: t('acts'), render: (_: unknown, row: GatewaySessionRow) => <Act size="small" danger label={t('sessions.end')} title={t('sessions.end.ask', { user: row.user })} about={<p>{t('sessions.end.about')}</p>} done={t('sessions.ended')} run={() => ask(sessionEnd({ path: { id: row.id } }))} refresh={[key]} /> }] : []),
      ]}
    />
  )
}

function Connections() {
  const { t } = useTranslation('gateway')
  const configuration = useConfiguration()
  const [filters, setFilters] = useFilters(['service', 'address', 'user'] as const)
  const query = useQuery({ queryKey: [...gatewayKey, 'connections', filters], queryFn: () => ask(connections({ ...byItself, query: { ...filters, limit: 2000 } })), refetchInterval: 5_000 })
  return (
    <>
      <div className="filters">
        <Select allowClear aria-label={t('kind.services.one')} placeholder={t('kind.services.one')} className="filter" value={filters.service} onChange={(service?: string) => setFilters({ service })} options={configuration.data?.configuration.services.map((one) => ({ value: one.name, label: one.title || one.name }))} />
        <Input.Search allowClear aria-label={t('explain.address')} placeholder={t('explain.address')} defaultValue={filters.address} onSearch={(address) => setFilters({ address })} className="filter" />
        <Input.Search allowClear aria-label={t('sessions.user')} placeholder={t('sessions.user')} defaultValue={filters.user} onSearch={(user) => setFilters({ user })} className="filter" />
      </div>
      <Loaded query={query}>
        {(all) => (
          <Table<GatewayConnection>
            size="small"
            rowKey={(row) => `${row.service} ${row.address} ${row.since}`}
            pagination={all.length > 100 ? { pageSize: 100 } : false}
            scroll={{ x: 'max-content' }}
            dataSource={all}
            locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('connections.none')} /> }}
            columns={[
              { key: 'service', title: t('kind.services.one'), dataIndex: 'service' },
              { key: 'address', title: t('explain.address'), dataIndex: 'address' },
              { key: 'user', title: t('sessions.user'), render: (_, row) => <Visible text={row.user} /> },
              { key: 'protocol', title: t('condition.protocols'), render: (_, row) => <>{row.protocol}{row.resumed && <Tag>{t('connections.resumed')}</Tag>}</> },
              { key: 'issuer', title: t('issuer'), render: (_, row) => row.issuer ?? '–' },
              { key: 'serial', title: t('serial'), render: (_, row) => <span className="code">{row.serial ?? '–'}</span> },
              { key: 'since', title: t('connections.since'), render: (_, row) => moment(row.since) },
            ]}
          />
        )}
      </Loaded>
    </>
  )
}

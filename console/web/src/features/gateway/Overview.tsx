import { RocketOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, Empty, Flex, Statistic, Table, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { backends as readBackends, state as readState, statistics } from '@/client/gateway'
import type { GatewayBackendStatus, GatewayState } from '@/client/gateway'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { told } from '@/components/Failure'
import { Visible } from '@/components/Visible'
import { date, daysUntil, minute } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { gatewayKey } from './configuration'
import { sum } from './figures'

// Overview is how the gateway stands: whether it is what was wanted, and what goes on.
export default function Overview() {
  const { t } = useTranslation('gateway')
  const query = useQuery({ queryKey: [...gatewayKey, 'state'], queryFn: () => ask(readState(byItself)), refetchInterval: 10_000 })
  return (
    <>
      <PageHead
        title={t('title')}
        about={t('about')}
        acts={
          <Link to="/gateway/protect">
            <Button type="primary" icon={<RocketOutlined />}>{t('protect.title')}</Button>
          </Link>
        }
      />
      <Loaded query={query}>{(state) => <Standing state={state} />}</Loaded>
    </>
  )
}

function Standing({ state }: { state: GatewayState }) {
  const { t } = useTranslation('gateway')
  const fresh = state.newest === 0
  const soon = state.certificates.filter((one) => (daysUntil(one.ends) ?? 99) < 31)
  return (
    <Flex vertical gap={16}>
      {state.warnings?.map((one) => <Alert key={one.wrong} type="warning" showIcon title={<Visible text={told(one.code, one.wrong)} />} description={<Visible text={one.remedy ?? ''} />} />)}
      {state.fault && <Alert type="error" showIcon title={t('fault', { newest: state.newest, running: state.running.number })} description={<Visible text={`${told(state.fault.code, state.fault.wrong)} ${state.fault.remedy ?? ''}`} />} />}
      {soon.map((one) => (
        <Alert key={one.name} type={daysUntil(one.ends)! < 0 ? 'error' : 'warning'} showIcon title={t('certificate.soon', { name: one.name, date: date(one.ends) })} />
      ))}
      {fresh && (
        <Card>
          <Empty description={t('first')}>
            <Link to="/gateway/protect">
              <Button type="primary">{t('protect.title')}</Button>
            </Link>
          </Empty>
        </Card>
      )}
      <Now state={state} />
      <Card size="small" title={t('kind.services')}>
        <Table
          size="small"
          rowKey={(row) => row.service + row.bound}
          pagination={false}
          scroll={{ x: 'max-content' }}
          dataSource={state.addresses}
          locale={{ emptyText: t('kind.services.none') }}
          columns={[
            { key: 'service', title: t('kind.services.one'), render: (_, row) => <Link to={`/gateway/parts/services/${row.service}`}>{row.service}</Link> },
            { key: 'kind', title: t('field.services.kind'), render: (_, row) => t(`option.kind.${row.kind}`) },
            { key: 'bound', title: t('address'), render: (_, row) => <span className="code">{row.bound}</span> },
            { key: 'state', title: t('state'), render: () => <StateTag state="good" /> },
          ]}
        />
      </Card>
      <Backends />
    </Flex>
  )
}

// Now is what goes on at this moment and went on in the last hour.
function Now({ state }: { state: GatewayState }) {
  const { t } = useTranslation('gateway')
  const query = useQuery({ queryKey: [...gatewayKey, 'statistics', 'now'], queryFn: () => ask(statistics({ ...byItself, query: { step: 'minute' } })), refetchInterval: 10_000 })
  const all = query.data
  const requests = sum(all?.figures.filter((one) => one.kind === 'application') ?? [])
  const failed = sum(all?.figures.filter((one) => one.kind === 'handshake') ?? []).failed
  const open = Object.values(all?.live.connections ?? {}).reduce((a, b) => a + b, 0)
  const running = <>{state.running.number}</>
  const tiles = [
    { title: t('now.version'), value: running, below: state.running.number > 0 ? <>{state.running.by} · <span className="whole">{minute(state.running.at)}</span></> : t('now.none') },
    { title: t('now.connections'), value: open, below: t('now.connections.about') },
    { title: t('now.requests'), value: requests.requests, below: t('now.requests.about', { refused: requests.refused, failed: requests.failed }) },
    { title: t('now.handshakes'), value: failed, below: <Link to="/gateway/handshakes">{t('handshakes.title')}</Link> },
    { title: t('now.lost'), value: all?.live.lost ?? 0, below: t('now.lost.about') },
  ]
  return (
    <div className="tiles">
      {tiles.map((tile) => (
        <Card key={tile.title} size="small">
          <Statistic title={tile.title} value={typeof tile.value === 'number' ? tile.value : undefined} valueRender={typeof tile.value === 'number' ? undefined : () => tile.value} />
          <span className="quiet">{tile.below}</span>
        </Card>
      ))}
    </div>
  )
}

function Backends() {
  const { t } = useTranslation('gateway')
  const query = useQuery({ queryKey: [...gatewayKey, 'backends'], queryFn: () => ask(readBackends(byItself)), refetchInterval: 10_000 })
  return (
    <Card size="small" title={t('backends.title')}>
      <Loaded query={query}>
        {(all) => (
          <Table<GatewayBackendStatus>
            size="small"
            rowKey={(row) => row.application + row.url}
            pagination={false}
            scroll={{ x: 'max-content' }}
            dataSource={all}
            locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('kind.applications.none')} /> }}
            columns={[
              { key: 'application', title: t('kind.applications.one'), render: (_, row) => <Link to={`/gateway/parts/applications/${row.application}`}>{row.application}</Link> },
              { key: 'url', title: t('address'), render: (_, row) => <span className="code">{row.url}</span> },
              { key: 'state', title: t('state'), render: (_, row) => <><StateTag state={row.up ? 'good' : 'critical'} of="backend" />{row.draining && <Tag>{t('backends.draining')}</Tag>}</> },
              { key: 'since', title: t('backends.since'), render: (_, row) => minute(row.since) },
              { key: 'active', title: t('backends.active'), align: 'right', dataIndex: 'active' },
              { key: 'requests', title: t('figure.requests'), align: 'right', dataIndex: 'requests' },
              { key: 'failures', title: t('figure.failed'), align: 'right', dataIndex: 'failures' },
              { key: 'reason', title: t('backends.reason'), render: (_, row) => <Visible text={row.reason} /> },
            ]}
          />
        )}
      </Loaded>
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Card, Descriptions, Empty, Input, Select, Table, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { handshakes } from '@/client/gateway'
import type { GatewayFailedHandshake } from '@/client/gateway'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { date, moment } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { ask, byItself } from '@/lib/http'
import { gatewayKey, useConfiguration } from './configuration'

// Handshakes is who wanted to come in and could not, why in plain words, and what helps.
export default function Handshakes() {
  const { t, i18n } = useTranslation('gateway')
  const configuration = useConfiguration()
  const [filters, setFilters] = useFilters(['service', 'address', 'cause'] as const)
  const query = useQuery({ queryKey: [...gatewayKey, 'handshakes', filters], queryFn: () => ask(handshakes({ ...byItself, query: { ...filters, limit: 500 } })), refetchInterval: 10_000 })
  const causes = [...new Set([...(query.data?.map((one) => one.cause) ?? []), ...(filters.cause ? [filters.cause] : [])])]
  const say = (one: GatewayFailedHandshake) => (i18n.language === 'zh-CN' ? one.chinese : one.english)
  return (
    <>
      <PageHead title={t('handshakes.title')} about={t('handshakes.about')} />
      <div className="filters">
        <Input.Search allowClear aria-label={t('explain.address')} placeholder={t('handshakes.address')} defaultValue={filters.address} onSearch={(address) => setFilters({ address })} className="filter" />
        <Select allowClear aria-label={t('kind.services.one')} placeholder={t('kind.services.one')} className="filter" value={filters.service} onChange={(service?: string) => setFilters({ service })} options={configuration.data?.configuration.services.map((one) => ({ value: one.name, label: one.title || one.name }))} />
        <Select allowClear aria-label={t('handshakes.cause')} placeholder={t('handshakes.cause')} className="filter" value={filters.cause} onChange={(cause?: string) => setFilters({ cause })} options={causes.map((value) => ({ value, label: value }))} />
      </div>
      <Loaded query={query}>
        {(all) => (
          <Table<GatewayFailedHandshake>
            size="middle"
            rowKey={(row) => `${row.at} ${row.address}`}
            pagination={all.length > 50 ? { pageSize: 50 } : false}
            scroll={{ x: 'max-content' }}
            dataSource={all}
            locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('handshakes.none')} /> }}
            columns={[
              { key: 'at', title: t('time'), render: (_, row) => moment(row.at) },
              { key: 'address', title: t('explain.address'), render: (_, row) => <span className="code">{row.address}</span> },
              { key: 'service', title: t('kind.services.one'), dataIndex: 'service' },
              { key: 'protocol', title: t('condition.protocols'), render: (_, row) => row.protocol || '–' },
              { key: 'why', title: t('handshakes.why'), render: (_, row) => <span className="narrow">{say(row)}</span> },
              { key: 'cause', title: t('handshakes.cause'), render: (_, row) => <Tag>{row.cause}</Tag> },
            ]}
            expandable={{ expandRowByClick: true, expandedRowRender: (row) => <Verdict one={row} /> }}
          />
        )}
      </Loaded>
    </>
  )
}

function Verdict({ one }: { one: GatewayFailedHandshake }) {
  const { t, i18n } = useTranslation('gateway')
  const remedy = i18n.exists(`gateway:remedy.${one.cause}`) ? t(`remedy.${one.cause}`) : t('remedy.other')
  return (
    <Card size="small" title={t('handshakes.what')} className="bounded">
      <p>{remedy}</p>
      <Descriptions
        size="small"
        column={1}
        items={[
          { key: 'detail', label: t('handshakes.detail'), children: <Visible text={one.detail} /> },
          { key: 'name', label: t('handshakes.name'), children: <Visible text={one.serverName} /> },
          { key: 'alert', label: t('handshakes.alert'), children: one.alert ? `${one.alert} (${t(one.received ? 'handshakes.theirs' : 'handshakes.ours')})` : '–' },
          { key: 'suites', label: t('handshakes.suites'), children: one.suites?.join(', ') || '–' },
          { key: 'took', label: t('handshakes.took'), children: `${(one.took * 1000).toFixed(1)} ms` },
          ...(one.certificates ?? []).map((shown, n) => ({ key: `c${n}`, label: t('handshakes.certificate'), children: <span><Visible text={shown.subject} /> ← <Visible text={shown.issuer} /> · <span className="code">{shown.serial}</span> · {date(shown.notBefore)} – {date(shown.notAfter)}</span> })),
        ]}
      />
    </Card>
  )
}

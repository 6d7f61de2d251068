import { ThunderboltOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Alert, Card, Collapse, Empty, Flex, Form, Input, Progress, Radio, Table } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { carryings, issueAll } from '@/client/ra'
import type { RaCarrying, RaCarryFault, RaCarryQuery } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { moment } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { useMe } from '@/lib/me'

const running = (go: RaCarrying) => !go.ended || go.ended.startsWith('0001')

// Carryings carries out many approved applications at once, and shows how far that is.
export default function Carryings() {
  const { t } = useTranslation('work')
  const query = useQuery({
    queryKey: ['carryings'],
    queryFn: () => ask(carryings(byItself)),
    refetchInterval: ({ state }) => (state.data?.some(running) ? 1000 : 15_000),
  })
  return (
    <>
      <PageHead title={t('carryings')} about={t('carryings.about')} acts={<Start />} />
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? (
            <Card><Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('carryings.none')} /></Card>
          ) : (
            <Flex vertical gap={12}>
              {[...all].sort((a, b) => b.began.localeCompare(a.began)).map((go) => <Go key={go.id} go={go} />)}
            </Flex>
          )
        }
      </Loaded>
    </>
  )
}

function Start() {
  const { t } = useTranslation('work')
  const { data: me } = useMe()
  const [what, setWhat] = useState<'node' | 'batch'>('node')
  const [batch, setBatch] = useState('')
  const query: RaCarryQuery = what === 'batch' ? { batch: batch.trim() } : { node: me?.node.id }
  return (
    <Act label={t('carry.start')} icon={<ThunderboltOutlined />} primary title={t('carry.start')} about={<p>{t('carry.about')}</p>} done={t('carry.started')} run={() => ask(issueAll({ body: query }))} refresh={[['carryings'], ['work'], ['applications']]}>
      <Form.Item label={t('carry.what')}>
        <Radio.Group value={what} onChange={(event) => setWhat(event.target.value as typeof what)} options={[{ value: 'node', label: t('carry.node', { node: me?.node.name ?? '' }) }, { value: 'batch', label: t('carry.batch') }]} />
      </Form.Item>
      {what === 'batch' && (
        <Form.Item label={t('carry.number')}>
          <Input aria-label={t('carry.number')} value={batch} maxLength={64} className="code" onChange={(event) => setBatch(event.target.value)} />
        </Form.Item>
      )}
    </Act>
  )
}

function Go({ go }: { go: RaCarrying }) {
  const { t } = useTranslation('work')
  const percent = go.total === 0 ? 100 : Math.round(((go.done + go.failed) / go.total) * 100)
  return (
    <Card size="small" title={t('go.title', { by: go.by, at: moment(go.began) })} extra={<StateTag state={running(go) ? 'running' : 'done'} />}>
      <Progress percent={percent} status={go.failed > 0 ? 'exception' : running(go) ? 'active' : 'success'} aria-label={t('carryings')} />
      <span className="quiet">{t('go.figures', { done: go.done, failed: go.failed, total: go.total, node: go.node })}</span>
      {go.more && <Alert type="info" showIcon title={t('go.more')} className="gap-above" />}
      {go.faults.length > 0 && (
        <Collapse
          ghost
          items={[{
            key: 'faults',
            label: t('go.faults', { count: go.faults.length }),
            children: <Table<RaCarryFault> size="small" pagination={false} dataSource={go.faults} rowKey={(row) => row.application} columns={[{ title: t('go.application'), key: 'id', render: (_, row) => <Link to={`/applications/${row.application}`} className="code">{row.application}</Link> }, { title: t('go.wrong'), key: 'wrong', render: (_, row) => <Wrong fault={row} /> }]} />,
          }]}
        />
      )}
    </Card>
  )
}

function Wrong({ fault }: { fault: RaCarryFault }) {
  const { t, i18n } = useTranslation('components')
  const key = `refusal.${fault.code}`
  return <>{i18n.exists(`components:${key}`) ? t(key) : fault.wrong}</>
}

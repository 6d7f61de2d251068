import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, DatePicker, Empty, Flex, Input, Select, Space, Statistic, Table } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { simulate, versions as readVersions } from '@/client/gateway'
import type { GatewayAltered, PolicyDecision, PolicyRules } from '@/client/gateway'
import { Failure } from '@/components/Failure'
import { Visible } from '@/components/Visible'
import { minute, moment } from '@/lib/format'
import { ask } from '@/lib/http'
import { gatewayKey, useMay } from './configuration'
import { read, written } from './yaml'

// Simulate asks another policy about the visits of the access log: what would it have
// altered? Names of visitors are for who may read visits.
export function Simulate({ rules }: { rules: PolicyRules }) {
  const { t } = useTranslation('gateway')
  const may = useMay()
  const versions = useQuery({ queryKey: [...gatewayKey, 'versions', 'short'], queryFn: () => ask(readVersions({ query: { limit: 100 } })) })
  const [source, setSource] = useState<number | 'text'>('text')
  const [text, setText] = useState<string>()
  const initial = useQuery({ queryKey: [...gatewayKey, 'simulate-text', rules], queryFn: () => written(rules), staleTime: Infinity })
  const [span, setSpan] = useState<[Dayjs, Dayjs]>(() => [dayjs().subtract(1, 'day'), dayjs()])
  const [unread, setUnread] = useState<string>()
  const run = useMutation({
    mutationFn: async () => {
      setUnread(undefined)
      const time = { from: span[0].toISOString(), to: dayjs().isBefore(span[1].add(2, 'minute')) ? undefined : span[1].toISOString(), limit: 500 }
      if (source !== 'text') return ask(simulate({ body: { ...time, version: source } }))
      const result = await read(text ?? initial.data ?? '')
      if ('unread' in result) {
        setUnread(t('policy.unread', { ...result.unread }))
        return undefined
      }
      return ask(simulate({ body: { ...time, rules: result.rules } }))
    },
  })
  if (!may.visits) return <Alert type="info" showIcon title={t('visits.right')} />
  return (
    <Flex vertical gap={16}>
      <Card size="small">
        <Flex vertical gap={12}>
          <Space wrap>
            <Select aria-label={t('simulate.source')} className="simulate-source" value={source} onChange={setSource} options={[{ value: 'text', label: t('simulate.text') }, ...(versions.data ?? []).map((one) => ({ value: one.number, label: `${t('version')} ${one.number} · ${one.note}` }))]} />
            <DatePicker.RangePicker aria-label={t('simulate.span')} showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" allowClear={false} value={span} onChange={(next) => next?.[0] && next[1] && setSpan([next[0], next[1]])} />
            <Button type="primary" loading={run.isPending} onClick={() => run.mutate()}>
              {t('simulate.run')}
            </Button>
          </Space>
          {source === 'text' && <Input.TextArea aria-label={t('policy.text')} className="code" spellCheck={false} rows={12} value={text ?? initial.data ?? ''} onChange={(event) => setText(event.target.value)} />}
        </Flex>
      </Card>
      {unread && <Alert type="error" showIcon role="alert" title={unread} />}
      {run.isError && <Failure error={run.error} />}
      {run.data && <Altered altered={run.data} />}
    </Flex>
  )
}

function Altered({ altered }: { altered: GatewayAltered }) {
  const { t } = useTranslation('gateway')
  const { tally } = altered
  const total = Object.values(tally.changed).reduce((a, b) => a + b, 0)
  return (
    <Flex vertical gap={16} aria-live="polite">
      <div className="tiles">
        <Card size="small">
          <Statistic title={t('simulate.requests')} value={tally.requests} />
          <span className="quiet">{`${minute(altered.from)} – ${minute(altered.to)}`}</span>
        </Card>
        <Card size="small">
          <Statistic title={t('simulate.changed')} value={total} />
          <span className="quiet">{Object.entries(tally.changed).map(([kind, count]) => `${t(`altered.${kind}`)} ${count}`).join(' · ') || t('simulate.same')}</span>
        </Card>
        {(tally.drifted > 0 || tally.unreadable > 0) && (
          <Card size="small">
            <Statistic title={t('simulate.unsure')} value={tally.drifted + tally.unreadable} />
            <span className="quiet">{t('simulate.unsure.about', { drifted: tally.drifted, unreadable: tally.unreadable })}</span>
          </Card>
        )}
      </div>
      <Table
        size="small"
        rowKey="line"
        pagination={altered.changes.length > 50 ? { pageSize: 50 } : false}
        scroll={{ x: 'max-content' }}
        dataSource={altered.changes}
        locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('simulate.same')} /> }}
        columns={[
          { key: 'at', title: t('time'), render: (_, row) => moment(row.request.at) },
          { key: 'who', title: t('explain.who'), render: (_, row) => <Visible text={row.request.subject?.user || row.request.subject?.certificate?.subject.map((one) => `${one.type}=${one.value}`).join(', ')} empty={t('explain.who.nobody')} /> },
          { key: 'what', title: t('simulate.request'), render: (_, row) => <Visible text={`${row.request.application} ${row.request.method ?? ''} ${row.request.path ?? ''}`} /> },
          { key: 'address', title: t('explain.address'), render: (_, row) => row.request.address },
          { key: 'before', title: t('simulate.before'), render: (_, row) => <Decision decision={row.before} /> },
          { key: 'after', title: t('simulate.after'), render: (_, row) => <Decision decision={row.after} /> },
        ]}
      />
    </Flex>
  )
}

function Decision({ decision }: { decision: PolicyDecision }) {
  const { t } = useTranslation('gateway')
  return (
    <span className={decision.allowed ? 'good' : 'bad'}>
      {t(`effect.${decision.allowed ? 'allow' : 'deny'}`)} <span className="quiet">{decision.rule || t('simulate.default')}{decision.missing ? ` · ${t(`level.${decision.missing}`)}` : ''}</span>
    </span>
  )
}

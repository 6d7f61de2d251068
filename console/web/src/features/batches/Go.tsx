import { Alert, Card, Collapse, Progress, Table } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { RaCarrying, RaCarryFault } from '@/client/ra'
import { StateTag } from '@/components/StateTag'
import { moment } from '@/lib/format'

export const running = (go: RaCarrying) => !go.ended || go.ended.startsWith('0001')

// pause is how long to wait before asking again: a second while one goes on.
export const pause = (goes: RaCarrying[] | undefined, otherwise: number | false) => (goes?.some(running) ? 1000 : otherwise)

// Go is one go at many applications: how far it is, and what could not be done.
export function Go({ go, linked }: { go: RaCarrying; linked?: boolean }) {
  const { t } = useTranslation('batches')
  const percent = go.total === 0 ? 100 : Math.floor(((go.done + go.failed) / go.total) * 100)
  return (
    <Card size="small" title={t('go.title', { by: go.by, at: moment(go.began) })} extra={<StateTag state={running(go) ? 'running' : 'done'} />}>
      <Progress percent={percent} status={go.failed > 0 ? 'exception' : running(go) ? 'active' : 'success'} aria-label={t('carryings')} />
      <span className="quiet" aria-live="polite">{t('go.figures', { done: go.done, failed: go.failed, total: go.total, node: go.node })}</span>
      {linked && go.batch && <> · <Link to={`/batches/${go.batch}`} className="code">{t('go.batch', { name: go.batch })}</Link></>}
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

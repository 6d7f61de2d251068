import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button } from 'antd'
import { useTranslation } from 'react-i18next'
import { history_ } from '@/client/ra'
import type { RaApplication } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { moment } from '@/lib/format'
import { ask } from '@/lib/http'
import { Refusal } from '@/lib/refusal'

// Changed says why an act was refused; where somebody else was faster, who, and loads
// what stands there now.
export function Changed({ application, error }: { application: RaApplication; error: unknown }) {
  const { t, i18n } = useTranslation('applications')
  const queries = useQueryClient()
  const stale = error instanceof Refusal && (error.code === 'stale' || error.code === 'application.state')
  const history = useQuery({ queryKey: ['application', application.id, 'history', 'stale', application.version], queryFn: () => ask(history_({ path: { id: application.id } })), enabled: stale, gcTime: 0 })
  if (!stale) return <Failure error={error} />
  const last = history.data?.at(-1)
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      title={last ? t('stale.by', { name: last.actor, at: moment(last.at), event: i18n.exists(`applications:event.${last.event}`) ? t(`event.${last.event}`) : last.event }) : t('components:refusal.stale')}
      description={t('stale.kept')}
      action={<Button onClick={() => void queries.invalidateQueries({ queryKey: ['application', application.id] })}>{t('stale.load')}</Button>}
    />
  )
}

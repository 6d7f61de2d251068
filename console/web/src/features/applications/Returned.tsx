import { useQuery } from '@tanstack/react-query'
import { Alert } from 'antd'
import { useTranslation } from 'react-i18next'
import { history_ } from '@/client/ra'
import type { RaApplication } from '@/client/ra'
import { Visible } from '@/components/Visible'
import { ask } from '@/lib/http'

// Returned says what the reviewer wants to have corrected.
export function Returned({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const waits = application.state === 'returned'
  const history = useQuery({ queryKey: ['application', application.id, 'history'], queryFn: () => ask(history_({ path: { id: application.id } })), enabled: waits })
  const returned = waits ? history.data?.findLast((moment) => moment.event === 'return') : undefined
  return returned && <Alert type="warning" showIcon className="gap-below" title={t('returned.by', { name: returned.actor })} description={<Visible text={returned.note} />} />
}

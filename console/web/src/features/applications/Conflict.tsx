import { Alert } from 'antd'
import { useTranslation } from 'react-i18next'
import type { RaApplication } from '@/client/ra'
import { Act } from '@/components/Act'
import { Visible } from '@/components/Visible'
import { may, useMe } from '@/lib/me'
import { useDecide } from './decide'

// Conflict says that a counter's own process and the registration above it went apart
// while they could not reach one another. A person settles it.
export function Conflict({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const decide = useDecide(application)
  const { data: me } = useMe()
  // What is in the counter's hands is settled there, everything else by the review above it
  // (ra/replica_act.go Settle).
  const counter = application.state === 'draft' || application.state === 'returned'
  const settles = counter ? may(me, 'ra.register') : may(me, 'ra.review') && me?.node.level !== 'lra'
  return (
    <Alert
      type="error"
      showIcon
      title={t('conflict.title')}
      description={
        <>
          <Visible text={application.conflict} />
          {me && !settles && <p className="quiet">{t(counter ? 'conflict.counter' : 'conflict.above')}</p>}
        </>
      }
      action={settles && <Act label={t('conflict.settle')} title={t('conflict.settle')} about={<p>{t('conflict.about')}</p>} reason="required" done={t('conflict.done')} run={(note) => decide.mutateAsync({ act: 'settle', note })} />}
    />
  )
}

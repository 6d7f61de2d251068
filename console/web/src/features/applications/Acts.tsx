import { SendOutlined, ThunderboltOutlined } from '@ant-design/icons'
import { useTranslation } from 'react-i18next'
import type { RaApplication } from '@/client/ra'
import { Act } from '@/components/Act'
import { useDecide } from './decide'

export function Withdraw({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const decide = useDecide(application)
  return <Act label={t('act.withdraw')} title={t('act.withdraw')} about={<p>{t('withdraw.about')}</p>} reason="optional" done={t('done.withdraw')} run={(note) => decide.mutateAsync({ act: 'withdraw', note })} danger />
}

export function SubmitNow({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const decide = useDecide(application)
  return <Act label={t('act.submit')} icon={<SendOutlined />} primary done={t('sent.submitted', { id: application.id })} run={() => decide.mutateAsync({ act: 'submit' })} />
}

export function CarryOut({ application }: { application: RaApplication }) {
  const { t } = useTranslation('applications')
  const decide = useDecide(application)
  return <Act label={t(`carry.${application.operation}`)} icon={<ThunderboltOutlined />} primary done={t('done.issue')} run={() => decide.mutateAsync({ act: 'issue' })} />
}

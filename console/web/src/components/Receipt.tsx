import { Alert } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { minute } from '@/lib/format'

interface Need {
  role: string
  count: number
}

// Needs says who still has to agree.
export function Needs({ missing }: { missing: Need[] }) {
  const { t } = useTranslation('components')
  return <>{missing.map((need) => t('receipt.need', { role: t(`app:role.${need.role}`), count: need.count })).join(t('receipt.and')) || t('receipt.nobody')}</>
}

// Receipt is what a proposal is answered with: it waits for others, and where.
export function Receipt({ place, receipt }: { place: 'ca' | 'kmc'; receipt: { approval: string; missing: Need[]; expires: string } }) {
  const { t } = useTranslation('components')
  return (
    <Alert
      type="success"
      showIcon
      title={t('receipt.title')}
      description={
        <>
          <Needs missing={receipt.missing} /> · {t('receipt.until', { at: minute(receipt.expires) })} · <Link to={`/approvals/${place}/${receipt.approval}`}>{t('receipt.look')}</Link>
        </>
      }
    />
  )
}

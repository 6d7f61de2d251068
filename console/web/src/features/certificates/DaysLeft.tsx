import { useTranslation } from 'react-i18next'
import { date, daysUntil } from '@/lib/format'

// DaysLeft is the day something ends, and how long that is.
export function DaysLeft({ end, state }: { end: string; state: string }) {
  const { t } = useTranslation('certificates')
  const days = daysUntil(end)
  const counts = days !== undefined && (state === 'valid' || state === 'held')
  return (
    <span className="nowrap">
      {date(end)}
      {counts && days >= 0 && <span className={days <= 30 ? 'late' : 'quiet'}> {t('days.left', { days })}</span>}
    </span>
  )
}

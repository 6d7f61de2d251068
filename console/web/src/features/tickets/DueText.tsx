import { ClockCircleOutlined, PauseCircleOutlined, WarningOutlined } from '@ant-design/icons'
import { useTranslation } from 'react-i18next'
import { minute } from '@/lib/format'
import { dueOf } from './due'

// useLasting says a length of time in two units at most.
function useLasting() {
  const { t } = useTranslation('tickets')
  return (seconds: number) => {
    const days = Math.floor(seconds / 86_400)
    const hours = Math.floor((seconds % 86_400) / 3600)
    const minutes = Math.floor((seconds % 3600) / 60)
    if (days > 0) return t('lasting.days', { days, hours })
    if (hours > 0) return t('lasting.hours', { hours, minutes })
    return t('lasting.minutes', { minutes })
  }
}

export function DueText({ ticket }: { ticket: { state: string; due: string; late?: boolean; left_ns?: number } }) {
  const { t } = useTranslation('tickets')
  const lasting = useLasting()
  const due = dueOf(ticket)
  if (due.state === 'paused') return <span className="quiet nowrap"><PauseCircleOutlined /> {t('due.paused', { left: lasting(due.seconds) })}</span>
  if (due.state === 'over') return <span className="quiet">{t('due.met')}</span>
  if (due.state === 'late') return <span className="late nowrap"><WarningOutlined /> {due.seconds > 0 ? t('due.late', { by: lasting(due.seconds) }) : t('due.missed')}</span>
  return <span className="nowrap">{due.state === 'soon' && <ClockCircleOutlined />} {minute(ticket.due)} <span className="quiet">{t('due.left', { left: lasting(due.seconds) })}</span></span>
}

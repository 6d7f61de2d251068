import { Card, Tag, Timeline } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { StateTag } from '@/components/StateTag'
import { date, daysUntil, minute } from '@/lib/format'
import { shareOf, type Mark } from './life'

const colours: Record<Mark['sort'], string> = { begin: 'blue', good: 'blue', wait: 'orange', bad: 'red', end: 'gray' }
const classes: Record<Mark['sort'], string> = { begin: '', good: '', wait: ' wait', bad: ' bad', end: ' end' }

// LifeLine shows a certificate's life: how much of it is over, and what happened in it.
export function LifeLine({ begin, end, state, marks }: { begin: string; end: string; state: string; marks: Mark[] }) {
  const { t } = useTranslation('certificates')
  const [now] = useState(() => Date.now())
  const gone = shareOf(now, begin, end)
  const days = daysUntil(end)
  const over = days === undefined || days < 0
  const alive = !over && state !== 'revoked'
  const percent = (share: number) => `${(share * 100).toFixed(2)}%`
  return (
    <Card title={t('life')} extra={alive ? <Tag color={days <= 30 ? 'orange' : 'green'}>{t('days.left', { days })}</Tag> : <StateTag state={over && state !== 'revoked' ? 'expired' : state} />}>
      <div className="life" role="img" aria-label={t('life.label', { begin: date(begin), end: date(end), percent: Math.round(gone * 100) })}>
        <div className="life-track">
          <div className={alive ? 'life-gone' : 'life-gone over'} style={{ width: percent(gone) }} />
          {marks.map((mark, n) => (
            <span key={n} className={'life-mark' + classes[mark.sort]} style={{ left: percent(shareOf(mark.at, begin, end)) }} title={`${minute(mark.at)} ${t(mark.text)}`} />
          ))}
          {!over && <span className="life-now" style={{ left: percent(Math.min(0.94, Math.max(0.04, gone))) }}>{t('life.today')}</span>}
        </div>
        <div className="life-ends">
          <span>{date(begin)}</span>
          <span>{date(end)}</span>
        </div>
      </div>
      <Timeline
        items={marks.map((mark) => ({
          color: colours[mark.sort],
          content: (
            <>
              {minute(mark.at)} {mark.link ? <Link to={mark.link}>{t('life.application', { operation: t(mark.text) })}</Link> : t(mark.text)} {mark.link && mark.detail ? <StateTag state={mark.detail} /> : mark.detail && <span className="quiet">{t('life.entry')} {mark.detail}</span>}
            </>
          ),
        }))}
      />
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Card, DatePicker, Descriptions, Flex } from 'antd'
import type { Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { stateAt } from '@/client/ca'
import { Loaded } from '@/components/Loaded'
import { StateTag } from '@/components/StateTag'
import { moment } from '@/lib/format'
import { ask } from '@/lib/http'

// AtMoment says how the certificate stood at a moment of the past, with the entry of the
// journal that proves it: what a court asks.
export function AtMoment({ issuer, serial }: { issuer: string; serial: string }) {
  const { t } = useTranslation('certificates')
  const [at, setAt] = useState<Dayjs | null>(null)
  return (
    <Card title={t('moment')}>
      <Flex vertical gap={12}>
        <span className="quiet">{t('moment.about')}</span>
        <DatePicker showTime aria-label={t('moment')} value={at} onChange={setAt} />
        {at && <Then issuer={issuer} serial={serial} at={at.toISOString()} />}
      </Flex>
    </Card>
  )
}

function Then({ issuer, serial, at }: { issuer: string; serial: string; at: string }) {
  const { t } = useTranslation('certificates')
  const query = useQuery({ queryKey: ['certificates', 'at', issuer, serial, at], queryFn: () => ask(stateAt({ path: { issuer, serial }, query: { at } })) })
  return (
    <Loaded query={query}>
      {(then) => (
        <Descriptions
          size="small"
          column={1}
          items={[
            { key: 'state', label: t('state'), children: <StateTag state={then.state} /> },
            { key: 'entry', label: t('moment.entry'), children: `#${then.entry.number}` },
            { key: 'event', label: t('moment.event'), children: t(`event.${then.entry.event}`) },
            { key: 'at', label: t('moment.at'), children: moment(then.entry.at) },
          ]}
        />
      )}
    </Loaded>
  )
}

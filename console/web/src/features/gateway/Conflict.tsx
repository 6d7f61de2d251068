import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Space } from 'antd'
import { useTranslation } from 'react-i18next'
import { compare, versions } from '@/client/gateway'
import { Loaded } from '@/components/Loaded'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { Differences } from './Differences'
import { gatewayKey } from './configuration'

// Conflict shows what somebody else made meanwhile, and lets one go on from there.
export function Conflict({ base, onReload, onRebase }: { base: number; onReload: () => void; onRebase: (newest: number) => void }) {
  const { t } = useTranslation('gateway')
  const theirs = useQuery({
    queryKey: [...gatewayKey, 'conflict', base],
    gcTime: 0,
    queryFn: async () => {
      const [newest] = await ask(versions({ query: { limit: 1 } }))
      return { newest, comparison: await ask(compare({ query: { from: base, to: newest.number } })) }
    },
  })
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      title={t('conflict.title')}
      description={
        <Loaded query={theirs}>
          {({ newest, comparison }) => (
            <Space orientation="vertical">
              <span>
                {t('conflict.by', { number: newest.number, by: newest.by, at: minute(newest.at) })} <Visible text={newest.note} empty="" />
              </span>
              <Differences differences={comparison.differences} />
              <Space wrap>
                <Button onClick={onReload}>{t('conflict.reload')}</Button>
                <Button onClick={() => onRebase(newest.number)}>{t('conflict.rebase')}</Button>
              </Space>
            </Space>
          )}
        </Loaded>
      }
    />
  )
}

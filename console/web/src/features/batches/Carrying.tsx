import { useQuery } from '@tanstack/react-query'
import { Card, Flex } from 'antd'
import { useTranslation } from 'react-i18next'
import { applications, carryings, issueAll } from '@/client/ra'
import type { RaBatch } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { ask, byItself } from '@/lib/http'
import { may, useMe } from '@/lib/me'
import { Go, pause } from './Go'

// Carrying has everything issued that was approved of a batch, and shows the goes at it.
export function Carrying({ batch: one }: { batch: RaBatch }) {
  const { t } = useTranslation('batches')
  const { data: me } = useMe()
  const issues = may(me, 'ra.issue')
  const waiting = useQuery({ queryKey: ['batches', 'approved', one.id], queryFn: async () => (await ask(applications({ query: { batch: one.id, state: ['approved'], limit: 200 } }))).items.length })
  const query = useQuery({
    queryKey: ['batches', 'carryings', one.id],
    queryFn: () => ask(carryings({ ...byItself, query: { batch: one.id, limit: 200 } })).then((page) => page.items),
    enabled: issues,
    refetchInterval: ({ state }) => pause(state.data, false),
  })
  const count = waiting.data ?? 0
  const act = issues && count > 0 && <Act primary label={t('issue')} title={t('issue.title', { count: count >= 200 ? '200+' : count })} about={<p>{t('issue.about')}</p>} done={t('issue.begun')} refresh={[['batches'], ['carryings']]} run={() => ask(issueAll({ body: { batch: one.id } }))} />
  return (
    <Card title={t('issuing')} extra={act}>
      {!issues ? (
        <span className="quiet">{t('issue.who')}</span>
      ) : (
        <Loaded query={query}>
          {(goes) => (
            <Flex vertical gap={12}>
              {(goes.length === 0 || count > 0) && <span className="quiet">{count > 0 ? t('issue.waits', { count: count >= 200 ? '200+' : count }) : t('issue.none')}</span>}
              {goes.map((go) => <Go key={go.id} go={go} />)}
            </Flex>
          )}
        </Loaded>
      )}
    </Card>
  )
}

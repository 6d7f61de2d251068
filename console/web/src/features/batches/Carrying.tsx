import { useQuery } from '@tanstack/react-query'
import { Alert, Card, Flex, Progress, Table } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { applications, carryings, issueAll } from '@/client/ra'
import type { RaBatch } from '@/client/ra'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { minute } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { may, useMe } from '@/lib/me'

// Carrying has everything issued that was approved of a batch, and shows how far that is.
export function Carrying({ batch: one }: { batch: RaBatch }) {
  const { t } = useTranslation('batches')
  const { data: me } = useMe()
  const [own, setOwn] = useState<string>()
  const issues = may(me, 'ra.issue')
  const waiting = useQuery({ queryKey: ['batches', 'approved', one.id], queryFn: async () => (await ask(applications({ query: { batch: one.id, state: ['approved'], limit: 200 } }))).items.length })
  const query = useQuery({
    queryKey: ['batches', 'carryings'],
    queryFn: () => ask(carryings(byItself)),
    enabled: issues,
    refetchInterval: ({ state }) => (state.data?.some((go) => !go.ended) ? 1000 : false),
  })
  const start = async () => {
    const begun = await ask(issueAll({ body: { batch: one.id } }))
    setOwn(begun.id)
  }
  const count = waiting.data ?? 0
  const act = issues && count > 0 && <Act primary label={t('issue')} title={t('issue.title', { count: count >= 200 ? '200+' : count })} about={<p>{t('issue.about')}</p>} done={t('issue.begun')} refresh={[['batches']]} run={start} />
  return (
    <Card title={t('issuing')} extra={act}>
      {!issues ? (
        <span className="quiet">{t('issue.who')}</span>
      ) : (
        <Loaded query={query}>
          {(all) => {
            const go = all.find((one) => one.id === own) ?? all.find((go) => !go.ended)
            if (!go) return <span className="quiet">{count > 0 ? t('issue.waits', { count: count >= 200 ? '200+' : count }) : t('issue.none')}</span>
            return (
              <Flex vertical gap={12} aria-live="polite">
                <Progress percent={go.total > 0 ? Math.floor(((go.done + go.failed) * 100) / go.total) : 100} status={go.ended ? (go.failed ? 'exception' : 'success') : 'active'} />
                <span>{t('issue.progress', { done: go.done, total: go.total, failed: go.failed, by: go.by, began: minute(go.began) })}</span>
                {go.more && go.ended && <Alert type="info" showIcon title={t('issue.more')} />}
                {go.faults.length > 0 && (
                  <Table size="small" pagination={false} rowKey="application" dataSource={go.faults} columns={[{ title: t('id'), render: (_, fault) => <Link to={`/applications/${fault.application}`} className="code">{fault.application}</Link> }, { title: t('wrong'), dataIndex: 'wrong' }]} />
                )}
              </Flex>
            )
          }}
        </Loaded>
      )}
    </Card>
  )
}

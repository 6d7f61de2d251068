import { useQuery } from '@tanstack/react-query'
import { Card, Empty, Flex, Progress, Statistic, Table, Tabs, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { fill, kmcStatus } from '@/client/kmc'
import type { KmcSuiteStatus } from '@/client/kmc'
import { rolesAt, type Role } from '@/app/access'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { date } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { useSession } from '@/lib/session'
import { Retention } from './Retention'

// Keys is how many keys the centre has: spare, in use, in history; and the end of those
// that were kept long enough.
export default function Keys() {
  const { t } = useTranslation('keys')
  const { view } = useSession()
  const roles = rolesAt(view, 'kmc')
  const any = (...wanted: Role[]) => wanted.some((role) => roles.includes(role))
  const tabs = [
    ...(any('system', 'audit') ? [{ key: 'stock', label: t('stock'), children: <Stock may={any('system')} /> }] : []),
    ...(any('custodian', 'security', 'audit') ? [{ key: 'retention', label: t('retention'), children: <Retention may={any('custodian')} /> }] : []),
  ]
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      <Tabs items={tabs} />
    </>
  )
}

const key = ['kmc', 'status']

function Stock({ may }: { may: boolean }) {
  const { t } = useTranslation('keys')
  const query = useQuery({ queryKey: key, queryFn: () => ask(kmcStatus(byItself)), refetchInterval: 5_000 })
  return (
    <Loaded query={query}>
      {({ suites }) => {
        const used = suites.filter((one) => one.target > 0 || one.in_use + one.history + one.spare + one.destroyed > 0)
        const total = (of: 'spare' | 'in_use' | 'history' | 'destroyed') => suites.reduce((all, one) => all + one[of], 0)
        return (
          <Flex vertical gap={16}>
            <div className="tiles">
              {(['spare', 'in_use', 'history', 'destroyed'] as const).map((of) => (
                <Card key={of} size="small">
                  <Statistic title={t(of)} value={total(of)} />
                  <span className="quiet">{t(`${of}.about`)}</span>
                </Card>
              ))}
            </div>
            <Card size="small" title={t('pool')} extra={may ? <Act size="small" label={t('fill')} title={t('fill.ask')} about={<p>{t('fill.about')}</p>} done={t('filled')} run={() => ask(fill())} refresh={[key]} /> : <span className="quiet">{t('fill.who')}</span>}>
              <Table<KmcSuiteStatus>
                size="middle"
                rowKey="suite"
                pagination={false}
                scroll={{ x: 'max-content' }}
                dataSource={used}
                locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('pool.none')} /> }}
                columns={[
                  { key: 'suite', title: t('suite'), render: (_, row) => <strong>{row.suite}</strong> },
                  { key: 'pool', title: t('spare'), width: 280, render: (_, row) => <Spare suite={row} /> },
                  { key: 'oldest', title: t('oldest'), render: (_, row) => date(row.oldest_spare) },
                  { key: 'speed', title: t('speed'), align: 'right', render: (_, row) => (row.made_per_second > 0 ? row.made_per_second.toFixed(row.made_per_second < 10 ? 1 : 0) : '–') },
                  { key: 'in_use', title: t('in_use'), align: 'right', render: (_, row) => row.in_use.toLocaleString() },
                  { key: 'history', title: t('history'), align: 'right', render: (_, row) => row.history.toLocaleString() },
                  { key: 'destroyed', title: t('destroyed'), align: 'right', render: (_, row) => row.destroyed.toLocaleString() },
                ]}
              />
            </Card>
          </Flex>
        )
      }}
    </Loaded>
  )
}

// Spare is how full a pool is; below its low mark orders may soon have to wait.
function Spare({ suite }: { suite: KmcSuiteStatus }) {
  const { t } = useTranslation('keys')
  const low = suite.spare < suite.low
  return (
    <Flex gap={8} align="center">
      <Progress size="small" percent={suite.target ? Math.min(100, Math.round((100 * suite.spare) / suite.target)) : 0} showInfo={false} status={low ? 'exception' : 'normal'} aria-label={`${suite.suite} ${suite.spare}/${suite.target}`} />
      <span className="nowrap">
        {suite.spare} / {suite.target}
      </span>
      {low && <Tag color="red">{t('low')}</Tag>}
    </Flex>
  )
}

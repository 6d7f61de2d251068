import { useQuery } from '@tanstack/react-query'
import { Alert, Card, Table, Tag } from 'antd'
import { useTranslation } from 'react-i18next'
import { lists, signCrls } from '@/client/ca'
import type { PkiListHead } from '@/client/ca'
import { Act } from '@/components/Act'
import { FileButton } from '@/components/FileButton'
import { Loaded } from '@/components/Loaded'
import { minute, octets } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { fresh } from './issuer'

const colours = { good: 'green', warning: 'orange', critical: 'red' }

// Lists are the newest revocation lists of an issuer: the complete one, its partitions
// and their deltas.
export function Lists({ issuer, may }: { issuer: string; may: boolean }) {
  const { t } = useTranslation('issuers')
  const key = ['ca', 'lists', issuer]
  const query = useQuery({ queryKey: key, queryFn: () => ask(lists({ ...byItself, path: { issuer } })), refetchInterval: 30_000 })
  const named = ({ name }: PkiListHead) => (name === 'complete' || name === 'delta' ? t(`list.${name}`) : name.endsWith('-delta') ? t('list.partition.delta', { n: name.slice(0, -6) }) : t('list.partition', { n: name }))
  return (
    <Card size="small" title={t('lists')} extra={may && <Act size="small" label={t('sign')} title={t('sign.ask')} about={<p>{t('sign.about')}</p>} done={t('signed')} run={() => ask(signCrls({ path: { issuer } }))} refresh={[key]} />}>
      <Loaded query={query}>
        {(all) => {
          const now = Date.now()
          const late = all.filter((one) => fresh(one, now) !== 'good')
          return (
            <>
              {late.length > 0 && <Alert className="protect-note" type={late.some((one) => fresh(one, now) === 'critical') ? 'error' : 'warning'} showIcon title={t('lists.late', { names: late.map(named).join(t('and')) })} description={t('lists.late.about')} />}
              <Table<PkiListHead>
                size="small"
                rowKey="name"
                pagination={false}
                scroll={{ x: 'max-content' }}
                dataSource={all}
                locale={{ emptyText: t('lists.none') }}
                columns={[
                  { key: 'name', title: t('list'), render: (_, row) => <strong>{named(row)}</strong> },
                  { key: 'number', title: t('number'), align: 'right', render: (_, row) => <>{row.number}{row.base !== undefined && <span className="quiet"> ← {row.base}</span>}</> },
                  { key: 'entries', title: t('entries'), align: 'right', render: (_, row) => row.entries.toLocaleString() },
                  { key: 'size', title: t('size'), align: 'right', render: (_, row) => octets(row.size) },
                  { key: 'this', title: t('this_update'), render: (_, row) => minute(row.this_update) },
                  { key: 'next', title: t('next_update'), render: (_, row) => <>{minute(row.next_update)} {fresh(row, now) !== 'good' && <Tag color={colours[fresh(row, now)]}>{t(`fresh.${fresh(row, now)}`)}</Tag>}</> },
                  { key: 'file', title: t('file'), render: (_, row) => <FileButton type="link" url={`/api/ca/v1/issuers/${issuer}/lists/${row.name}/${row.number}`} name={`${issuer}-${row.name}-${row.number}.crl`} label={t('download')} /> },
                ]}
              />
            </>
          )
        }}
      </Loaded>
    </Card>
  )
}

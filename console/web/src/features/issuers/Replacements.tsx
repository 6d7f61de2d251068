import { useQuery } from '@tanstack/react-query'
import { Empty, Progress, Table } from 'antd'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { replacements } from '@/client/ca'
import type { CaReplacing } from '@/client/ca'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { ask, byItself } from '@/lib/http'
import { every } from '@/lib/pages'

export const useReplacements = () => useQuery({ queryKey: ['ca', 'replacements'], queryFn: () => every<CaReplacing>((last) => ask(replacements({ ...byItself, query: { after: last?.id, limit: 200 } })), 200), refetchInterval: (query) => (query.state.data?.some((one) => !one.ended) ? 2_000 : 30_000) })

export const percent = (one: CaReplacing) => (one.total === 0 ? 100 : Math.floor((100 * (one.done + one.passed + one.missed)) / one.total))

// Replacements are how far the issuing anew of a CA's certificates has come.
export default function Replacements() {
  const { t } = useTranslation('issuers')
  const navigate = useNavigate()
  const query = useReplacements()
  const open = (row: CaReplacing) => void navigate(`/replacements/${row.id}`)
  return (
    <>
      <PageHead title={t('replacements.title')} about={t('replacements.about')} />
      <Loaded query={query}>
        {(all) => (
          <Table<CaReplacing>
            rowKey="id"
            size="middle"
            pagination={false}
            scroll={{ x: 'max-content' }}
            dataSource={all}
            locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('replacements.none')} /> }}
            onRow={(row) => ({ tabIndex: 0, className: 'opens', onClick: () => open(row), onKeyDown: (event) => event.key === 'Enter' && open(row) })}
            columns={[
              { key: 'which', title: t('replacements.which'), render: (_, row) => <strong>{row.from} → {row.to}</strong> },
              { key: 'state', title: t('state'), render: (_, row) => <StateTag state={row.ended ? 'done' : 'running'} /> },
              { key: 'progress', title: t('replacements.progress'), width: 220, render: (_, row) => <Progress size="small" percent={percent(row)} status={row.missed > 0 ? 'exception' : row.ended ? 'success' : 'active'} aria-label={t('replacements.progress')} /> },
              { key: 'done', title: t('replacements.done'), align: 'right', render: (_, row) => row.done.toLocaleString() },
              { key: 'missed', title: t('replacements.missed'), align: 'right', render: (_, row) => (row.missed > 0 ? <span className="bad">{row.missed.toLocaleString()}</span> : 0) },
              { key: 'by', title: t('replacements.by'), render: (_, row) => <Visible text={row.ordered_by} /> },
              { key: 'created', title: t('replacements.created'), render: (_, row) => minute(row.created) },
              { key: 'reason', title: t('reason'), render: (_, row) => <Visible text={row.reason} /> },
            ]}
          />
        )}
      </Loaded>
    </>
  )
}

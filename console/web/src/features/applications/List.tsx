import { Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { applications } from '@/client/ra'
import type { RaApplication } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { ask } from '@/lib/http'

const states = ['draft', 'submitted', 'returned', 'approved', 'rejected', 'issued', 'delivered', 'withdrawn'] as const

export default function List() {
  const { t } = useTranslation('applications')
  const navigate = useNavigate()
  const [filters, setFilters] = useFilters(['state'] as const)
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      <CursorTable<RaApplication>
        name="applications"
        queryKey={['applications', filters]}
        load={(after) => ask(applications({ query: { state: filters.state ? [filters.state] : undefined, after, limit: 50 } }))}
        rowKey={(row) => row.id}
        onOpen={(row) => void navigate(`/applications/${row.id}`)}
        filters={<Select allowClear aria-label={t('state')} placeholder={t('state')} className="filter" value={filters.state} onChange={(state?: string) => setFilters({ state })} options={states.map((value) => ({ value, label: t(`components:state.${value}`) }))} />}
        columns={[
          { key: 'id', title: t('id'), dataIndex: 'id' },
          { key: 'name', title: t('name'), render: (_, row) => <Visible text={row.fields?.name} /> },
          { key: 'kind', title: t('kind'), render: (_, row) => t(`kind.${row.kind}`) },
          { key: 'operation', title: t('operation'), render: (_, row) => t(`operation.${row.operation}`) },
          { key: 'state', title: t('state'), render: (_, row) => <StateTag state={row.state} /> },
          { key: 'node', title: t('node'), dataIndex: 'node' },
          { key: 'changed', title: t('changed'), render: (_, row) => minute(row.changed) },
        ]}
      />
    </>
  )
}

import { UploadOutlined } from '@ant-design/icons'
import { Button, Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { batches } from '@/client/ra'
import type { RaBatch } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { useFilters } from '@/lib/filters'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { may, useMe } from '@/lib/me'

const states = ['checked', 'running', 'done', 'withdrawn'] as const

export default function List() {
  const { t } = useTranslation('batches')
  const navigate = useNavigate()
  const { data: me } = useMe()
  const [filters, setFilters] = useFilters(['state'] as const)
  return (
    <>
      <PageHead title={t('title')} about={t('about')} acts={may(me, 'ra.register') && <Link to="/batches/new"><Button type="primary" icon={<UploadOutlined />}>{t('new')}</Button></Link>} />
      <CursorTable<RaBatch>
        name="batches"
        queryKey={['batches', 'list', filters]}
        load={(after) => ask(batches({ query: { state: filters.state, after, limit: 50 } }))}
        rowKey={(row) => row.id}
        onOpen={(row) => void navigate(`/batches/${row.id}`)}
        empty={t('empty')}
        filters={<Select allowClear aria-label={t('state')} placeholder={t('state')} className="filter" value={filters.state} onChange={(state?: string) => setFilters({ state })} options={states.map((value) => ({ value, label: t(`components:state.batch.${value}`) }))} />}
        columns={[
          { key: 'name', title: t('file'), render: (_, row) => <Link to={`/batches/${row.id}`} className="long-name" onClick={(event) => event.stopPropagation()}><Visible text={row.name} empty={row.id} /></Link> },
          { key: 'kind', title: t('kind'), render: (_, row) => t(`kind.${row.kind}`) },
          { key: 'state', title: t('state'), render: (_, row) => <StateTag of="batch" state={row.state} /> },
          { key: 'rows', title: t('rows'), align: 'right', dataIndex: 'rows' },
          { key: 'faulty', title: t('faulty'), align: 'right', render: (_, row) => <span className={row.faulty ? 'late' : undefined}>{row.faulty}</span> },
          { key: 'registered', title: t('registered'), align: 'right', dataIndex: 'registered' },
          { key: 'node', title: t('components:place'), dataIndex: 'node' },
          { key: 'by', title: t('by'), dataIndex: 'created_by' },
          { key: 'created', title: t('created'), render: (_, row) => minute(row.created) },
          { key: 'id', title: t('id'), render: (_, row) => <span className="code">{row.id}</span> },
        ]}
      />
    </>
  )
}

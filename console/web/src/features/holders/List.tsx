import { Input } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { holders } from '@/client/ra'
import type { RaHolder } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { PlaceSelect } from '@/components/PlaceSelect'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { useFilters } from '@/lib/filters'
import { minute } from '@/lib/format'
import { ask } from '@/lib/http'

export default function List() {
  const { t } = useTranslation('holders')
  const navigate = useNavigate()
  const [filters, setFilters] = useFilters(['node'] as const)
  const [name, setName] = useState('') // personal, so not in the address
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      <CursorTable<RaHolder>
        name="holders"
        queryKey={['holders', 'list', filters, name]}
        load={(after) => ask(holders({ query: { node: filters.node, name: name || undefined, after, limit: 50 } }))}
        rowKey={(row) => row.id}
        onOpen={(row) => void navigate(`/holders/${row.id}`)}
        empty={t('empty')}
        filters={
          <>
            <Input.Search allowClear aria-label={t('name.begins')} placeholder={t('name.begins')} className="filter" maxLength={100} onSearch={(text) => setName(text.trim())} />
            <PlaceSelect value={filters.node} onChange={(node) => setFilters({ node })} />
          </>
        }
        columns={[
          { key: 'name', title: t('name'), render: (_, row) => <Link to={`/holders/${row.id}`} className="long-name" onClick={(event) => event.stopPropagation()}><Visible text={row.name} /></Link> },
          { key: 'unit', title: t('unit'), render: (_, row) => <span className="long-name"><Visible text={row.unit} /></span> },
          { key: 'kind', title: t('kind'), render: (_, row) => t(`kind.${row.kind}`) },
          { key: 'state', title: t('state'), render: (_, row) => <StateTag of="holder" state={row.state} /> },
          { key: 'node', title: t('components:place'), dataIndex: 'node' },
          { key: 'changed', title: t('changed'), render: (_, row) => minute(row.changed) },
          { key: 'id', title: t('id'), render: (_, row) => <span className="code">{row.id}</span> },
        ]}
      />
    </>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Alert, Input, Space, Tabs } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { archive, me } from '@/client/ra'
import type { RaArchived } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { useFilters } from '@/lib/filters'
import { date } from '@/lib/format'
import { ask } from '@/lib/http'
import { Volumes } from './Volumes'

const parameters = ['holder', 'serial', 'view'] as const

// Archive is what ended more than a year ago: found by name, holder or serial, kept in
// volumes.
export default function Archive() {
  const { t } = useTranslation('archive')
  const [filters, setFilters] = useFilters(parameters)
  const own = useQuery({ queryKey: ['me'], queryFn: () => ask(me()) })
  const rights = own.data?.rights ?? []
  const reads = rights.includes('ra.read')
  const view = filters.view ?? (reads ? 'search' : 'volumes')
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      {own.data && <Tabs activeKey={view} onChange={(next) => setFilters({ view: next })} items={[{ key: 'search', label: t('search'), disabled: !reads, children: <Search filters={filters} setFilters={setFilters} /> }, { key: 'volumes', label: t('volumes'), children: <Volumes rights={rights} home={own.data.home} /> }]} />}
    </>
  )
}

type Filter = Partial<Record<(typeof parameters)[number], string>>

function Search({ filters, setFilters }: { filters: Filter; setFilters: (change: Filter) => void }) {
  const { t } = useTranslation('archive')
  const navigate = useNavigate()
  const [name, setName] = useState('') // personal, so not in the address
  const asked = name || filters.holder || filters.serial
  const field = (of: 'name' | 'holder' | 'serial', value: string | undefined, set: (value: string) => void) => <Input.Search key={of} allowClear aria-label={t(of)} placeholder={t(of)} className="filter" maxLength={100} defaultValue={value} onSearch={(typed) => set(typed.trim())} />
  const fields = <Space wrap>{field('name', name, setName)}{field('holder', filters.holder, (holder) => setFilters({ holder: holder || undefined }))}{field('serial', filters.serial, (serial) => setFilters({ serial: serial || undefined }))}</Space>
  if (!asked) {
    return (
      <Space orientation="vertical" size={16}>
        {fields}
        <Alert type="info" showIcon title={t('search.how')} />
      </Space>
    )
  }
  return (
    <CursorTable<RaArchived>
      name="archive"
      queryKey={['archive', name, filters.holder, filters.serial]}
      load={(after) => ask(archive({ query: { name: name || undefined, holder: filters.holder, serial: filters.serial, after, limit: 50 } }))}
      rowKey={(row) => row.application + (row.serial ?? '')}
      onOpen={(row) => void navigate(`/archive/${row.application}`)}
      empty={t('empty')}
      filters={fields}
      columns={[
        { key: 'application', title: t('application'), dataIndex: 'application' },
        { key: 'name', title: t('name'), render: (_, row) => <Visible text={row.name} /> },
        { key: 'operation', title: t('operation'), render: (_, row) => t(`operation.${row.operation}`) },
        { key: 'serial', title: t('serial'), render: (_, row) => <span className="code">{row.serial || '–'}</span> },
        { key: 'state', title: t('state'), render: (_, row) => <StateTag state={row.state} /> },
        { key: 'created', title: t('created'), render: (_, row) => date(row.created) },
        { key: 'volume', title: t('volume'), dataIndex: 'volume' },
      ]}
    />
  )
}

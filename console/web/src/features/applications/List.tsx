import { DownloadOutlined, PlusOutlined, ThunderboltOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button, Input, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { applications, issueAll } from '@/client/ra'
import type { RaApplication } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { said } from '@/components/Failure'
import { PageHead } from '@/components/PageHead'
import { PlaceSelect } from '@/components/PlaceSelect'
import { SavedViews } from '@/components/SavedViews'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { csv } from '@/lib/csv'
import { useFilters } from '@/lib/filters'
import { ask, save } from '@/lib/http'
import { may, useMe } from '@/lib/me'
import { kinds, makes } from './entry'

const states = ['draft', 'submitted', 'returned', 'approved', 'rejected', 'issued', 'delivered', 'withdrawn'] as const
const names = ['state', 'kind', 'node', 'holder', 'batch', 'only'] as const
type Filter = (typeof names)[number]

// A file of more rows than this is what statistics are for.
const mostExported = 5000

function load(filters: Partial<Record<Filter, string>>, name: string, after: string | undefined, limit: number) {
  const { state, only, ...others } = filters
  // Whose own or what differs is listed in all its states where none is chosen.
  const wanted = state === 'all' ? (only ? undefined : [...states]) : state?.split(',')
  return ask(applications({ query: { ...others, mine: only === 'mine' || undefined, conflict: only === 'conflict' || undefined, state: wanted, name: name || undefined, after, limit } }))
}

export default function List() {
  const { t, i18n } = useTranslation('applications')
  const navigate = useNavigate()
  const { message } = App.useApp()
  const { data: me } = useMe()
  const [filters, setFilters] = useFilters<Filter>(names)
  const [name, setName] = useState('') // personal, so not in the address
  const [chosen, setChosen] = useState<string[]>([])
  const columns = [
    { key: 'id', title: t('id'), render: (row: RaApplication) => <Link to={`/applications/${row.id}`} className="code" onClick={(event) => event.stopPropagation()}>{row.id}</Link>, text: (row: RaApplication) => row.id },
    { key: 'name', title: t('name'), render: (row: RaApplication) => <span className="long-name"><Visible text={row.fields.name} /></span>, text: (row: RaApplication) => row.fields.name ?? '' },
    { key: 'unit', title: t('unit'), render: (row: RaApplication) => <span className="long-name"><Visible text={row.fields.unit} /></span>, text: (row: RaApplication) => row.fields.unit ?? '' },
    { key: 'kind', title: t('kind'), render: (row: RaApplication) => t(`kind.${row.kind}`), text: (row: RaApplication) => t(`kind.${row.kind}`) },
    { key: 'operation', title: t('operation'), render: (row: RaApplication) => t(`operation.${row.operation}`), text: (row: RaApplication) => t(`operation.${row.operation}`) },
    { key: 'state', title: t('state'), render: (row: RaApplication) => <StateTag state={row.state} of={makes(row.operation) ? undefined : 'act'} />, text: (row: RaApplication) => t(`components:state.${row.state === 'issued' && !makes(row.operation) ? 'act.issued' : row.state}`) },
    { key: 'node', title: t('node'), render: (row: RaApplication) => row.node, text: (row: RaApplication) => row.node },
    { key: 'by', title: t('registered_by'), render: (row: RaApplication) => row.registered_by, text: (row: RaApplication) => row.registered_by },
    { key: 'changed', title: t('changed'), render: (row: RaApplication) => minute(row.changed), text: (row: RaApplication) => minute(row.changed) },
  ]
  const file = useMutation({
    mutationFn: async () => {
      const rows: RaApplication[] = []
      let after: string | undefined
      do {
        const page = await load(filters, name, after, 200)
        rows.push(...page.items)
        after = page.after
      } while (after && rows.length < mostExported)
      save(new Blob([csv([columns.map((column) => column.title), ...rows.map((row) => columns.map((column) => column.text(row)))])], { type: 'text/csv' }), `${t('title')}.csv`)
      return { count: rows.length, more: !!after }
    },
    onSuccess: ({ count, more }) => void message.success(t(more ? 'export.part' : 'export.done', { count })),
    onError: (error) => void message.error(said(error).wrong),
  })
  const carry = useMutation({
    mutationFn: () => ask(issueAll({ body: { ids: chosen } })),
    onSuccess: () => void navigate('/carryings'),
    onError: (error) => void message.error(said(error).wrong),
  })
  // What was returned is opened to be corrected.
  const open = (row: RaApplication) => void navigate(`/applications/${row.id}${row.state === 'returned' && may(me, 'ra.register') ? '/edit' : ''}`)
  const carries = may(me, 'ra.issue') && filters.state === 'approved'
  return (
    <>
      <PageHead
        title={t('title')}
        about={t('about')}
        acts={
          <>
            {carries && chosen.length > 0 && (
              <Button icon={<ThunderboltOutlined />} loading={carry.isPending} onClick={() => carry.mutate()}>
                {t('carry.chosen', { count: chosen.length })}
              </Button>
            )}
            <Button icon={<DownloadOutlined />} loading={file.isPending} onClick={() => file.mutate()}>
              {t('export')}
            </Button>
            {may(me, 'ra.register') && (
              <Link to="/applications/new">
                <Button type="primary" icon={<PlusOutlined />}>{t('new.title')}</Button>
              </Link>
            )}
          </>
        }
      />
      <CursorTable<RaApplication>
        name="applications"
        queryKey={['applications', filters, name]}
        load={(after) => load(filters, name, after, 50)}
        rowKey={(row) => row.id}
        onOpen={open}
        selection={carries ? { selectedRowKeys: chosen, onChange: (keys) => setChosen(keys as string[]) } : undefined}
        empty={t('empty')}
        filters={
          <>
            <Select allowClear aria-label={t('state')} placeholder={t(filters.only ? 'state.any' : 'state.waiting')} className="filter" value={filters.state} onChange={(state?: string) => setFilters({ state })} options={[...(filters.only === 'mine' ? (['draft', 'returned'] as const) : states).map((value) => ({ value: value as string, label: t(`components:state.${value}`) })), { value: 'all', label: t('state.all') }]} />
            <Select allowClear aria-label={t('only')} placeholder={t('only')} className="filter-short" value={filters.only} onChange={(only?: string) => setFilters({ only, state: only === 'mine' ? undefined : filters.state })} options={['mine', 'conflict'].map((value) => ({ value, label: t(`only.${value}`) }))} />
            <Select allowClear aria-label={t('kind')} placeholder={t('kind')} className="filter-short" value={filters.kind} onChange={(kind?: string) => setFilters({ kind })} options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))} />
            <PlaceSelect value={filters.node} onChange={(node) => setFilters({ node })} />
            <Input.Search allowClear aria-label={t('name')} placeholder={t('name.begins')} className="filter" onSearch={(text) => setName(text.trim())} maxLength={100} />
            <Text label={t('batch')} value={filters.batch} onChange={(batch) => setFilters({ batch })} key={'batch' + (filters.batch ?? '')} />
            <Text label={t('holder')} value={filters.holder} onChange={(holder) => setFilters({ holder })} key={'holder' + (filters.holder ?? '')} />
            <SavedViews list="applications" filters={{ state: filters.state, kind: filters.kind, node: filters.node, batch: filters.batch, only: filters.only }} onChoose={(view) => setFilters({ state: view.state, kind: view.kind, node: view.node, batch: view.batch, only: view.only, holder: undefined })} />
          </>
        }
        columns={columns.map(({ key, title, render }) => ({ key, title, render: (_: unknown, row: RaApplication) => render(row) }))}
        key={i18n.language}
      />
    </>
  )
}

function Text({ label, value, onChange }: { label: string; value?: string; onChange: (value: string | undefined) => void }) {
  return <Input allowClear aria-label={label} placeholder={label} className="filter-short" defaultValue={value} maxLength={64} onPressEnter={(event) => onChange(event.currentTarget.value.trim() || undefined)} onBlur={(event) => event.target.value.trim() !== (value ?? '') && onChange(event.target.value.trim() || undefined)} onClear={() => onChange(undefined)} />
}

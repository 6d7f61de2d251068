import { DownloadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, Button, DatePicker, Input, Select, Tag } from 'antd'
import dayjs from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { certificates } from '@/client/ra'
import type { RaCertificate } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { said } from '@/components/Failure'
import { PlaceSelect } from '@/components/PlaceSelect'
import { SavedViews } from '@/components/SavedViews'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { csvFile } from '@/lib/csv'
import { useFilters } from '@/lib/filters'
import { date } from '@/lib/format'
import { ask, save } from '@/lib/http'
import { DaysLeft } from './DaysLeft'
import { daysOf, spans } from './ends'

const states = ['valid', 'held', 'revoked', 'expired'] as const
const kinds = ['person', 'organisation', 'device', 'code'] as const
const kept = ['state', 'kind', 'node', 'region', 'unit', 'within', 'ends_from', 'ends_to'] as const
type Filters = Partial<Record<(typeof kept)[number] | 'holder' | 'serial', string>>

// A file of more rows than this is what statistics are for.
const mostExported = 5000

function load(filters: Filters, name: string, after: string | undefined, limit: number) {
  const { within, ends_from, ends_to, ...others } = filters
  return ask(certificates({ query: { ...others, ...daysOf({ within, ends_from, ends_to }), name: name || undefined, after, limit } }))
}

// Registered are the certificates of the holders of one's subtree.
export function Registered() {
  const { t } = useTranslation('certificates')
  const navigate = useNavigate()
  const [filters, setFilters] = useFilters([...kept, 'holder', 'serial'] as const)
  const [name, setName] = useState('') // personal, so not in the address
  const columns = useColumns()
  return (
    <CursorTable<RaCertificate>
      name="certificates"
      queryKey={['certificates', 'ra', filters, name]}
      load={(after) => load(filters, name, after, 50)}
      rowKey={(row) => `${row.issuer}/${row.serial}`}
      onOpen={(row) => void navigate(`/certificates/${row.issuer}/${row.serial}`)}
      empty={t('empty')}
      filters={
        <>
          <Input.Search allowClear aria-label={t('name.begins')} placeholder={t('name.begins')} className="filter" maxLength={100} onSearch={(text) => setName(text.trim())} />
          <Select allowClear aria-label={t('state')} placeholder={t('state')} className="filter-short" value={filters.state} onChange={(state?: string) => setFilters({ state })} options={states.map((value) => ({ value, label: t(`components:state.${value}`) }))} />
          <Select allowClear aria-label={t('kind')} placeholder={t('kind')} className="filter-short" value={filters.kind} onChange={(kind?: string) => setFilters({ kind })} options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))} />
          <PlaceSelect value={filters.node} onChange={(node) => setFilters({ node })} />
          <Ends filters={filters} onChange={setFilters} />
          <Typed label={t('region')} digits value={filters.region} onChange={(region) => setFilters({ region })} key={`region${filters.region ?? ''}`} />
          <Typed label={t('unit')} value={filters.unit} onChange={(unit) => setFilters({ unit })} key={`unit${filters.unit ?? ''}`} />
          <Typed label={t('serial')} value={filters.serial} onChange={(serial) => setFilters({ serial: serial?.toLowerCase().replaceAll(/[^0-9a-f]/g, '') })} key={`serial${filters.serial ?? ''}`} />
          {filters.holder && <Tag closable onClose={() => setFilters({ holder: undefined })}>{t('holder')} {filters.holder}</Tag>}
          <SavedViews list="certificates" filters={Object.fromEntries(kept.map((key) => [key, filters[key]]))} onChoose={(view) => setFilters({ ...Object.fromEntries(kept.map((key) => [key, view[key]])), holder: undefined, serial: undefined })} />
          <Export filters={filters} name={name} />
        </>
      }
      columns={columns}
    />
  )
}

function useColumns() {
  const { t } = useTranslation('certificates')
  return [
    { key: 'name', title: t('name'), render: (_: unknown, row: RaCertificate) => <Link to={`/certificates/${row.issuer}/${row.serial}`} className="long-name" onClick={(event) => event.stopPropagation()}><Visible text={row.name} /></Link> },
    { key: 'unit', title: t('unit'), render: (_: unknown, row: RaCertificate) => <span className="long-name"><Visible text={row.unit} /></span> },
    { key: 'kind', title: t('kind'), render: (_: unknown, row: RaCertificate) => t(`kind.${row.kind}`) },
    { key: 'state', title: t('state'), render: (_: unknown, row: RaCertificate) => <StateTag state={row.state} /> },
    { key: 'end', title: t('end'), render: (_: unknown, row: RaCertificate) => <DaysLeft end={row.not_after} state={row.state} /> },
    { key: 'node', title: t('components:place'), dataIndex: 'node' },
    { key: 'issuer', title: t('issuer'), dataIndex: 'issuer' },
    { key: 'serial', title: t('serial'), render: (_: unknown, row: RaCertificate) => <span className="code short-serial" title={row.serial}>{row.serial}</span> },
    { key: 'profile', title: t('profile'), dataIndex: 'profile' },
  ]
}

function Ends({ filters, onChange }: { filters: Filters; onChange: (change: Filters) => void }) {
  const { t } = useTranslation('certificates')
  const between = filters.ends_from || filters.ends_to
  return (
    <>
      <Select
        allowClear
        aria-label={t('ends')}
        placeholder={t('ends')}
        className="filter"
        value={between ? 'between' : filters.within}
        onChange={(chosen?: string) => onChange(chosen === 'between' ? { within: undefined, ends_from: dayjs().format('YYYY-MM-DD'), ends_to: dayjs().endOf('month').format('YYYY-MM-DD') } : { within: chosen, ends_from: undefined, ends_to: undefined })}
        options={[...spans.map((days) => ({ value: String(days), label: t('ends.within', { days }) })), { value: 'between', label: t('ends.between') }]}
      />
      {between && (
        <DatePicker.RangePicker
          aria-label={t('ends.between')}
          value={[filters.ends_from ? dayjs(filters.ends_from) : null, filters.ends_to ? dayjs(filters.ends_to) : null]}
          allowEmpty={[true, true]}
          onChange={(days) => onChange({ ends_from: days?.[0]?.format('YYYY-MM-DD'), ends_to: days?.[1]?.format('YYYY-MM-DD') })}
        />
      )}
    </>
  )
}

function Typed({ label, value, onChange, digits }: { label: string; value?: string; onChange: (value: string | undefined) => void; digits?: boolean }) {
  const take = (text: string) => {
    const next = (digits ? text.replaceAll(/\D/g, '').slice(0, 6) : text.trim()) || undefined
    if (next !== value) onChange(next)
  }
  return <Input allowClear aria-label={label} placeholder={label} className="filter-short" defaultValue={value} maxLength={64} onPressEnter={(event) => take(event.currentTarget.value)} onBlur={(event) => take(event.target.value)} onClear={() => onChange(undefined)} />
}

function Export({ filters, name }: { filters: Filters; name: string }) {
  const { t } = useTranslation('certificates')
  const { message } = App.useApp()
  const file = useMutation({
    mutationFn: async () => {
      const rows: RaCertificate[] = []
      let after: string | undefined
      do {
        const page = await load(filters, name, after, 200)
        rows.push(...page.items)
        after = page.after
      } while (after && rows.length < mostExported)
      const head = ['name', 'unit', 'kind', 'state', 'begin', 'end', 'node', 'issuer', 'serial', 'profile', 'holder'].map((key) => t(key === 'node' ? 'components:place' : key))
      const lines = rows.map((row) => [row.name, row.unit ?? '', t(`kind.${row.kind}`), t(`components:state.${row.state}`), date(row.not_before), date(row.not_after), row.node, row.issuer, row.serial, row.profile, row.holder])
      save(csvFile([head, ...lines]), `${t('title')}.csv`)
      return { count: rows.length, more: !!after }
    },
    onSuccess: ({ count, more }) => void message.success(t(more ? 'export.part' : 'export.done', { count })),
    onError: (error) => void message.error(said(error).wrong),
  })
  return <Button icon={<DownloadOutlined />} loading={file.isPending} onClick={() => file.mutate()}>{t('export')}</Button>
}

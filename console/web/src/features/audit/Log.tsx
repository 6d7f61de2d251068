import { CheckCircleTwoTone, CloseCircleTwoTone, DownloadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { App, AutoComplete, Button, DatePicker, Dropdown, Input, Select, Tooltip } from 'antd'
import dayjs from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { PlaceTabs, usePlace } from '@/app/PlaceTabs'
import { CursorTable } from '@/components/CursorTable'
import { said } from '@/components/Failure'
import { PageHead } from '@/components/PageHead'
import { Visible } from '@/components/Visible'
import { moment } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { save } from '@/lib/http'
import { commonActs } from './acts'
import type { Wanted } from './calls'
import { Entry, Result } from './Entry'
import { asCSV, asJSON, collect, columnNames, most } from './export'
import { useActName } from './names'
import { Proof } from './Proof'
import { provenPage, type Row } from './proven'

const names = ['actor', 'act', 'object', 'subject', 'result', 'since', 'until'] as const

// Log is the audit log of a place, each page checked by the browser that shows it.
export default function Log() {
  const { t } = useTranslation('audit')
  const place = usePlace('audit')
  const [filters, setFilters] = useFilters(names)
  const [open, setOpen] = useState<Row>()
  const named = useActName()
  const wanted = filters as Wanted
  return (
    <>
      <PageHead title={t('title')} about={t('about')} acts={<Export place={place} wanted={wanted} />} />
      <PlaceTabs right="audit" />
      <CursorTable<Row>
        key={place}
        name="audit"
        queryKey={['audit', place, filters]}
        load={(after) => provenPage(place, wanted, after)}
        rowKey={(row) => String(row.entry.number)}
        onOpen={setOpen}
        above={(rows) => <Proof rows={rows} />}
        filters={<Filters filters={filters} setFilters={setFilters} />}
        empty={t('empty')}
        columns={[
          { key: 'number', title: t('number'), render: (_, { entry, verdict }) => <>{verdict.proven.has(entry.number) ? <CheckCircleTwoTone twoToneColor="#389e0d" aria-label={t('proven')} /> : <CloseCircleTwoTone twoToneColor="#cf1322" aria-label={t('proven.no')} />} {entry.number}</> },
          { key: 'at', title: t('at'), render: (_, { entry }) => moment(entry.at) },
          { key: 'actor', title: t('actor'), render: (_, { entry }) => <Visible text={entry.actor} /> },
          { key: 'act', title: t('act'), render: (_, { entry }) => <Tooltip title={entry.act}>{named(entry.act)}</Tooltip> },
          { key: 'object', title: t('object'), ellipsis: true, width: 260, render: (_, { entry }) => <Visible text={entry.object} /> },
          { key: 'subject', title: t('subject'), ellipsis: true, width: 220, render: (_, { entry }) => <Visible text={entry.subject} /> },
          { key: 'result', title: t('result'), render: (_, { entry }) => <Result result={entry.result} /> },
          { key: 'address', title: t('address'), render: (_, { entry }) => entry.address || '–' },
        ]}
      />
      <Entry row={open} onClose={() => setOpen(undefined)} />
    </>
  )
}

type Filter = Partial<Record<(typeof names)[number], string>>

function Filters({ filters, setFilters }: { filters: Filter; setFilters: (change: Filter) => void }) {
  const { t } = useTranslation('audit')
  const named = useActName()
  const text = (name: 'actor' | 'object' | 'subject') => <Input.Search key={name} allowClear aria-label={t(name)} placeholder={t(name)} className="filter" defaultValue={filters[name]} onSearch={(value) => setFilters({ [name]: value.trim() || undefined })} />
  return (
    <div className="filters">
      {text('actor')}
      <AutoComplete
        allowClear
        aria-label={t('act')}
        placeholder={t('act')}
        className="filter"
        defaultValue={filters.act}
        options={commonActs.map((value) => ({ value, label: `${named(value)} · ${value}` }))}
        showSearch={{ filterOption: (input, option) => String(option?.label).includes(input) }}
        onSelect={(act: string) => setFilters({ act })}
        onBlur={(event) => setFilters({ act: (event.target as HTMLInputElement).value.trim() || undefined })}
        onClear={() => setFilters({ act: undefined })}
      />
      {text('object')}
      {text('subject')}
      <Select allowClear aria-label={t('result')} placeholder={t('result')} className="filter" value={filters.result} onChange={(result?: string) => setFilters({ result })} options={['done', 'refused', 'failed'].map((value) => ({ value, label: t(`result.${value}`) }))} />
      <DatePicker.RangePicker
        showTime={{ format: 'HH:mm' }}
        format="YYYY-MM-DD HH:mm"
        allowEmpty={[true, true]}
        aria-label={t('at')}
        value={[filters.since ? dayjs(filters.since) : null, filters.until ? dayjs(filters.until) : null]}
        onChange={(range) => setFilters({ since: range?.[0]?.toISOString(), until: range?.[1]?.toISOString() })}
      />
    </div>
  )
}

function Export({ place, wanted }: { place: ReturnType<typeof usePlace>; wanted: Wanted }) {
  const { t } = useTranslation('audit')
  const { message } = App.useApp()
  const write = useMutation({
    mutationFn: async (form: 'csv' | 'json') => {
      const entries = await collect(place, wanted)
      const text = form === 'csv' ? asCSV(entries, columnNames.map((name) => t(name))) : await asJSON(place, entries)
      save(new Blob([text], { type: form === 'csv' ? 'text/csv' : 'application/json' }), `audit-${place}-${dayjs().format('YYYYMMDD-HHmm')}.${form}`)
      return entries.length
    },
    onSuccess: (count) => message.success(t(count >= most ? 'exported.most' : 'exported', { count })),
    onError: (error) => message.error(said(error).wrong),
  })
  return (
    <Dropdown trigger={['click']} menu={{ items: [{ key: 'csv', label: t('export.csv') }, { key: 'json', label: t('export.json') }], onClick: ({ key }) => write.mutate(key as 'csv') }}>
      <Button icon={<DownloadOutlined />} loading={write.isPending}>
        {t('export')}
      </Button>
    </Dropdown>
  )
}

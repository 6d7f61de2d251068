import { useQuery } from '@tanstack/react-query'
import { Input, Select } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { issuers, list, profiles } from '@/client/ca'
import type { CaCertificate } from '@/client/ca'
import { CursorTable } from '@/components/CursorTable'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { useFilters } from '@/lib/filters'
import { ask } from '@/lib/http'
import { DaysLeft } from './DaysLeft'
import { commonName } from './names'

// Issued is everything the CA issued: to holders of every registration, to officers and
// to the platform itself.
export function Issued() {
  const { t, i18n } = useTranslation('certificates')
  const navigate = useNavigate()
  const [filters, setFilters] = useFilters(['issuer', 'profile', 'holder'] as const)
  const [subject, setSubject] = useState('') // personal, so not in the address
  const { data: all } = useQuery({ queryKey: ['ca', 'issuers'], queryFn: () => ask(issuers()), staleTime: 60_000 })
  const { data: kinds } = useQuery({ queryKey: ['ca', 'profiles'], queryFn: () => ask(profiles()), staleTime: 60_000 })
  const described = (p: { name: string; description: { zh: string; en: string } }) => `${(i18n.language === 'zh-CN' ? p.description.zh : p.description.en) || p.name} (${p.name})`
  return (
    <CursorTable<CaCertificate>
      name="issued"
      queryKey={['certificates', 'ca', filters, subject]}
      load={async (after) => {
        const page = await ask(list({ query: { ...filters, subject: subject || undefined, after, limit: 50 } }))
        return { items: page.certificates, after: page.after }
      }}
      rowKey={(row) => `${row.issuer}/${row.serial}`}
      onOpen={(row) => void navigate(`/certificates/${row.issuer}/${row.serial}`)}
      empty={t('empty')}
      filters={
        <>
          <Input.Search allowClear aria-label={t('subject.part')} placeholder={t('subject.part')} className="filter" maxLength={128} onSearch={(text) => setSubject(text.trim())} />
          <Select allowClear aria-label={t('issuer')} placeholder={t('issuer')} className="filter-short" popupMatchSelectWidth={false} value={filters.issuer} onChange={(issuer?: string) => setFilters({ issuer })} options={all?.map((one) => ({ value: one.id, label: one.id }))} />
          <Select allowClear showSearch={{ optionFilterProp: 'label' }} aria-label={t('profile')} placeholder={t('profile')} className="filter" popupMatchSelectWidth={false} value={filters.profile} onChange={(profile?: string) => setFilters({ profile })} options={kinds?.map((one) => ({ value: one.name, label: described(one) }))} />
          <Input.Search allowClear aria-label={t('holder')} placeholder={t('holder')} className="filter" defaultValue={filters.holder} maxLength={64} onSearch={(holder) => setFilters({ holder: holder.trim() || undefined })} />
        </>
      }
      columns={[
        { key: 'subject', title: t('subject'), render: (_, row) => <Link to={`/certificates/${row.issuer}/${row.serial}`} className="long-name" onClick={(event) => event.stopPropagation()}><Visible text={commonName(row.subject)} /></Link> },
        { key: 'profile', title: t('profile'), dataIndex: 'profile' },
        { key: 'role', title: t('role'), render: (_, row) => t(`role.${row.role}`) },
        { key: 'state', title: t('state'), render: (_, row) => <StateTag state={row.state} /> },
        { key: 'end', title: t('end'), render: (_, row) => <DaysLeft end={row.not_after} state={row.state} /> },
        { key: 'issuer', title: t('issuer'), dataIndex: 'issuer' },
        { key: 'serial', title: t('serial'), render: (_, row) => <span className="code short-serial" title={row.serial}>{row.serial}</span> },
      ]}
    />
  )
}

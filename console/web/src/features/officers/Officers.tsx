import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Collapse, Descriptions, Empty, Input, Select, Space, Table, Tabs, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { rolesAt, type Place } from '@/app/access'
import { PlaceTabs, usePlace } from '@/app/PlaceTabs'
import type { OfficerOfficer } from '@/client/ca'
import { Act } from '@/components/Act'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { date, daysUntil, minute } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { useSession } from '@/lib/session'
import { endAt, officersAt } from './calls'
import { CodeShown, type Given } from './CodeShown'
import { NewCode } from './NewCode'
import { Posts } from './Posts'

const parameters = ['name', 'role', 'state', 'view'] as const

// Officers are whose certificates a place knows, and at a registration who sits where.
export default function Officers() {
  const { t } = useTranslation('officers')
  const { view } = useSession()
  const place = usePlace('officers')
  const [filters, setFilters] = useFilters(parameters)
  const [making, setMaking] = useState(false)
  const [given, setGiven] = useState<Given>()
  const query = useQuery({ queryKey: ['officers', place], queryFn: () => officersAt(place) })
  const gives = rolesAt(view, place).includes('security')
  const posts = place === 'ra' && filters.view === 'posts'
  return (
    <>
      <PageHead title={t('title')} about={t('about')} acts={gives && !posts && <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>{t('new')}</Button>} />
      <PlaceTabs right="officers" />
      {place === 'ra' && <Tabs type="card" size="small" activeKey={posts ? 'posts' : 'officers'} onChange={(key) => setFilters({ view: key === 'posts' ? 'posts' : undefined })} items={[{ key: 'officers', label: t('registered') }, { key: 'posts', label: t('posts') }]} />}
      {posts ? (
        <Posts gives={gives} onCode={setGiven} />
      ) : (
        <>
          <Separation />
          <Loaded query={query}>{(all) => <Registered place={place} all={all} gives={gives} filters={filters} setFilters={setFilters} />}</Loaded>
        </>
      )}
      <NewCode place={place} officers={query.data ?? []} open={making} onClose={() => setMaking(false)} onCode={(code) => { setMaking(false); setGiven(code) }} />
      <CodeShown given={given} onClose={() => setGiven(undefined)} />
    </>
  )
}

function Separation() {
  const { t } = useTranslation('officers')
  return <Collapse size="small" className="aside" items={[{ key: 'why', label: t('separation'), children: <p className="lines">{t('separation.text')}</p> }]} />
}

type Filter = Partial<Record<(typeof parameters)[number], string>>

function Registered({ place, all, gives, filters, setFilters }: { place: Place; all: OfficerOfficer[]; gives: boolean; filters: Filter; setFilters: (change: Filter) => void }) {
  const { t } = useTranslation('officers')
  const state = filters.state ?? 'active'
  const rows = all.filter((o) => (!filters.name || o.name.includes(filters.name)) && (!filters.role || o.roles.includes(filters.role)) && (state === 'all' || (state === 'ended') === !!o.ended))
  const roles = [...new Set(all.flatMap((o) => o.roles))]
  return (
    <>
      <Space wrap className="filters">
        <Input.Search allowClear aria-label={t('name')} placeholder={t('name')} className="filter" defaultValue={filters.name} onSearch={(name) => setFilters({ name: name.trim() || undefined })} />
        <Select allowClear aria-label={t('role')} placeholder={t('role')} className="filter" value={filters.role} onChange={(role?: string) => setFilters({ role })} options={roles.map((value) => ({ value, label: t(`app:role.${value}`) }))} />
        <Select aria-label={t('state')} className="filter" value={state} onChange={(value) => setFilters({ state: value })} options={['active', 'ended', 'all'].map((value) => ({ value, label: t(`state.${value}`) }))} />
      </Space>
      <Table<OfficerOfficer>
        size="middle"
        rowKey="fingerprint"
        dataSource={rows}
        pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 'max-content' }}
        locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('empty')} /> }}
        expandable={{ expandedRowRender: (o) => <Further o={o} /> }}
        columns={[
          { key: 'name', title: t('name'), render: (_, o) => <Visible text={o.name} />, sorter: (a, b) => a.name.localeCompare(b.name), defaultSortOrder: 'ascend' },
          { key: 'roles', title: t('roles'), render: (_, o) => <Space wrap size={4}>{o.roles.map((role) => <Tag key={role}>{t(`app:role.${role}`)}</Tag>)}</Space> },
          { key: 'kind', title: t('kind'), render: (_, o) => t(`kind.${o.kind}`) },
          { key: 'end', title: t('until'), render: (_, o) => <Until at={o.not_after} ended={!!o.ended} /> },
          { key: 'added', title: t('added'), render: (_, o) => `${date(o.added)} · ${o.added_by}` },
          { key: 'state', title: t('state'), render: (_, o) => <StateTag state={o.ended ? 'ended' : 'active'} /> },
          ...(gives ? [{ key: 'act', title: t('act'), render: (_: unknown, o: OfficerOfficer) => (o.ended ? null : <End place={place} o={o} all={all} />) }] : []),
        ]}
      />
    </>
  )
}

export function Until({ at, ended }: { at?: string; ended?: boolean }) {
  const { t } = useTranslation('officers')
  const left = daysUntil(at)
  return (
    <>
      {date(at)} {!ended && left !== undefined && left < 60 && <Tag color={left < 0 ? 'error' : 'warning'}>{left < 0 ? t('over') : t('left', { days: left })}</Tag>}
    </>
  )
}

function Further({ o }: { o: OfficerOfficer }) {
  const { t } = useTranslation('officers')
  return (
    <Descriptions
      size="small"
      column={1}
      items={[
        { key: 'print', label: t('print'), children: <span className="code">{o.fingerprint}</span> },
        { key: 'serial', label: t('serial'), children: <span className="code">{o.issuer} · {o.serial}</span> },
        ...(o.ended ? [{ key: 'ended', label: t('ended'), children: `${minute(o.ended)} · ${o.ended_by ?? ''}` }] : []),
      ]}
    />
  )
}

function End({ place, o, all }: { place: Place; o: OfficerOfficer; all: OfficerOfficer[] }) {
  const { t } = useTranslation('officers')
  const last = o.roles.includes('security') && all.filter((one) => !one.ended && one.roles.includes('security')).length === 1
  if (last) return <span className="quiet">{t('end.last')}</span>
  return <Act danger size="small" label={t('end')} title={t('end.title', { name: o.name })} about={<p>{t(o.roles.includes('security') ? 'end.security' : 'end.about')}</p>} done={t('end.done')} run={() => endAt(place, o.fingerprint)} refresh={[['officers'], ['approvals']]} />
}

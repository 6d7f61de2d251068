import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Collapse, Descriptions, Input, Select, Space, Tabs, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { rolesAt, type Place } from '@/app/access'
import { PlaceTabs, usePlace } from '@/app/PlaceTabs'
import type { OfficerOfficer } from '@/client/ca'
import { Act } from '@/components/Act'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { date, daysUntil, minute } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { useSession } from '@/lib/session'
import { endAt, officersAt, type Asked } from './calls'
import { CodeShown, type Given } from './CodeShown'
import { NewCode } from './NewCode'
import { Posts } from './Posts'
import { personRoles, placeRoles } from './separation'

const parameters = ['name', 'role', 'state', 'view'] as const

// Officers are whose certificates a place knows, and at a registration who sits where.
export default function Officers() {
  const { t } = useTranslation('officers')
  const { view } = useSession()
  const place = usePlace('officers')
  const [filters, setFilters] = useFilters(parameters)
  const [making, setMaking] = useState(false)
  const [given, setGiven] = useState<Given>()
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
          <Registered place={place} gives={gives} filters={filters} setFilters={setFilters} />
        </>
      )}
      <NewCode place={place} open={making} onClose={() => setMaking(false)} onCode={(code) => { setMaking(false); setGiven(code) }} />
      <CodeShown given={given} onClose={() => setGiven(undefined)} />
    </>
  )
}

function Separation() {
  const { t } = useTranslation('officers')
  return <Collapse size="small" className="aside" items={[{ key: 'why', label: t('separation'), children: <p className="lines">{t('separation.text')}</p> }]} />
}

type Filter = Partial<Record<(typeof parameters)[number], string>>

const page = 50

function Registered({ place, gives, filters, setFilters }: { place: Place; gives: boolean; filters: Filter; setFilters: (change: Filter) => void }) {
  const { t } = useTranslation('officers')
  const state = filters.state ?? 'active'
  const asked: Asked = { name: filters.name?.toLowerCase(), role: filters.role, state: state === 'all' ? undefined : (state as Asked['state']) }
  // The last security administrator stays (the server says so too).
  const security = useQuery({ queryKey: ['officers', place, 'security'], queryFn: () => officersAt(place, { role: 'security', state: 'active', limit: 2 }), enabled: gives })
  return (
    <CursorTable<OfficerOfficer>
      name="officers"
      queryKey={['officers', place, asked]}
      load={async (after) => {
        const items = await officersAt(place, { ...asked, after, limit: page })
        return { items, after: items.length === page ? items[page - 1]!.fingerprint : undefined }
      }}
      rowKey={(o) => o.fingerprint}
      empty={t('empty')}
      filters={
        <>
          <Input.Search allowClear aria-label={t('name')} placeholder={t('name')} className="filter" defaultValue={filters.name} maxLength={64} onSearch={(name) => setFilters({ name: name.trim() || undefined })} />
          <Select allowClear aria-label={t('role')} placeholder={t('role')} className="filter" value={filters.role} onChange={(role?: string) => setFilters({ role })} options={[...personRoles, ...placeRoles].map((value) => ({ value, label: t(`app:role.${value}`) }))} />
          <Select aria-label={t('state')} className="filter" value={state} onChange={(value) => setFilters({ state: value })} options={['active', 'ended', 'all'].map((value) => ({ value, label: t(`state.${value}`) }))} />
        </>
      }
      columns={[
        { key: 'name', title: t('name'), render: (_, o) => <Visible text={o.name} /> },
        { key: 'roles', title: t('roles'), render: (_, o) => <Space wrap size={4}>{o.roles.map((role) => <Tag key={role}>{t(`app:role.${role}`)}</Tag>)}</Space> },
        { key: 'kind', title: t('kind'), render: (_, o) => t(`kind.${o.kind}`) },
        { key: 'end', title: t('until'), render: (_, o) => <Until at={o.not_after} ended={!!o.ended} /> },
        { key: 'added', title: t('added'), render: (_, o) => `${date(o.added)} · ${o.added_by}` },
        { key: 'state', title: t('state'), render: (_, o) => <StateTag state={o.ended ? 'ended' : 'active'} /> },
        ...(gives ? [{ key: 'act', title: t('act'), render: (_: unknown, o: OfficerOfficer) => (o.ended ? null : <End place={place} o={o} last={security.data?.length === 1} />) }] : []),
      ]}
      expanded={(o) => <Further o={o} />}
    />
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

function End({ place, o, last }: { place: Place; o: OfficerOfficer; last: boolean }) {
  const { t } = useTranslation('officers')
  if (last && o.roles.includes('security')) return <span className="quiet">{t('end.last')}</span>
  return <Act danger size="small" label={t('end')} title={t('end.title', { name: o.name })} about={<p>{t(o.roles.includes('security') ? 'end.security' : 'end.about')}</p>} done={t('end.done')} run={() => endAt(place, o.fingerprint)} refresh={[['officers'], ['approvals']]} />
}

import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Select, Space, Tabs, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { glances, me, systems } from '@/client/ra'
import type { RaGlance, RaSystem } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { FileButton } from '@/components/FileButton'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { ask } from '@/lib/http'
import { SystemForm } from './SystemForm'

const parameters = ['state', 'view'] as const

// Systems are the applications that use certificates (应用系统), and who looked at them.
export default function Systems() {
  const { t } = useTranslation('systems')
  const [filters, setFilters] = useFilters(parameters)
  const [adding, setAdding] = useState(false)
  const own = useQuery({ queryKey: ['me'], queryFn: () => ask(me()) })
  return (
    <>
      <PageHead
        title={t('title')}
        about={t('about')}
        acts={
          <>
            <FileButton url="/api/ra/v1/systems/file?form=xlsx" name="systems.xlsx" label={t('file')} />
            {own.data?.rights.includes('ra.systems.write') && <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>{t('new')}</Button>}
          </>
        }
      />
      <Tabs activeKey={filters.view ?? 'list'} onChange={(view) => setFilters({ view: view === 'list' ? undefined : view })} items={[{ key: 'list', label: t('list'), children: <List state={filters.state} setState={(state) => setFilters({ state })} /> }, ...(own.data?.rights.includes('ra.members.read') ? [{ key: 'glances', label: t('glances'), children: <Glances /> }] : [])]} />
      {adding && <SystemForm onClose={() => setAdding(false)} />}
    </>
  )
}

function List({ state, setState }: { state?: string; setState: (state?: string) => void }) {
  const { t } = useTranslation('systems')
  const navigate = useNavigate()
  return (
    <CursorTable<RaSystem>
      name="systems"
      queryKey={['systems', state]}
      load={(after) => ask(systems({ query: { state, after, limit: 50 } }))}
      rowKey={(row) => row.id}
      onOpen={(row) => void navigate(`/systems/${row.id}`)}
      empty={t('empty')}
      filters={<Select allowClear aria-label={t('state')} placeholder={t('state')} className="filter" value={state} onChange={setState} options={['draft', 'active', 'ended'].map((value) => ({ value, label: t(`components:state.system.${value}`) }))} />}
      columns={[
        { key: 'id', title: t('id'), render: (_, row) => <code>{row.id}</code> },
        { key: 'name', title: t('name'), render: (_, row) => <Visible text={row.name} /> },
        { key: 'owner', title: t('owner'), render: (_, row) => <Visible text={row.owner} /> },
        { key: 'services', title: t('services'), render: (_, row) => <Space wrap size={4}>{row.services.map((one) => <Tag key={one}>{t(`service.${one}`)}</Tag>)}</Space> },
        { key: 'kinds', title: t('kinds'), render: (_, row) => row.kinds.map((one) => t(`kind.${one}`)).join(t('app:or')) },
        { key: 'node', title: t('node'), dataIndex: 'node' },
        { key: 'state', title: t('state'), render: (_, row) => <StateTag state={row.state} of="system" /> },
        { key: 'changed', title: t('changed'), render: (_, row) => minute(row.changed) },
      ]}
    />
  )
}

function Glances() {
  const { t } = useTranslation('systems')
  return (
    <CursorTable<RaGlance>
      name="glances"
      queryKey={['glances']}
      load={(after) => ask(glances({ query: { after, limit: 50 } }))}
      rowKey={(row) => row.at + row.officer + row.system}
      empty={t('glances.empty')}
      columns={[
        { key: 'at', title: t('at'), render: (_, row) => minute(row.at) },
        { key: 'officer', title: t('officer'), dataIndex: 'officer' },
        { key: 'node', title: t('from'), dataIndex: 'node' },
        { key: 'system', title: t('system'), dataIndex: 'system' },
        { key: 'holders', title: t('holders'), dataIndex: 'holders' },
      ]}
    />
  )
}

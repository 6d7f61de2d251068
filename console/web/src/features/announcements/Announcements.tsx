import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Select, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { announcements, me } from '@/client/ra'
import type { RaAnnouncement } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { useFilters } from '@/lib/filters'
import { date, minute } from '@/lib/format'
import { ask } from '@/lib/http'
import { Write } from './Write'

const parameters = ['state'] as const

// Announcements are what the service tells everybody on its public site (公告).
export default function Announcements() {
  const { t, i18n } = useTranslation('announcements')
  const navigate = useNavigate()
  const [filters, setFilters] = useFilters(parameters)
  const [writing, setWriting] = useState(false)
  const own = useQuery({ queryKey: ['me'], queryFn: () => ask(me()) })
  return (
    <>
      <PageHead title={t('title')} about={t('about')} acts={own.data?.rights.includes('ra.policy.propose') && <Button type="primary" icon={<PlusOutlined />} onClick={() => setWriting(true)}>{t('write')}</Button>} />
      <CursorTable<RaAnnouncement>
        name="announcements"
        queryKey={['announcements', filters.state]}
        load={(after) => ask(announcements({ query: { state: filters.state, after, limit: 50 } }))}
        rowKey={(row) => row.id}
        onOpen={(row) => void navigate(`/announcements/${row.id}`)}
        empty={t('empty')}
        filters={<Select allowClear aria-label={t('state')} placeholder={t('state')} className="filter" value={filters.state} onChange={(state?: string) => setFilters({ state })} options={['proposed', 'published', 'refused', 'withdrawn'].map((value) => ({ value, label: t(`components:state.${value}`) }))} />}
        columns={[
          { key: 'title', title: t('name'), render: (_, row) => <Visible text={i18n.language === 'zh-CN' ? row.title_zh : row.title_en} /> },
          { key: 'begins', title: t('begins'), render: (_, row) => minute(row.begins) },
          { key: 'ends', title: t('ends'), render: (_, row) => (row.ends ? date(row.ends) : t('ends.none')) },
          { key: 'state', title: t('state'), render: (_, row) => <><StateTag state={row.state} /> {row.shown && <Tag color="green">{t('shown')}</Tag>}</> },
          { key: 'by', title: t('by'), render: (_, row) => row.by || '–' },
        ]}
      />
      {writing && <Write onClose={() => setWriting(false)} />}
    </>
  )
}

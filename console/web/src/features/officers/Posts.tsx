import { PlusOutlined } from '@ant-design/icons'
import { Button, Input, Space } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { posts } from '@/client/ra'
import type { RaPost } from '@/client/ra'
import { CursorTable } from '@/components/CursorTable'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { ask } from '@/lib/http'
import type { Given } from './CodeShown'
import { NewPost, PostPapers } from './PostForms'
import { Until } from './Officers'

const parameters = ['officer', 'node'] as const

// Posts say who sits where in the tree, by which papers, and until when.
export function Posts({ gives, onCode }: { gives: boolean; onCode: (given: Given) => void }) {
  const { t } = useTranslation('officers')
  const [filters, setFilters] = useFilters(parameters)
  const [making, setMaking] = useState(false)
  const [open, setOpen] = useState<RaPost>()
  return (
    <>
      <CursorTable<RaPost>
        name="posts"
        queryKey={['posts', filters.officer, filters.node]}
        load={(after) => ask(posts({ query: { officer: filters.officer, node: filters.node, after, limit: 100 } }))}
        rowKey={(post) => post.officer}
        onOpen={gives ? setOpen : undefined}
        empty={t('posts.empty')}
        filters={
          <Space wrap>
            <Input.Search allowClear aria-label={t('name')} placeholder={t('name')} className="filter" defaultValue={filters.officer} onSearch={(officer) => setFilters({ officer: officer.trim() || undefined })} />
            <Input.Search allowClear aria-label={t('node')} placeholder={t('node')} className="filter" defaultValue={filters.node} onSearch={(node) => setFilters({ node: node.trim() || undefined })} />
            {gives && <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>{t('post.new')}</Button>}
          </Space>
        }
        columns={[
          { key: 'officer', title: t('name'), render: (_, post) => <Visible text={post.officer} /> },
          { key: 'node', title: t('node'), dataIndex: 'node' },
          { key: 'title', title: t('post.title'), render: (_, post) => <Visible text={post.title} /> },
          { key: 'trained', title: t('post.trained'), render: (_, post) => post.trained || <span className="quiet">{t('missing')}</span> },
          { key: 'paper', title: t('post.paper'), render: (_, post) => (post.confidentiality ? <span className="code">{post.confidentiality.slice(0, 12)}…</span> : <span className="quiet">{t('missing')}</span>) },
          { key: 'until', title: t('post.until'), render: (_, post) => <Until at={post.until} /> },
          { key: 'changed', title: t('changed'), render: (_, post) => `${minute(post.changed)} · ${post.changed_by}` },
        ]}
      />
      <NewPost open={making} onClose={() => setMaking(false)} onCode={(given) => { setMaking(false); onCode(given) }} />
      <PostPapers post={open} onClose={() => setOpen(undefined)} />
    </>
  )
}

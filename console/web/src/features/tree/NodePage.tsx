import { useQuery } from '@tanstack/react-query'
import { Alert, Breadcrumb, Button, Card, Descriptions, Flex, Tabs, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { RaMe, RaNode } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { belowOf, most, parentsOf, useLinks } from './calls'
import { effective } from './effect'
import { Health } from './Health'
import { NodeForm } from './NodeForm'
import { NodeStates } from './NodeStates'
import { RightsShown } from './RightsShown'

// NodePage is one place of the tree: who it is, what it may, and what hangs below.
export function NodePage({ node, mine, onOpen }: { node: RaNode; mine: RaMe; onOpen: (id: string) => void }) {
  const { t } = useTranslation('tree')
  const [editing, setEditing] = useState(false)
  const parents = useQuery({ queryKey: ['nodes', 'parents', node.path], queryFn: () => parentsOf(node, mine.node) })
  const below = useQuery({ queryKey: ['nodes', 'below', node.id], queryFn: () => belowOf(node.id) })
  const own = node.id === mine.node.id
  const writes = mine.rights.includes('ra.tree.write') && !mine.apart && !own
  return (
    <Flex vertical gap={16}>
      <Breadcrumb items={[...(parents.data ?? []).map((one) => ({ title: <Link to={`/tree/${one.id}`}>{one.name}</Link> })), { title: node.name }]} />
      <Card
        title={<Visible text={node.name} />}
        extra={
          <Flex gap={8} align="center" wrap>
            <StateTag state={node.state} of="node" />
            <NodeStates node={node} mine={mine} below={below.data} />
            {writes && node.state !== 'closed' && <Button onClick={() => setEditing(true)}>{t('edit')}</Button>}
          </Flex>
        }
      >
        {node.state === 'pending' && <Alert type="info" showIcon className="aside" title={t('pending', { by: node.added_by })} />}
        {own && <Alert type="info" showIcon className="aside" title={t('own')} />}
        {mine.apart && <Alert type="info" showIcon className="aside" title={t('apart')} />}
        <Facts node={node} below={below.data} />
      </Card>
      <Tabs
        items={[
          { key: 'rights', label: t('rights'), children: <Loaded query={parents}>{(above) => <RightsShown rights={node.rights} effective={effective([...above, node].map((one) => one.rights))} />}</Loaded> },
          { key: 'below', label: t('below'), children: <Loaded query={below}>{(list) => <Below list={list.filter((one) => one.parent === node.id)} onOpen={onOpen} />}</Loaded> },
        ]}
      />
      {editing && parents.data && <NodeForm node={node} above={effective(parents.data.map((one) => one.rights))} parent={parents.data[parents.data.length - 1]} below={below.data ?? []} onClose={() => setEditing(false)} />}
    </Flex>
  )
}

function Facts({ node, below }: { node: RaNode; below?: RaNode[] }) {
  const { t } = useTranslation('tree')
  const links = useLinks()
  return (
    <Descriptions
      size="small"
      column={{ xs: 1, xl: 2 }}
      items={[
        { key: 'id', label: t('id'), children: <code>{node.id}</code> },
        { key: 'level', label: t('level'), children: t(`level.${node.level}`) },
        { key: 'region', label: t('region'), children: node.region || '–' },
        { key: 'contact', label: t('contact'), children: <Visible text={node.contact} /> },
        { key: 'site', label: t('site'), children: node.site ? <span className="code">{node.site}</span> : t('site.none') },
        { key: 'link', label: t('link'), children: <Health node={node} heard={links.data?.below} words /> },
        { key: 'agreement', label: t('agreement'), children: node.agreement ? <Typography.Text className="code" copyable={{ text: node.agreement }}>{node.agreement.slice(0, 16)}…</Typography.Text> : t('agreement.none') },
        { key: 'below', label: t('below'), children: below ? t('below.count', { count: below.length, more: below.length >= most ? '+' : '' }) : '…' },
        { key: 'added', label: t('added'), children: node.added_by },
        { key: 'changed', label: t('changed'), children: minute(node.changed) },
        { key: 'posts', label: t('posts'), children: <Link to={`/officers?at=ra&view=posts&node=${node.id}`}>{t('posts.open')}</Link> },
      ]}
    />
  )
}

const shown = 100

function Below({ list, onOpen }: { list: RaNode[]; onOpen: (id: string) => void }) {
  const { t } = useTranslation('tree')
  const links = useLinks()
  if (list.length === 0) return <span className="quiet">{t('below.none')}</span>
  return (
    <Flex vertical gap={4} align="start">
      {list.slice(0, shown).map((node) => (
        <Flex key={node.id} gap={8} align="center">
          <Button type="link" size="small" onClick={() => onOpen(node.id)}>
            <Visible text={node.name} />
          </Button>
          <code className="quiet">{node.id}</code> <StateTag state={node.state} of="node" /> <Health node={node} heard={links.data?.below} />
        </Flex>
      ))}
      {list.length > shown && <span className="quiet">{t('below.more', { count: list.length - shown })}</span>}
    </Flex>
  )
}

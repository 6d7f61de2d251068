import { useQueryClient } from '@tanstack/react-query'
import { Tree, type TreeDataNode } from 'antd'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RaNode } from '@/client/ra'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { childrenOf, useLinks } from './calls'
import { Health } from './Health'

// Branches load what hangs below a node when it is opened; only what is in sight is drawn.
export function Branches({ top, chosen, onOpen }: { top: RaNode; chosen?: string; onOpen: (id: string) => void }) {
  const { t } = useTranslation('tree')
  const queries = useQueryClient()
  const links = useLinks()
  const [children, setChildren] = useState<Record<string, RaNode[]>>({})
  const load = (id: string) => queries.fetchQuery({ queryKey: ['nodes', 'children', id], queryFn: () => childrenOf(id) }).then((list) => setChildren((now) => ({ ...now, [id]: list })))
  useEffect(() => {
    void load(top.id)
    // A change of the tree anywhere makes what was loaded stale.
    return queries.getQueryCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'invalidate' && event.query.queryKey[0] === 'nodes' && event.query.queryKey[1] === 'children') void load(event.query.queryKey[2] as string)
    })
  }, [top.id])
  const branch = (node: RaNode): TreeDataNode => ({
    key: node.id,
    isLeaf: children[node.id]?.length === 0,
    title: (
      <span className="branch">
        <Visible text={node.name} /> {children[node.id]?.length ? <span className="quiet">{t('count', { count: children[node.id].length })}</span> : null} {node.state !== 'active' && <StateTag state={node.state} of="node" />} <Health node={node} heard={links.data?.below} />
      </span>
    ),
    children: children[node.id]?.map(branch),
  })
  return (
    <Tree
      blockNode
      virtual
      height={560}
      aria-label={t('title')}
      treeData={[branch(top)]}
      defaultExpandedKeys={[top.id]}
      selectedKeys={chosen ? [chosen] : []}
      loadData={({ key }) => load(String(key))}
      onSelect={(_, { node }) => onOpen(String(node.key))}
    />
  )
}

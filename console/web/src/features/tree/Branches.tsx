import { useQueryClient } from '@tanstack/react-query'
import { Tree, type TreeDataNode } from 'antd'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RaNode } from '@/client/ra'
import { Failure } from '@/components/Failure'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { childrenOf, most, useLinks } from './calls'
import { Health } from './Health'

// Branches load what hangs below a node when it is opened; only what is in sight is drawn.
// They are open down to the chosen node, whose path is given.
export function Branches({ top, chosen, path, onOpen }: { top: RaNode; chosen?: string; path?: string; onOpen: (id: string) => void }) {
  const { t } = useTranslation('tree')
  const queries = useQueryClient()
  const links = useLinks()
  const [children, setChildren] = useState<Record<string, RaNode[]>>({})
  const [open, setOpen] = useState<string[]>([top.id])
  const [failed, setFailed] = useState<unknown>()
  const load = (id: string) =>
    queries.fetchQuery({ queryKey: ['nodes', 'children', id], queryFn: () => childrenOf(id) }).then((list) => {
      setFailed(undefined)
      setChildren((now) => ({ ...now, [id]: list }))
    }, setFailed)
  useEffect(() => {
    void load(top.id)
    // A change of the tree anywhere makes what was loaded stale.
    return queries.getQueryCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'invalidate' && event.query.queryKey[0] === 'nodes' && event.query.queryKey[1] === 'children') void load(event.query.queryKey[2] as string)
    })
  }, [top.id])
  useEffect(() => {
    const ids = (path ?? '').split('/').filter(Boolean)
    const above = ids.slice(ids.indexOf(top.id), -1)
    above.forEach((id) => void load(id))
    setOpen((now) => [...new Set([...now, ...above])])
  }, [path, top.id])
  const branch = (node: RaNode): TreeDataNode => {
    const below = children[node.id]
    const cut = (below?.length ?? 0) >= most
    return {
      key: node.id,
      isLeaf: below?.length === 0,
      title: (
        <span className="branch">
          <Visible text={node.name} /> {below?.length ? <span className="quiet">{t('count', { count: below.length, more: cut ? '+' : '' })}</span> : null} {node.state !== 'active' && <StateTag state={node.state} of="node" />} <Health node={node} heard={links.data?.below} />
        </span>
      ),
      children: below && [...below.map(branch), ...(cut ? [{ key: `${node.id}/more`, isLeaf: true, selectable: false, title: <span className="quiet">{t('search.more', { count: below.length })}</span> }] : [])],
    }
  }
  return (
    <>
      {failed !== undefined && <Failure error={failed} retry={() => open.forEach((id) => void load(id))} />}
      <Tree
        blockNode
        virtual
        height={560}
        aria-label={t('title')}
        treeData={[branch(top)]}
        expandedKeys={open}
        onExpand={(keys) => setOpen(keys.map(String))}
        selectedKeys={chosen ? [chosen] : []}
        loadData={({ key }) => load(String(key))}
        onSelect={(_, { node }) => onOpen(String(node.key))}
      />
    </>
  )
}

import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Card, Empty, Flex, Input } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useParams } from 'react-router'
import { me } from '@/client/ra'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { ask } from '@/lib/http'
import { AddNode } from './AddNode'
import { Branches } from './Branches'
import { nodeOf } from './calls'
import { NodePage } from './NodePage'
import { Search } from './Search'

// Tree is the tree from one's own node down, and one node of it.
export default function Tree() {
  const { t } = useTranslation('tree')
  const { id } = useParams()
  const navigate = useNavigate()
  const [search, setSearch] = useState('')
  const [adding, setAdding] = useState(false)
  const own = useQuery({ queryKey: ['me'], queryFn: () => ask(me()) })
  const chosen = id ?? own.data?.node.id
  const node = useQuery({ queryKey: ['nodes', 'one', chosen], queryFn: () => nodeOf(chosen!), enabled: !!chosen })
  const open = (to: string) => void navigate(`/tree/${to}`)
  const writes = own.data?.rights.includes('ra.tree.write') && !own.data.apart
  return (
    <>
      <PageHead title={t('title')} about={t('about')} acts={writes && node.data && <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>{t('add')}</Button>} />
      <Loaded query={own}>
        {(mine) => (
          <Flex gap={16} wrap align="start">
            <Card size="small" className="tree-side">
              <Input.Search allowClear aria-label={t('search')} placeholder={t('search')} onSearch={(text) => setSearch(text.trim())} className="aside" />
              {search ? <Search text={search} onOpen={open} /> : <Branches top={mine.node} chosen={chosen} path={node.data?.path} onOpen={open} />}
            </Card>
            <div className="tree-main">
              <Loaded query={node}>{(one) => (one ? <NodePage key={one.id} node={one} mine={mine} onOpen={open} /> : <Empty description={t('unknown')} />)}</Loaded>
            </div>
            {adding && node.data && <AddNode below={node.data} onClose={() => setAdding(false)} onAdded={(added) => { setAdding(false); open(added) }} />}
          </Flex>
        )}
      </Loaded>
    </>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Badge, Empty, Table, Tabs } from 'antd'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { Loaded } from '@/components/Loaded'
import { PageHead } from '@/components/PageHead'
import { StateTag } from '@/components/StateTag'
import { Visible } from '@/components/Visible'
import { minute } from '@/lib/format'
import { useFilters } from '@/lib/filters'
import { byItself } from '@/lib/http'
import { useSession } from '@/lib/session'
import { itemsOf, type Item, type Which } from './items'
import { useObject, useOperation } from './names'

const parameter = ['which'] as const

// List is everything that takes more than one person, of all places.
export default function List() {
  const { t } = useTranslation('approvals')
  const { view } = useSession()
  const [filters, setFilters] = useFilters(parameter)
  const which = (['waiting', 'open', 'ended'] as const).find((one) => one === filters.which) ?? 'waiting'
  const query = useQuery({ queryKey: ['approvals', which], queryFn: () => itemsOf(view, which) })
  const waiting = useQuery({ queryKey: ['approvals', 'waiting'], queryFn: () => itemsOf(view, 'waiting', byItself) })
  const label = (one: Which) => (one === 'waiting' ? <Badge count={waiting.data?.length} size="small" offset={[10, 0]}>{t('waiting')}</Badge> : t(one))
  return (
    <>
      <PageHead title={t('title')} about={t('about')} />
      <Tabs activeKey={which} onChange={(key) => setFilters({ which: key })} items={(['waiting', 'open', 'ended'] as const).map((key) => ({ key, label: label(key) }))} />
      <Loaded query={query}>{(items) => <Items items={items} which={which} />}</Loaded>
    </>
  )
}

function Items({ items, which }: { items: Item[]; which: Which }) {
  const { t } = useTranslation('approvals')
  const navigate = useNavigate()
  const named = useOperation()
  const objectOf = useObject()
  return (
    <Table<Item>
      size="middle"
      rowKey="key"
      dataSource={items}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(`empty.${which}`)} /> }}
      onRow={(item) => ({ tabIndex: 0, className: 'opens', onClick: () => void navigate(item.to), onKeyDown: (event) => event.key === 'Enter' && void navigate(item.to) })}
      columns={[
        { key: 'operation', title: t('operation'), render: (_, item) => named(item.operation) },
        { key: 'object', title: t('object'), render: (_, item) => <Visible text={objectOf(item.object)} /> },
        { key: 'reason', title: t('reason'), ellipsis: true, width: 280, render: (_, item) => <Visible text={item.reason} /> },
        { key: 'place', title: t('place'), render: (_, item) => t(`app:place.${item.place}`) },
        { key: 'by', title: t('by'), render: (_, item) => <Visible text={item.by} /> },
        { key: 'at', title: t('at'), render: (_, item) => minute(item.at) },
        { key: 'state', title: t('state'), render: (_, item) => <StateTag state={item.state} of="approval" /> },
        { key: 'until', title: which === 'ended' ? t('ended.at') : t('until'), render: (_, item) => minute(item.until) },
      ]}
    />
  )
}

import { TableOutlined, ThunderboltOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'batches', title: 'batches:title', right: 'batches', element: later(() => import('./List')), menu: { group: 'work', order: 40, icon: TableOutlined } },
  { path: 'batches/new', title: 'batches:new', right: 'register', element: later(() => import('./New')) },
  { path: 'carryings', title: 'batches:carryings', right: 'carryings', element: later(() => import('./Carryings')), menu: { group: 'work', order: 45, icon: ThunderboltOutlined } },
  { path: 'batches/:id', title: 'batches:one', right: 'batches', element: later(() => import('./Show')) },
]

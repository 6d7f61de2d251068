import { InboxOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'archive', title: 'archive:title', right: 'archive', element: later(() => import('./Archive')), menu: { group: 'tree', order: 50, icon: InboxOutlined } },
  { path: 'archive/:id', title: 'archive:title', right: 'archive', element: later(() => import('./Archived')) },
]

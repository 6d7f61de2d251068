import { BookOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'policies', title: 'policies:title', right: 'policies', element: later(() => import('./Policies')), menu: { group: 'tree', order: 60, icon: BookOutlined } },
  { path: 'policies/:kind/:edition', title: 'policies:title', right: 'policies', element: later(() => import('./Edition')) },
]

import { AppstoreOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'systems', title: 'systems:title', right: 'systems', element: later(() => import('./Systems')), menu: { group: 'tree', order: 40, icon: AppstoreOutlined } },
  { path: 'systems/:id', title: 'systems:title', right: 'systems', element: later(() => import('./System')) },
]

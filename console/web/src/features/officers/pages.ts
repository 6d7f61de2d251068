import { TeamOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'officers', title: 'officers:title', right: 'officers', element: later(() => import('./Officers')), menu: { group: 'tree', order: 20, icon: TeamOutlined } },
]

import { DashboardOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'system', title: 'system:title', right: 'system', element: later(() => import('./System')), menu: { group: 'platform', order: 50, icon: DashboardOutlined } },
]

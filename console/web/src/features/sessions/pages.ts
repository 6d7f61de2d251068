import { DesktopOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'sessions', title: 'sessions:title', right: 'sessions', element: later(() => import('./Sessions')), menu: { group: 'platform', order: 60, icon: DesktopOutlined } },
]

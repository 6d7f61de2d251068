import { StopOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'nearby', title: 'work:nearby', right: 'nearby', element: later(() => import('./Nearby')), menu: { group: 'work', order: 50, icon: StopOutlined } },
]

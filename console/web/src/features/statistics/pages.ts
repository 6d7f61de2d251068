import { BarChartOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'statistics', title: 'statistics:title', right: 'statistics', element: later(() => import('./Statistics')), menu: { group: 'people', order: 80, icon: BarChartOutlined } },
]

import { SolutionOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'orders', title: 'orders:title', right: 'orders', element: later(() => import('./Look')), menu: { group: 'ca', order: 30, icon: SolutionOutlined } },
  { path: 'orders/issue', title: 'orders:issue.title', right: 'orders', element: later(() => import('./Issue')) },
]

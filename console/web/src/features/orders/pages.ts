import { SolutionOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'orders', title: 'orders:title', right: 'orders', element: lazy(() => import('./Look')), menu: { group: 'ca', order: 30, icon: SolutionOutlined } },
  { path: 'orders/issue', title: 'orders:issue.title', right: 'orders', element: lazy(() => import('./Issue')) },
]

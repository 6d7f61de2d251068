import { BookOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'policies', title: 'policies:title', right: 'policies', element: lazy(() => import('./Policies')), menu: { group: 'tree', order: 60, icon: BookOutlined } },
  { path: 'policies/:kind/:edition', title: 'policies:title', right: 'policies', element: lazy(() => import('./Edition')) },
]

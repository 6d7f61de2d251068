import { DashboardOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'system', title: 'system:title', right: 'system', element: lazy(() => import('./System')), menu: { group: 'platform', order: 50, icon: DashboardOutlined } },
]

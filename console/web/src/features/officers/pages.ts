import { TeamOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'officers', title: 'officers:title', right: 'officers', element: lazy(() => import('./Officers')), menu: { group: 'tree', order: 20, icon: TeamOutlined } },
]

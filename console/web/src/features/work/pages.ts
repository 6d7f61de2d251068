import { StopOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'nearby', title: 'work:nearby', right: 'nearby', element: lazy(() => import('./Nearby')), menu: { group: 'work', order: 50, icon: StopOutlined } },
]

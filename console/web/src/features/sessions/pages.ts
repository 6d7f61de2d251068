import { DesktopOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'sessions', title: 'sessions:title', right: 'sessions', element: lazy(() => import('./Sessions')), menu: { group: 'platform', order: 60, icon: DesktopOutlined } },
]

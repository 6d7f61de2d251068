import { AuditOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'audit', title: 'audit:title', right: 'audit', element: lazy(() => import('./Log')), menu: { group: 'platform', order: 30, icon: AuditOutlined } },
]

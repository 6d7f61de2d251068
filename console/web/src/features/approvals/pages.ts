import { SafetyOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'approvals', title: 'approvals:title', right: 'approvals', element: lazy(() => import('./List')), menu: { group: 'platform', order: 10, icon: SafetyOutlined } },
  { path: 'approvals/motion/:id', title: 'approvals:title', right: 'approvals', element: lazy(() => import('./Motion')) },
  { path: 'approvals/:place/:id', title: 'approvals:title', right: 'approvals', element: lazy(() => import('./Approval')) },
]

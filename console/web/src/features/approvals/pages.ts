import { SafetyOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'approvals', title: 'approvals:title', right: 'approvals', element: later(() => import('./List')), menu: { group: 'platform', order: 10, icon: SafetyOutlined } },
  { path: 'approvals/motion/:id', title: 'approvals:title', right: 'approvals', element: later(() => import('./Motion')) },
  { path: 'approvals/:place/:id', title: 'approvals:title', right: 'approvals', element: later(() => import('./Approval')) },
]

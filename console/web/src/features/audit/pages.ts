import { AuditOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'audit', title: 'audit:title', right: 'audit', element: later(() => import('./Log')), menu: { group: 'platform', order: 30, icon: AuditOutlined } },
]

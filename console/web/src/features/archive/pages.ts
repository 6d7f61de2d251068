import { InboxOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'archive', title: 'archive:title', right: 'archive', element: lazy(() => import('./Archive')), menu: { group: 'tree', order: 50, icon: InboxOutlined } },
  { path: 'archive/:id', title: 'archive:title', right: 'archive', element: lazy(() => import('./Archived')) },
]

import { NotificationOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'announcements', title: 'announcements:title', right: 'announcements', element: lazy(() => import('./Announcements')), menu: { group: 'tree', order: 70, icon: NotificationOutlined } },
  { path: 'announcements/:id', title: 'announcements:title', right: 'announcements', element: lazy(() => import('./Announcement')) },
]

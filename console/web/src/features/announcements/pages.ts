import { NotificationOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'announcements', title: 'announcements:title', right: 'announcements', element: later(() => import('./Announcements')), menu: { group: 'tree', order: 70, icon: NotificationOutlined } },
  { path: 'announcements/:id', title: 'announcements:title', right: 'announcements', element: later(() => import('./Announcement')) },
]

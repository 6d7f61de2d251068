import { CustomerServiceOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'tickets', title: 'tickets:title', right: 'tickets', element: later(() => import('./List')), menu: { group: 'work', order: 60, icon: CustomerServiceOutlined } },
  { path: 'tickets/new', title: 'tickets:new', right: 'tickets', element: later(() => import('./New')) },
  { path: 'tickets/report', title: 'tickets:report', right: 'statistics', element: later(() => import('./Report')) },
  { path: 'tickets/:number', title: 'tickets:one', right: 'tickets', element: later(() => import('./Show')) },
]

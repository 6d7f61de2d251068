import { CustomerServiceOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'tickets', title: 'tickets:title', right: 'tickets', element: lazy(() => import('./List')), menu: { group: 'work', order: 60, icon: CustomerServiceOutlined } },
  { path: 'tickets/new', title: 'tickets:new', right: 'tickets', element: lazy(() => import('./New')) },
  { path: 'tickets/report', title: 'tickets:report', right: 'statistics', element: lazy(() => import('./Report')) },
  { path: 'tickets/:number', title: 'tickets:one', right: 'tickets', element: lazy(() => import('./Show')) },
]

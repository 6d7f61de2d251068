import { TableOutlined, ThunderboltOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'batches', title: 'batches:title', right: 'batches', element: lazy(() => import('./List')), menu: { group: 'work', order: 40, icon: TableOutlined } },
  { path: 'batches/new', title: 'batches:new', right: 'register', element: lazy(() => import('./New')) },
  { path: 'carryings', title: 'batches:carryings', right: 'carryings', element: lazy(() => import('./Carryings')), menu: { group: 'work', order: 45, icon: ThunderboltOutlined } },
  { path: 'batches/:id', title: 'batches:one', right: 'batches', element: lazy(() => import('./Show')) },
]

import { ThunderboltOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'rules', title: 'rules:title', right: 'rules', element: lazy(() => import('./Rules')), menu: { group: 'tree', order: 30, icon: ThunderboltOutlined } },
]

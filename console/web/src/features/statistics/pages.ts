import { BarChartOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'statistics', title: 'statistics:title', right: 'statistics', element: lazy(() => import('./Statistics')), menu: { group: 'people', order: 80, icon: BarChartOutlined } },
]

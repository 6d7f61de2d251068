import { IdcardOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'identity', title: 'identity:title', right: 'identity', element: lazy(() => import('./Identity')), menu: { group: 'platform', order: 70, icon: IdcardOutlined } },
]

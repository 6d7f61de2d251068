import { FileTextOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'applications', title: 'applications:title', right: 'applications', element: lazy(() => import('./List')), menu: { group: 'work', order: 20, icon: FileTextOutlined } },
]

import { FileTextOutlined, FormOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'applications/new', title: 'applications:new.title', right: 'register', element: lazy(() => import('./Register')), menu: { group: 'work', order: 10, icon: FormOutlined } },
  { path: 'applications', title: 'applications:title', right: 'applications', element: lazy(() => import('./List')), menu: { group: 'work', order: 20, icon: FileTextOutlined } },
  { path: 'applications/:id', title: 'applications:title', right: 'applications', element: lazy(() => import('./Show')) },
  { path: 'applications/:id/edit', title: 'applications:edit.title', right: 'register', element: lazy(() => import('./Edit')) },
]

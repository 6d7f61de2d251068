import { FileTextOutlined, FormOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'applications/new', title: 'applications:new.title', right: 'register', element: later(() => import('./Register')), menu: { group: 'work', order: 10, icon: FormOutlined } },
  { path: 'applications', title: 'applications:title', right: 'applications', element: later(() => import('./List')), menu: { group: 'work', order: 20, icon: FileTextOutlined } },
  { path: 'applications/:id', title: 'applications:title', right: 'applications', element: later(() => import('./Show')) },
  { path: 'applications/:id/edit', title: 'applications:edit.title', right: 'register', element: later(() => import('./Edit')) },
]

import { FileProtectOutlined, UndoOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'recovery', title: 'recovery:title', right: 'recovery', element: later(() => import('./Desk')), menu: { group: 'kmc', order: 10, icon: UndoOutlined } },
  { path: 'recovery/cases', title: 'recovery:cases.title', right: 'recovery', element: later(() => import('./Cases')), menu: { group: 'kmc', order: 20, icon: FileProtectOutlined } },
  { path: 'recovery/cases/open', title: 'recovery:open.title', right: 'recovery', element: later(() => import('./Open')) },
  { path: 'recovery/cases/:id', title: 'recovery:cases.title', right: 'recovery', element: later(() => import('./Case')) },
]

import { ApartmentOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'tree', title: 'tree:title', right: 'tree', element: later(() => import('./Tree')), menu: { group: 'tree', order: 10, icon: ApartmentOutlined } },
  { path: 'tree/:id', title: 'tree:title', right: 'tree', element: later(() => import('./Tree')) },
]

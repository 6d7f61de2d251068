import { ThunderboltOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'rules', title: 'rules:title', right: 'rules', element: later(() => import('./Rules')), menu: { group: 'tree', order: 30, icon: ThunderboltOutlined } },
]

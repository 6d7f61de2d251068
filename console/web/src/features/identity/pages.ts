import { IdcardOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'identity', title: 'identity:title', right: 'identity', element: later(() => import('./Identity')), menu: { group: 'platform', order: 70, icon: IdcardOutlined } },
]

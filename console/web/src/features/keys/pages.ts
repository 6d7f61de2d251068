import { KeyOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [{ path: 'keys', title: 'keys:title', right: 'keys', element: later(() => import('./Keys')), menu: { group: 'kmc', order: 30, icon: KeyOutlined } }]

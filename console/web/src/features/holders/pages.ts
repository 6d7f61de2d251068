import { EyeOutlined, IdcardOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'holders', title: 'holders:title', right: 'holders', element: later(() => import('./List')), menu: { group: 'people', order: 20, icon: IdcardOutlined } },
  { path: 'holders/:id', title: 'holders:one', right: 'holders', element: later(() => import('./Show')) },
  { path: 'glances', title: 'holders:glances', right: 'glances', element: later(() => import('./Glances')), menu: { group: 'people', order: 60, icon: EyeOutlined } },
]

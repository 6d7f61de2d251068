import { EyeOutlined, IdcardOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'holders', title: 'holders:title', right: 'holders', element: lazy(() => import('./List')), menu: { group: 'people', order: 20, icon: IdcardOutlined } },
  { path: 'holders/:id', title: 'holders:one', right: 'holders', element: lazy(() => import('./Show')) },
  { path: 'glances', title: 'holders:glances', right: 'glances', element: lazy(() => import('./Glances')), menu: { group: 'people', order: 60, icon: EyeOutlined } },
]

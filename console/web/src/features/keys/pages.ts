import { KeyOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [{ path: 'keys', title: 'keys:title', right: 'keys', element: lazy(() => import('./Keys')), menu: { group: 'kmc', order: 30, icon: KeyOutlined } }]

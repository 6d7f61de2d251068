import { BankOutlined, SwapOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'issuers', title: 'issuers:title', right: 'issuers', element: lazy(() => import('./List')), menu: { group: 'ca', order: 10, icon: BankOutlined } },
  { path: 'issuers/:id', title: 'issuers:one', right: 'issuers', element: lazy(() => import('./Show')) },
  { path: 'replacements', title: 'issuers:replacements.title', right: 'issuers', element: lazy(() => import('./Replacements')), menu: { group: 'ca', order: 40, icon: SwapOutlined } },
  { path: 'replacements/:id', title: 'issuers:replacements.title', right: 'issuers', element: lazy(() => import('./Replacement')) },
]

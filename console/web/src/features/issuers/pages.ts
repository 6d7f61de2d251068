import { BankOutlined, SwapOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'issuers', title: 'issuers:title', right: 'issuers', element: later(() => import('./List')), menu: { group: 'ca', order: 10, icon: BankOutlined } },
  { path: 'issuers/:id', title: 'issuers:one', right: 'issuers', element: later(() => import('./Show')) },
  { path: 'replacements', title: 'issuers:replacements.title', right: 'issuers', element: later(() => import('./Replacements')), menu: { group: 'ca', order: 40, icon: SwapOutlined } },
  { path: 'replacements/:id', title: 'issuers:replacements.title', right: 'issuers', element: later(() => import('./Replacement')) },
]

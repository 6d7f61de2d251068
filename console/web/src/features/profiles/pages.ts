import { SnippetsOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'profiles', title: 'profiles:title', right: 'profiles', element: later(() => import('./List')), menu: { group: 'ca', order: 20, icon: SnippetsOutlined } },
  { path: 'profiles/propose', title: 'profiles:propose.title', right: 'profiles', element: later(() => import('./Propose')) },
  { path: 'profiles/:name', title: 'profiles:title', right: 'profiles', element: later(() => import('./Show')) },
]

import { SafetyCertificateOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'certificates', title: 'certificates:title', right: 'certificates', element: later(() => import('./List')), menu: { group: 'people', order: 10, icon: SafetyCertificateOutlined } },
  { path: 'certificates/:issuer/:serial', title: 'certificates:one', right: 'certificates', element: later(() => import('./Show')) },
]

import { SafetyCertificateOutlined } from '@ant-design/icons'
import { lazy } from 'react'
import type { Page } from '@/app/pages'

export const pages: Page[] = [
  { path: 'certificates', title: 'certificates:title', right: 'certificates', element: lazy(() => import('./List')), menu: { group: 'people', order: 10, icon: SafetyCertificateOutlined } },
  { path: 'certificates/:issuer/:serial', title: 'certificates:one', right: 'certificates', element: lazy(() => import('./Show')) },
]

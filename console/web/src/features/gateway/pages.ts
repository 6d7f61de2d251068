import { ApartmentOutlined, AuditOutlined, BarChartOutlined, DisconnectOutlined, HistoryOutlined, LoginOutlined, SafetyCertificateOutlined, ThunderboltOutlined } from '@ant-design/icons'
import { later } from '@/lib/later'
import type { Page } from '@/app/pages'

const PartPage = later(() => import('./PartPage'))

export const pages: Page[] = [
  { path: 'gateway', title: 'gateway:title', right: 'doors', element: later(() => import('./Overview')), menu: { group: 'gateway', order: 10, icon: ThunderboltOutlined } },
  { path: 'gateway/protect', title: 'gateway:protect.title', right: 'doors', element: later(() => import('./Protect')) },
  { path: 'gateway/parts', title: 'gateway:parts.title', right: 'doors', element: later(() => import('./Parts')), menu: { group: 'gateway', order: 20, icon: ApartmentOutlined } },
  { path: 'gateway/parts/:kind/:name', title: 'gateway:parts.title', right: 'doors', element: PartPage },
  { path: 'gateway/trust', title: 'gateway:trust.title', right: 'doors', element: later(() => import('./Trust')), menu: { group: 'gateway', order: 30, icon: SafetyCertificateOutlined } },
  { path: 'gateway/trust/:kind/:name', title: 'gateway:trust.title', right: 'doors', element: PartPage },
  { path: 'gateway/policy', title: 'gateway:policy.title', right: 'doors', element: later(() => import('./Policy')), menu: { group: 'gateway', order: 40, icon: AuditOutlined } },
  { path: 'gateway/visits', title: 'gateway:visits.title', right: 'visits', element: later(() => import('./Visits')), menu: { group: 'gateway', order: 50, icon: LoginOutlined } },
  { path: 'gateway/statistics', title: 'gateway:statistics.title', right: 'doors', element: later(() => import('./Statistics')), menu: { group: 'gateway', order: 60, icon: BarChartOutlined } },
  { path: 'gateway/handshakes', title: 'gateway:handshakes.title', right: 'doors', element: later(() => import('./Handshakes')), menu: { group: 'gateway', order: 70, icon: DisconnectOutlined } },
  { path: 'gateway/versions', title: 'gateway:versions.title', right: 'doors', element: later(() => import('./Versions')), menu: { group: 'gateway', order: 80, icon: HistoryOutlined } },
]

import type { ComponentType } from 'react'
import type { Later } from '@/lib/later'
import type { Right } from './access'

// The menu's groups, in its order.
export const groups = ['work', 'people', 'tree', 'ca', 'kmc', 'gateway', 'platform'] as const
export type Group = (typeof groups)[number]

// Page is an address with what is shown there. A feature lists its own in pages.ts.
export interface Page {
  path: string // as react-router writes it, without the first slash
  title: string // key of a text, with the feature's name: "work:title"
  right: Right
  element: Later
  menu?: { group: Group; order: number; icon: ComponentType }
}

const files = import.meta.glob<{ pages: Page[] }>('../features/*/pages.ts', { eager: true })

export const pages: Page[] = Object.values(files).flatMap((file) => file.pages)

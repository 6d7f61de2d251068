import { pages } from '@/app/pages'
import type { Kind } from './kinds'

// target is where a kind leads; the first page where this console has no such list.
export function target(kind: Kind): string {
  const path = kind.to.slice(1).split('?')[0]
  return pages.some((page) => page.path === path) ? kind.to : '/'
}

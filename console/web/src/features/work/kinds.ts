import type { RaWork } from '@/client/ra'

// Kind is something that waits, and the list that shows it.
export interface Kind {
  key: Exclude<keyof RaWork, 'at' | 'losses'>
  to: string
  own?: boolean // begun by oneself: shown, but nobody is waiting for it
}

export const kinds: Kind[] = [
  { key: 'returned', to: '/applications?only=mine&state=returned' },
  { key: 'review', to: '/applications?state=submitted' },
  { key: 'issue', to: '/applications?state=approved' },
  { key: 'deliver', to: '/applications?state=issued' },
  { key: 'conflicts', to: '/applications?only=conflict' },
  { key: 'batches', to: '/batches?state=checked' },
  { key: 'tickets', to: '/tickets?state=open' },
  { key: 'motions', to: '/approvals' },
  { key: 'approvals', to: '/approvals' },
  { key: 'nodes', to: '/tree' },
  { key: 'systems', to: '/systems?state=draft' },
  { key: 'drafts', to: '/applications?only=mine&state=draft', own: true },
]

// waiting is how much others wait for.
export function waiting(work: RaWork): number {
  return kinds.reduce((sum, kind) => sum + (kind.own ? 0 : work[kind.key]), 0)
}

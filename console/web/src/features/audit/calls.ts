import type { Place } from '@/app/access'
import { audit as atCA, auditProof as proofAtCA } from '@/client/ca'
import type { AuditEntry, WireAuditProof } from '@/client/ca'
import { audit as atGateway, auditProof as proofAtGateway } from '@/client/gateway'
import { audit as atKMC, auditProof as proofAtKMC } from '@/client/kmc'
import { audit as atRA, auditProof as proofAtRA } from '@/client/ra'
import { ask } from '@/lib/http'
import type { Seen } from './verdict'

export interface Wanted {
  actor?: string
  act?: string
  object?: string
  subject?: string
  result?: 'done' | 'refused' | 'failed'
  since?: string
  until?: string
}

type Query = Wanted & { newest: boolean; before?: number; limit: number }

// Every place has the same two calls; their clients are apart.
const lists = { ca: (query: Query) => ask(atCA({ query })), kmc: (query: Query) => ask(atKMC({ query })), ra: (query: Query) => ask(atRA({ query })), gateway: (query: Query) => ask(atGateway({ query })) }
const proofs = {
  ca: (query: { numbers: number[]; since?: number }) => ask(proofAtCA({ query })),
  kmc: (query: { numbers: number[]; since?: number }) => ask(proofAtKMC({ query })),
  ra: (query: { numbers: number[]; since?: number }) => ask(proofAtRA({ query })),
  gateway: (query: { numbers: number[]; since?: number }) => ask(proofAtGateway({ query })),
}

export const entriesAt = (place: Place, query: Query): Promise<AuditEntry[]> => lists[place as keyof typeof lists](query) as Promise<AuditEntry[]>
export const proofAt = (place: Place, numbers: number[], since?: number): Promise<WireAuditProof> => proofs[place as keyof typeof proofs]({ numbers, since }) as Promise<WireAuditProof>

// The head this browser saw last of each log: a size and a digest, nothing of anybody.
const key = (origin: string) => `onecert.log-head.${origin}`

export function lastSeen(place: string): Seen | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(key(place)) ?? 'null') as Partial<Seen> | null
    return kept && typeof kept.size === 'number' && /^[A-Za-z0-9+/]{43}=$/.test(kept.root ?? '') ? (kept as Seen) : undefined
  } catch {
    return undefined
  }
}

export const keepSeen = (place: string, seen: Seen) => localStorage.setItem(key(place), JSON.stringify(seen))

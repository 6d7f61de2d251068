import type { CaCertificate, StatusEntry } from '@/client/ca'
import type { RaApplication, RaCertificate } from '@/client/ra'

// Known is what the places say together of one certificate.
export interface Known {
  ca?: CaCertificate
  ra?: RaCertificate
  entries: StatusEntry[] // of the CA's journal, oldest first
  applications: RaApplication[] // about it, oldest first
}

export interface Mark {
  at: string
  sort: 'begin' | 'good' | 'wait' | 'bad' | 'end'
  text: string // key of a text
  detail?: string
  link?: string
}

const tones: Record<string, Mark['sort']> = { issued: 'good', held: 'wait', released: 'good', revoked: 'bad', removed: 'end' }
const operations: Record<string, Mark['sort']> = { freeze: 'wait', unfreeze: 'good', revoke: 'bad', cancel: 'end' }

// marksOf are the moments of a certificate's life in their order: from the journal where
// it can be read, else from what the list says of its last change.
export function marksOf({ ca, ra, entries, applications }: Known): Mark[] {
  const one = ca ?? ra
  if (!one) return []
  const marks: Mark[] = entries.map((entry) => ({ at: entry.at, sort: tones[entry.event] ?? 'good', text: `event.${entry.event}`, detail: `#${entry.number}` }))
  if (entries.length === 0) {
    marks.push({ at: one.not_before, sort: 'begin', text: 'event.issued' })
    if (one.changed && (one.state === 'held' || one.state === 'revoked')) marks.push({ at: one.changed, sort: tones[one.state], text: `event.${one.state}` })
  }
  for (const a of applications) {
    if (a.serial !== one.serial || a.issuer !== one.issuer || a.id === one.application) continue
    marks.push({ at: a.changed, sort: operations[a.operation] ?? 'good', text: `operation.${a.operation}`, detail: a.state, link: `/applications/${a.id}` })
  }
  marks.push({ at: one.not_after, sort: 'end', text: 'event.expires' })
  return marks.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

// shareOf is where a moment lies between begin and end, 0 to 1.
export function shareOf(at: string | number, begin: string, end: string): number {
  const from = Date.parse(begin)
  const length = Date.parse(end) - from
  if (!(length > 0)) return 1
  return Math.min(1, Math.max(0, ((typeof at === 'number' ? at : Date.parse(at)) - from) / length))
}

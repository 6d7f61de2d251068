import type { AuditEntry } from '@/client/ca'
import type { Place } from '@/app/access'
import { entriesAt, keepSeen, lastSeen, proofAt, type Wanted } from './calls'
import { judge, type Verdict } from './verdict'

export interface Row {
  entry: AuditEntry
  verdict: Verdict
}

const pageSize = 50

// provenPage reads a page of entries, newest first, and has this browser check that each
// stands in the log and that the log continues the one it saw before.
export async function provenPage(place: Place, wanted: Wanted, after: string | undefined): Promise<{ items: Row[]; after?: string }> {
  const entries = await entriesAt(place, { ...wanted, newest: true, before: after ? Number(after) : undefined, limit: pageSize })
  if (entries.length === 0) return { items: [] }
  const verdict = await check(place, entries)
  const last = entries[entries.length - 1].number
  return { items: entries.map((entry) => ({ entry, verdict })), after: entries.length === pageSize && last > 0 ? String(last) : undefined }
}

async function check(place: Place, entries: AuditEntry[]): Promise<Verdict> {
  const seen = lastSeen(place)
  const verdict = await judge(entries, await proofAt(place, entries.map((entry) => entry.number), seen?.size), seen)
  // Only a head that fits what was seen takes its place: what does not is shown again and
  // again until somebody has looked.
  if (verdict.signed !== 'bad' && verdict.continues?.yes !== false) keepSeen(place, { size: verdict.head.size, root: verdict.head.body.split('\n')[2] })
  return verdict
}

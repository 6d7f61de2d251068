import type { AuditEntry, WireAuditProof } from '@/client/ca'
import type { Place } from '@/app/access'
import { entriesAt, proofAt, type Wanted } from './calls'

// So many entries are exported at most; more is what 'onecert audit' on the machine is for.
export const most = 10_000
const pageSize = 1000
const proofSize = 200

export async function collect(place: Place, wanted: Wanted): Promise<AuditEntry[]> {
  const all: AuditEntry[] = []
  let before: number | undefined
  while (all.length < most) {
    const page = await entriesAt(place, { ...wanted, newest: true, before, limit: pageSize })
    all.push(...page)
    if (page.length < pageSize || page[page.length - 1].number === 0) break
    before = page[page.length - 1].number
  }
  return all
}

const columns = ['number', 'at', 'actor', 'roles', 'act', 'object', 'subject', 'result', 'address', 'certificate', 'detail'] as const

// cell is one value of a CSV. What a spreadsheet would take for a formula is made a text.
export function cell(value: unknown): string {
  const text = value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text
  return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe
}

export function asCSV(entries: AuditEntry[], titles: string[]): string {
  const rows = entries.map((entry) => columns.map((name) => cell(name === 'roles' ? entry.roles.join(' ') : entry[name])).join(','))
  return '\uFEFF' + [titles.map(cell).join(','), ...rows].join('\r\n') + '\r\n'
}

export const columnNames = columns

// asJSON carries the entries with their proofs, so that somebody else can check them.
export async function asJSON(place: Place, entries: AuditEntry[]): Promise<string> {
  const proofs: WireAuditProof[] = []
  for (let at = 0; at < entries.length; at += proofSize) proofs.push(await proofAt(place, entries.slice(at, at + proofSize).map((entry) => entry.number)))
  return JSON.stringify({ entries, proofs }, null, 1)
}

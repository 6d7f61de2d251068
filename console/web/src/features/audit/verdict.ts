import type { AuditEntry, WireAuditProof } from '@/client/ca'
import { leafOf } from './entry'
import { octetsOf, readHead, signedBy, type Head, type Signed } from './head'
import { grown, included, same } from './merkle'

// Verdict is what this browser found out by itself about a page of entries.
export interface Verdict {
  head: Head
  text: string // the head as it came, to be kept
  keys: string[]
  proven: Set<number> // entries that stand under the head
  signed: Signed
  by: string[] // algorithms of the signatures that were verified
  // whether the log continues the one that this browser saw before; undefined: it saw none
  continues?: { size: number; yes: boolean }
}

// Seen is a head this browser holds on to: a log that was rewritten since does not fit it.
export interface Seen {
  size: number
  root: string // base64
}

export class Unproven extends Error {}

// judge checks a proof against the entries that are shown and the head that was seen.
export async function judge(entries: AuditEntry[], proof: WireAuditProof, seen: Seen | undefined): Promise<Verdict> {
  const head = readHead(proof.head)
  if (!head) throw new Unproven('the head of the log cannot be read')
  const proven = new Set<number>()
  for (const entry of entries) {
    const path = proof.proofs.find((one) => one.number === entry.number)
    if (path && path.size === head.size && same(octetsOf(path.root), head.root) && (await included(await leafOf(entry), entry.number, head.size, path.hashes.map(octetsOf), head.root))) proven.add(entry.number)
  }
  const verdict: Verdict = { head, text: proof.head, keys: proof.keys, proven, ...(await signedBy(head, proof.keys)) }
  if (seen) verdict.continues = { size: seen.size, yes: await grown(seen.size, octetsOf(seen.root), head.size, head.root, proof.since.map(octetsOf)) }
  return verdict
}

// soundness of everything that is shown, the worst first.
export type Sound = 'broken' | 'rewritten' | 'forged' | 'proven' | 'unsigned'

export function soundness(verdicts: Verdict[], shown: number[]): Sound {
  if (verdicts.some((verdict) => verdict.continues && !verdict.continues.yes)) return 'rewritten'
  if (verdicts.some((verdict) => verdict.signed === 'bad')) return 'forged'
  if (shown.some((number) => !verdicts.some((verdict) => verdict.proven.has(number)))) return 'broken'
  return verdicts.every((verdict) => verdict.signed === 'good') ? 'proven' : 'unsigned'
}

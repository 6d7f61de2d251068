import type { AuditEntry } from '@/client/ca'
import { leafHash, type Octets } from './merkle'

// The octets an entry is hashed as, from its fields alone: the same as audit/leaf.go
// writes. A change of any field gives another leaf.
const version = 'onecert audit entry v1\n'
const utf8 = new TextEncoder()

// Texts as Go's encoding/json writes them without HTML escapes: as JSON.stringify does,
// but for the two line separators.
const quoted = (text: string) => JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')

// Keys stand in the order of their UTF-8 octets, which is that of code points, and not
// of UTF-16 as sort() compares.
function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)]
  for (let n = 0; n < left.length && n < right.length; n++) {
    const apart = left[n].codePointAt(0)! - right[n].codePointAt(0)!
    if (apart !== 0) return apart
  }
  return left.length - right.length
}

const list = (texts: string[]) => '[' + texts.map(quoted).join(',') + ']'
const object = (texts: Record<string, string>) =>
  '{' + Object.keys(texts).sort(byCodePoint).map((key) => quoted(key) + ':' + quoted(texts[key])).join(',') + '}'

export function encoded(entry: AuditEntry): Octets {
  const texts = [entry.actor, list(entry.roles ?? []), entry.certificate ?? '', entry.address ?? '', entry.act, entry.object ?? '', entry.subject ?? '', entry.result, object(entry.detail ?? {})].map((text) => utf8.encode(text))
  const head = utf8.encode(version)
  const out = new Uint8Array(head.length + 16 + texts.reduce((size, text) => size + 4 + text.length, 0))
  const view = new DataView(out.buffer)
  out.set(head)
  let at = head.length
  view.setBigInt64(at, BigInt(entry.number))
  view.setBigInt64(at + 8, BigInt(Date.parse(entry.at)))
  at += 16
  for (const text of texts) {
    view.setUint32(at, text.length)
    out.set(text, at + 4)
    at += 4 + text.length
  }
  return out
}

export const leafOf = (entry: AuditEntry) => leafHash(encoded(entry))

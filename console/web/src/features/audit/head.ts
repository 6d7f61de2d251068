import type { Octets } from './merkle'

// A signed head of a log: a C2SP tlog-checkpoint, a note of three lines with signatures.
export interface Head {
  origin: string
  size: number
  root: Octets
  body: string // what is signed
  signatures: { name: string; hash: string; signature: Octets }[]
}

export function octetsOf(base64: string): Octets {
  const text = atob(base64)
  const out = new Uint8Array(text.length)
  for (let n = 0; n < text.length; n++) out[n] = text.charCodeAt(n)
  return out
}

export const hex = (octets: Uint8Array) => Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('')

// readHead returns undefined for what is none.
export function readHead(text: string): Head | undefined {
  const end = text.indexOf('\n\n')
  if (end < 0) return undefined
  const body = text.slice(0, end + 1)
  const [origin, size, root, ...more] = body.split('\n')
  if (!origin || !/^(0|[1-9]\d{0,15})$/.test(size ?? '') || !/^[A-Za-z0-9+/]{43}=$/.test(root ?? '') || more.join('') !== '') return undefined
  const signatures = text.slice(end + 2).split('\n').flatMap((line) => {
    const found = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line)
    if (!found) return []
    const octets = octetsOf(found[2])
    return [{ name: found[1], hash: hex(octets.slice(0, 4)), signature: octets.slice(4) }]
  })
  return { origin, size: Number(size), root: octetsOf(root), body, signatures }
}

export type Signed = 'good' | 'bad' | 'unread'

// signedBy says whether one of the log's keys signed the head. A browser verifies Ed25519;
// it knows no SM2, so heads signed with that alone stay unread here.
export async function signedBy(head: Head, keys: string[]): Promise<Signed> {
  for (const key of keys) {
    const [name, hash, encoded] = key.split('+', 2).concat(key.split('+').slice(2).join('+'))
    const octets = encoded ? octetsOf(encoded) : new Uint8Array()
    if (name !== head.origin || octets[0] !== 1 || octets.length !== 33) continue
    const mine = head.signatures.find((signature) => signature.name === name && signature.hash === hash)
    if (!mine) continue
    try {
      const imported = await crypto.subtle.importKey('raw', octets.slice(1), 'Ed25519', false, ['verify'])
      return (await crypto.subtle.verify('Ed25519', imported, mine.signature, new TextEncoder().encode(head.body))) ? 'good' : 'bad'
    } catch {
      return 'unread' // an older browser
    }
  }
  return 'unread'
}

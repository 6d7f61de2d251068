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

// Judged is what came of the signatures of a head, and of which algorithms they are.
export interface Judged {
  signed: Signed
  by: string[]
}

interface Key {
  name: string
  hash: string
  algorithm?: 'Ed25519' | 'SM2' // of those that are known here
  octets: Octets // without the type
}

const sm2Type = '\xff1.2.156.10197.1.501\n' // as audit/signer.go writes it

// readKey reads the key of a note, "name+hash+key" (C2SP signed-note).
function readKey(text: string): Key {
  const [name, hash, ...rest] = text.split('+')
  const encoded = octetsOf(rest.join('+'))
  if (encoded[0] === 1 && encoded.length === 33) return { name, hash, algorithm: 'Ed25519', octets: encoded.slice(1) }
  if (String.fromCharCode(...encoded.slice(0, sm2Type.length)) === sm2Type) return { name, hash, algorithm: 'SM2', octets: encoded.slice(sm2Type.length) }
  return { name, hash, octets: encoded }
}

// verified is undefined where this browser cannot tell.
async function verified(key: Key, text: Octets, signature: Octets): Promise<boolean | undefined> {
  if (key.algorithm === 'SM2') return (await import('./sm2')).verifiesSM2(key.octets, text, signature)
  if (key.algorithm === undefined) return undefined
  try {
    const imported = await crypto.subtle.importKey('raw', key.octets, 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', imported, signature, text)
  } catch {
    return undefined // an older browser
  }
}

// signedBy judges a head by the log's keys: good takes one signature of theirs and none
// that is wrong; unread is a head of which this browser can verify none.
export async function signedBy(head: Head, keys: string[]): Promise<Judged> {
  const by: string[] = []
  let unread = 0
  for (const key of keys.map(readKey).filter(({ name }) => name === head.origin)) {
    const mine = head.signatures.find((one) => one.name === key.name && one.hash === key.hash)
    const good = mine && (await verified(key, new TextEncoder().encode(head.body), mine.signature))
    if (good === false) return { signed: 'bad', by: [key.algorithm!] }
    if (good) by.push(key.algorithm!)
    else if (mine) unread += 1
  }
  return { signed: by.length > 0 ? 'good' : unread > 0 ? 'unread' : 'bad', by }
}

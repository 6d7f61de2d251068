import { fromBase64 } from '@/lib/der'

interface Element {
  tag: number
  from: number // of its content
  to: number
}

// read is one element of DER (X.690 8.1). Certificates come from our own CA, so anything
// odd is only said to be unreadable.
function read(octets: Uint8Array, at: number): Element {
  const first = octets[at + 1]
  const more = first & 0x80 ? first & 0x7f : 0
  let length = more ? 0 : first
  for (let n = 0; n < more; n++) length = length * 256 + octets[at + 2 + n]
  const from = at + 2 + more
  if (!(from + length <= octets.length)) throw new Error('DER ends early')
  return { tag: octets[at], from, to: from + length }
}

function moment(octets: Uint8Array, { tag, from, to }: Element): string {
  const text = new TextDecoder().decode(octets.subarray(from, to))
  // UTCTime has two digits of the year: 50 and more are 1950 (RFC 5280 4.1.2.5.1).
  const whole = tag === 0x17 ? (Number(text.slice(0, 2)) >= 50 ? '19' : '20') + text : text
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(whole) ?? []
  if (!y) throw new Error('no time')
  return `${y}-${mo}-${d}T${h}:${mi}:${s}Z`
}

export interface Validity {
  from: string
  to: string
}

// validityOf reads how long a certificate (DER in base64) is good: the fifth element of
// tbsCertificate, the fourth where the version is left out (RFC 5280 4.1).
export function validityOf(der: string): Validity | undefined {
  try {
    const octets = fromBase64(der)
    const tbs = read(octets, read(octets, 0).from)
    let at = tbs.from
    if (octets[at] === 0xa0) at = read(octets, at).to
    for (let n = 0; n < 3; n++) at = read(octets, at).to // serialNumber, signature, issuer
    const validity = read(octets, at)
    const from = read(octets, validity.from)
    return { from: moment(octets, from), to: moment(octets, read(octets, from.to)) }
  } catch {
    return undefined
  }
}

export async function fingerprintOf(der: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', fromBase64(der))
  return Array.from(new Uint8Array(hash), (octet) => octet.toString(16).padStart(2, '0')).join('')
}

// DER as far as a browser has to write it (X.690, 8 and 10). Reading is the server's.
export type Octets = Uint8Array<ArrayBuffer>

export function join(...parts: Uint8Array[]): Octets {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function length(n: number): Octets {
  if (n < 0x80) return Uint8Array.of(n)
  const octets: number[] = []
  for (let left = n; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256)
  return Uint8Array.of(0x80 | octets.length, ...octets)
}

function tagged(tag: number, ...content: Uint8Array[]): Octets {
  const inner = join(...content)
  return join(Uint8Array.of(tag), length(inner.length), inner)
}

export const sequence = (...parts: Uint8Array[]) => tagged(0x30, ...parts)
export const octetString = (content: Uint8Array) => tagged(0x04, content)
export const bitString = (content: Uint8Array) => tagged(0x03, Uint8Array.of(0), content)
export const utf8 = (text: string) => tagged(0x0c, new TextEncoder().encode(text))
export const bmpString = (text: string) => tagged(0x1e, utf16(text))
export const none = () => tagged(0x05)

// explicit is [n] around what is given, implicit is [n] instead of an OCTET STRING's tag.
export const explicit = (n: number, ...content: Uint8Array[]) => tagged(0xa0 | n, ...content)
export const implicit = (n: number, content: Uint8Array) => tagged(0x80 | n, content)

// setOf writes its members in the order DER wants (X.690, 11.6).
export const setOf = (...members: Uint8Array[]) => tagged(0x31, ...members.sort(ordered))

function ordered(a: Uint8Array, b: Uint8Array): number {
  for (let n = 0; n < Math.min(a.length, b.length); n++) {
    if (a[n] !== b[n]) return a[n] - b[n]
  }
  return a.length - b.length
}

// integer takes a number of no sign: as such, or as its octets, the highest first.
export function integer(value: number | Uint8Array): Octets {
  let octets = typeof value === 'number' ? length4(value) : value
  while (octets.length > 1 && octets[0] === 0) octets = octets.subarray(1)
  return tagged(0x02, octets[0] & 0x80 ? join(Uint8Array.of(0), octets) : octets)
}

function length4(value: number): Octets {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, value)
  return octets
}

export function oid(dotted: string): Octets {
  const [first, second, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

function base128(value: number): number[] {
  const octets = [value % 128]
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) octets.unshift(0x80 | (left % 128))
  return octets
}

// utf16 is a text's UTF-16, the high octet first.
export function utf16(text: string): Octets {
  return Uint8Array.from([...Array(text.length).keys()].flatMap((n) => [text.charCodeAt(n) >> 8, text.charCodeAt(n) & 0xff]))
}

// holds says whether one run of octets stands in another.
export function holds(octets: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= octets.length; at++) {
    if (part.every((octet, n) => octets[at + n] === octet)) return true
  }
  return false
}

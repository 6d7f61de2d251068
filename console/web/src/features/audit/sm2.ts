import { sm2 } from 'sm-crypto-v2'
import { hex } from './head'
import type { Octets } from './merkle'

// SM2 with SM3 (GB/T 32918.2), as no browser brings it itself. The arithmetic is the
// library's; what it takes without looking is refused here: other forms of DER, numbers
// outside of the group, keys in other dress.

// What stands before the point in a SubjectPublicKeyInfo of SM2 (GM/T 0006, RFC 5480).
const spki = '3059301306072a8648ce3d020106082a811ccf5501822d034200'
const order = BigInt('0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123')

// The user identity of GM/T 0009 that a signature is made with where none is agreed.
export const defaultIdentity = '1234567812345678'

// pointOf returns the uncompressed point of a public key in hexadecimal, or undefined.
function pointOf(der: Octets): string | undefined {
  const text = hex(der)
  const point = text.slice(spki.length)
  return text.startsWith(spki) && /^04[0-9a-f]{128}$/.test(point) ? point : undefined
}

// numberAt reads a positive INTEGER in its shortest form (X.690 8.3).
function numberAt(der: Octets, at: number): { value: string; end: number } | undefined {
  const length = der[at + 1]
  const content = der.slice(at + 2, at + 2 + length)
  if (der[at] !== 2 || !(length >= 1 && length <= 33) || content.length !== length || content[0] >= 0x80) return undefined
  if (length > 1 && content[0] === 0 && content[1] < 0x80) return undefined
  const value = BigInt('0x' + hex(content))
  if (value < 1n || value >= order) return undefined
  return { value: value.toString(16).padStart(64, '0'), end: at + 2 + length }
}

// numbersOf returns r and s of a signature, each 32 octets in hexadecimal, or undefined.
function numbersOf(der: Octets): string | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined
  const r = numberAt(der, 2)
  const s = r && numberAt(der, r.end)
  return s?.end === der.length ? r!.value + s.value : undefined
}

// verifiesSM2 says whether a signature in DER is that of a key in SubjectPublicKeyInfo
// over the text.
export function verifiesSM2(key: Octets, text: Octets, signature: Octets, identity = defaultIdentity): boolean {
  const [point, numbers] = [pointOf(key), numbersOf(signature)]
  if (!point || !numbers) return false
  try {
    return sm2.doVerifySignature(text, numbers, point, { hash: true, userId: identity })
  } catch {
    return false // a point that is not on the curve
  }
}

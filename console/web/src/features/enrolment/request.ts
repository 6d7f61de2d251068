import { bitString, explicit, integer, none, oid, sequence, setOf, utf8, type Octets } from '@/lib/asn1'

// A key that this browser made. It can be taken out, because it has to go into a file;
// until then it is in this page's memory and nowhere else.
export interface Made {
  pair: CryptoKeyPair
  kind: Kind
  public: Octets // SubjectPublicKeyInfo
}

// What a browser can make and a CA may certify: every CA has a hierarchy of one of them,
// since its own API does (docs/ca-and-kmc.md). No browser makes SM2 keys.
export type Kind = 'p256' | 'rsa3072'

const keys = {
  p256: { name: 'ECDSA', namedCurve: 'P-256' },
  rsa3072: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 3072, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
}

const signing = { p256: { name: 'ECDSA', hash: 'SHA-256' }, rsa3072: { name: 'RSASSA-PKCS1-v1_5' } }

// ecdsa-with-SHA256 (RFC 5758, 3.2), sha256WithRSAEncryption (RFC 4055, 5)
const algorithms = { p256: () => sequence(oid('1.2.840.10045.4.3.2')), rsa3072: () => sequence(oid('1.2.840.113549.1.1.11'), none()) }

export async function makeKey(kind: Kind): Promise<Made> {
  const pair = (await crypto.subtle.generateKey(keys[kind], true, ['sign', 'verify'])) as CryptoKeyPair
  return { pair, kind, public: new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey)) }
}

// request is a PKCS#10 (RFC 2986). Whom the certificate names, the CA takes from the code.
export async function request(made: Made): Promise<Octets> {
  const name = sequence(setOf(sequence(oid('2.5.4.3'), utf8('enrolment'))))
  const body = sequence(integer(0), name, made.public, explicit(0))
  const signature = new Uint8Array(await crypto.subtle.sign(signing[made.kind], made.pair.privateKey, body))
  return sequence(body, algorithms[made.kind](), bitString(made.kind === 'p256' ? ecdsa(signature) : signature))
}

// ecdsa writes r and s as X.509 wants them; WebCrypto gives them one after the other.
function ecdsa(signature: Octets): Octets {
  const half = signature.length / 2
  return sequence(integer(signature.subarray(0, half)), integer(signature.subarray(half)))
}

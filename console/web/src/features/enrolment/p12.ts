import { bmpString, explicit, implicit, integer, join, none, octetString, oid, sequence, setOf, utf16, type Octets } from '@/lib/asn1'

// A PKCS#12 file (RFC 7292) as current programs write it: key and certificates under
// PBES2 with AES-256 (RFC 8018), all of it under an HMAC with SHA-256. OpenSSL 3, NSS and
// Windows since 10 open it.

const data = '1.2.840.113549.1.7.1'
const encryptedData = '1.2.840.113549.1.7.6'
const shroudedKeyBag = '1.2.840.113549.1.12.10.1.2'
const certBag = '1.2.840.113549.1.12.10.1.3'
const x509Certificate = '1.2.840.113549.1.9.22.1'
const friendlyName = '1.2.840.113549.1.9.20'
const localKeyId = '1.2.840.113549.1.9.21'
const pbes2 = '1.2.840.113549.1.5.13'
const pbkdf2 = '1.2.840.113549.1.5.12'
const hmacSHA256 = '1.2.840.113549.2.9'
const aes256CBC = '2.16.840.1.101.3.4.1.42'
const sha256 = '2.16.840.1.101.3.4.2.1'

// Rounds of the two derivations. Windows refuses files with more than 600,000 in all; the
// second is a chain of calls that browsers do one by one.
const rounds = { cipher: 200_000, mac: 20_000 }

export interface Contents {
  name: string // shown by programs
  key: CryptoKey // private
  certificate: Octets
  chain: Octets[] // above the certificate
}

// pack makes the file. The password is ASCII: beyond it programs disagree about encoding.
export async function pack(contents: Contents, password: string): Promise<Octets> {
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', contents.key))
  const own = await ownAttributes(contents)
  const key = sequence(oid(shroudedKeyBag), explicit(0, sequence(...(await encrypted(pkcs8, password, octetString)))), own)
  pkcs8.fill(0)
  const certificates = sequence(certificate(contents.certificate, own), ...contents.chain.map((one) => certificate(one)))
  const hidden = sequence(integer(0), sequence(oid(data), ...(await encrypted(certificates, password, (content) => implicit(0, content)))))
  const safe = sequence(sequence(oid(encryptedData), explicit(0, hidden)), sequence(oid(data), explicit(0, octetString(sequence(key)))))
  return sequence(integer(3), sequence(oid(data), explicit(0, octetString(safe))), await mac(safe, password))
}

function certificate(der: Octets, attributes: Octets = new Uint8Array(0)): Octets {
  return sequence(oid(certBag), explicit(0, sequence(oid(x509Certificate), explicit(0, octetString(der)))), attributes)
}

// ownAttributes tie the certificate to its key and give both a name.
async function ownAttributes(contents: Contents): Promise<Octets> {
  const id = new Uint8Array(await crypto.subtle.digest('SHA-256', contents.certificate))
  return setOf(sequence(oid(friendlyName), setOf(bmpString(contents.name))), sequence(oid(localKeyId), setOf(octetString(id))))
}

const random = (n: number) => crypto.getRandomValues(new Uint8Array(n))

// encrypted returns how (RFC 8018, 6.2) and what, in the form the place wants.
async function encrypted(plain: Octets, password: string, form: (content: Uint8Array) => Octets): Promise<[Octets, Octets]> {
  const salt = random(16)
  const iv = random(16)
  const from = await crypto.subtle.importKey('raw', new TextEncoder().encode(password), 'PBKDF2', false, ['deriveKey'])
  const key = await crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds.cipher }, from, { name: 'AES-CBC', length: 256 }, false, ['encrypt'])
  const content = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, plain))
  const derivation = sequence(oid(pbkdf2), sequence(octetString(salt), integer(rounds.cipher), sequence(oid(hmacSHA256), none())))
  return [sequence(oid(pbes2), sequence(derivation, sequence(oid(aes256CBC), octetString(iv)))), form(content)]
}

async function mac(safe: Octets, password: string): Promise<Octets> {
  const salt = random(16)
  const key = await crypto.subtle.importKey('raw', await macKey(password, salt), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const digest = new Uint8Array(await crypto.subtle.sign('HMAC', key, safe))
  return sequence(sequence(sequence(oid(sha256), none()), octetString(digest)), octetString(salt), integer(rounds.mac))
}

// macKey is RFC 7292, B.2, for SHA-256 and a key of one output (B.3: ID 3).
async function macKey(password: string, salt: Octets): Promise<Octets> {
  const block = 64
  const filled = (from: Octets) => Uint8Array.from({ length: block * Math.ceil(from.length / block) }, (_, n) => from[n % from.length])
  let key = join(new Uint8Array(block).fill(3), filled(salt), filled(utf16(password + '\0')))
  for (let n = 0; n < rounds.mac; n++) key = new Uint8Array(await crypto.subtle.digest('SHA-256', key))
  return key
}

// Certificates come from the API as DER in base64; here they get the forms that people's
// programs ask for.

const octetsOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))

export const der = (certificate: string) => new Blob([octetsOf(certificate)], { type: 'application/pkix-cert' })

export function pem(certificates: string[]): Blob {
  const text = certificates.map((one) => `-----BEGIN CERTIFICATE-----\n${one.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END CERTIFICATE-----\n`).join('')
  return new Blob([text], { type: 'application/x-pem-file' })
}

function tlv(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  const length: number[] = []
  for (let left = size; left > 0; left = Math.floor(left / 256)) length.unshift(left % 256)
  const head = size < 128 ? [tag, size] : [tag, 0x80 | length.length, ...length]
  const out = new Uint8Array(head.length + size)
  out.set(head)
  let at = head.length
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const oid = (...octets: number[]) => Uint8Array.of(0x06, octets.length, ...octets)
const signedData = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02)
const data = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01)

// bundle is a SignedData that holds certificates and signs nothing (RFC 2315 9.1, RFC
// 5652 5.1), which Windows imports with the whole chain. Those of a SET stand in the
// order of their octets (X.690 11.6).
export function bundle(certificates: Uint8Array[]): Uint8Array {
  const sorted = [...certificates].sort((a, b) => {
    const at = a.findIndex((octet, n) => octet !== b[n])
    return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1)
  })
  return tlv(0x30, signedData, tlv(0xa0, tlv(0x30, Uint8Array.of(2, 1, 1), tlv(0x31), tlv(0x30, data), tlv(0xa0, ...sorted), tlv(0x31))))
}

export const p7b = (certificates: string[]) => new Blob([bundle(certificates.map(octetsOf)) as BlobPart], { type: 'application/x-pkcs7-certificates' })

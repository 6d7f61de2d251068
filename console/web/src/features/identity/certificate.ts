// certificateIn reads what somebody chose as a certificate: PEM, of which the first block
// counts, or DER. It returns base64 of the DER, or undefined where it is neither.
export function certificateIn(octets: Uint8Array): string | undefined {
  if (octets.length === 0 || octets.length > 64 << 10) return undefined
  if (octets[0] === 0x30) return base64(octets)
  const text = new TextDecoder().decode(octets)
  const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(text)
  return block?.[1].replace(/\s/g, '')
}

export function base64(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += String.fromCharCode(octet)
  return btoa(text)
}

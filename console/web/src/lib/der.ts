// Octets as APIs carry them: base64 in JSON; PEM is how people do.

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

export function toBase64(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += String.fromCharCode(octet)
  return btoa(text)
}

// derOf is what a PEM text holds first, in base64, or undefined.
export function derOf(pem: string): string | undefined {
  const body = /-----BEGIN [A-Z0-9 ]+-----([A-Za-z0-9+/=\s]+)-----END [A-Z0-9 ]+-----/.exec(pem)?.[1].replace(/\s+/g, '')
  if (!body) return undefined
  try {
    return toBase64(fromBase64(body))
  } catch {
    return undefined
  }
}

// pemOf writes octets in base64 as PEM.
export function pemOf(base64: string, label: string): string {
  return `-----BEGIN ${label}-----\n${base64.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END ${label}-----\n`
}

// pemOfFile reads a file that is PEM or DER, as PEM.
export async function pemOfFile(file: Blob, label: string): Promise<string> {
  const octets = new Uint8Array(await file.arrayBuffer())
  const text = new TextDecoder('latin1').decode(octets)
  return text.includes('-----BEGIN ') ? text : pemOf(toBase64(octets), label)
}

// random octets in base64, for tickets and nonces.
export const random = (octets: number): string => toBase64(crypto.getRandomValues(new Uint8Array(octets)))

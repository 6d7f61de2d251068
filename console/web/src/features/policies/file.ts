// What may be proposed: text in UTF-8, or PDF, of 4 MiB at most (ra/policy.go).
export const most = 4 << 20

// mediaOf tells a file by its content; undefined: neither.
export function mediaOf(octets: Uint8Array): string | undefined {
  if (octets.length === 0 || octets.length > most) return undefined
  if (octets[0] === 0x25 && octets[1] === 0x50 && octets[2] === 0x44 && octets[3] === 0x46) return 'application/pdf'
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(octets)
    return text.includes('\u0000') ? undefined : 'text/plain; charset=utf-8'
  } catch {
    return undefined
  }
}

export function base64(octets: Uint8Array): string {
  const pieces: string[] = []
  for (let at = 0; at < octets.length; at += 0x8000) pieces.push(String.fromCharCode(...octets.subarray(at, at + 0x8000)))
  return btoa(pieces.join(''))
}

export const octetsOf = (text: string | undefined) => Uint8Array.from(atob(text ?? ''), (c) => c.charCodeAt(0))

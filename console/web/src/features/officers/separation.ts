// Which roles one person may have together (officer/role.go): the three administrations
// are apart from each other and from all business, since who gives roles could give
// himself any (GB/T 22239 8.1.4.2). The server decides; this says it before.
export const personRoles = ['system', 'security', 'audit', 'registrar', 'reviewer', 'issuer', 'custodian'] as const
export const placeRoles = ['site', 'node'] as const

const administrations: string[] = ['system', 'security', 'audit']

export type Conflict = 'administrations' | 'business' | 'kind'

export function conflict(held: string[], role: string): Conflict | undefined {
  const other = held.filter((one) => one !== role)
  const place = (one: string) => (placeRoles as readonly string[]).includes(one)
  if (other.some((one) => place(one) !== place(role))) return 'kind'
  const administrates = (one: string) => administrations.includes(one)
  if (administrates(role) && other.some(administrates)) return 'administrations'
  if (other.some((one) => administrates(one) !== administrates(role))) return 'business'
  return undefined
}

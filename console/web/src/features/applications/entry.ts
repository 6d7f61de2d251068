import type { RaEntry, RaField, RaKindView } from '@/client/ra'
import { plain } from '@/lib/digits'

export const kinds = ['person', 'organisation', 'device', 'code'] as const
export const operations = ['issue', 'renew', 'reissue', 'modify', 'revoke', 'freeze', 'unfreeze', 'cancel'] as const
export const suites = ['sm2', 'rsa2048', 'rsa3072', 'rsa4096', 'p256', 'p384'] as const
export const reasons = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'privilegeWithdrawn'] as const
export type Operation = (typeof operations)[number]

// Values is what the form holds.
export interface Values {
  fields?: Record<string, string | undefined>
  issuer?: string
  serial?: string
  holder?: string
  reason?: string
  profile?: string
  days?: number | null
  single?: boolean
  key_from?: 'request' | 'server'
  suite?: (typeof suites)[number]
  request?: string // base64 of what the holder's tool made
}

const fixed = ['identity', 'identity-kind', 'credit-code']

// asked are the fields an operation asks for: all of a first certificate; what may
// change in others, where who the holder is stays.
export function asked(kind: RaKindView, operation: string): RaField[] {
  if (operation === 'issue') return kind.fields
  if (operation === 'renew' || operation === 'modify') return kind.fields.filter((field) => !fixed.includes(field.form))
  return []
}

// needsKey says whether a key belongs to an operation, follows whether a certificate does.
export const needsKey = (operation: string) => operation === 'issue' || operation === 'reissue'
export const follows = (operation: string) => operation !== 'issue' && operation !== 'cancel'
export const makes = (operation: string) => ['issue', 'renew', 'reissue', 'modify'].includes(operation)

// centreMakes says for which kinds a key may be made at the centre at all
// (ca/profile_check.go); the profile decides.
export const centreMakes = (kind: string) => kind === 'person' || kind === 'device'

// kept are the fields that the next of forty people of one office has in common with
// the one before.
export function kept(kind: string, fields: Record<string, string | undefined> = {}): Record<string, string | undefined> {
  const names = ['unit', 'department', 'identity_kind', 'agent', 'agent_identity', ...(kind === 'organisation' ? [] : ['credit_code'])]
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => value && names.includes(name)))
}

// entryOf is what is sent. For a change of what is there, only what was touched.
export function entryOf(operation: string, kind: RaKindView, values: Values, touched?: Set<string>): RaEntry {
  const names = asked(kind, operation).filter((field) => !touched || touched.has(field.name))
  const fields = Object.fromEntries(names.flatMap((field) => {
    const value = values.fields?.[field.name]?.trim() ?? ''
    if (!value && !touched) return []
    return [[field.name, ['identity', 'credit-code'].includes(field.form) ? plain(value) : value]]
  }))
  const text = (value: string | undefined) => value?.trim() || undefined
  return {
    operation,
    kind: operation === 'issue' ? kind.kind : undefined,
    fields: Object.keys(fields).length > 0 ? fields : undefined,
    issuer: follows(operation) ? text(values.issuer) : undefined,
    serial: follows(operation) ? text(values.serial) : undefined,
    holder: operation === 'cancel' ? text(values.holder) : undefined,
    reason: text(values.reason),
    profile: operation === 'issue' ? text(values.profile) : undefined,
    days: makes(operation) ? (values.days ?? undefined) : undefined,
    single: operation === 'issue' && values.single ? true : undefined,
    ...(needsKey(operation) ? keyOf(values) : {}),
  }
}

function keyOf(values: Values): Pick<RaEntry, 'key_from' | 'suite' | 'request'> {
  if (values.key_from === 'server') return { key_from: 'server', suite: values.suite }
  return { key_from: 'request', request: values.request || undefined }
}

// base64 writes octets as the API takes them.
export function base64(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += String.fromCharCode(octet)
  return btoa(text)
}

export function octetsOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

// isRequest says whether something looks like a certificate request; a private key that
// was dropped by mistake never leaves the browser.
export function isRequest(octets: Uint8Array): 'request' | 'private' | 'other' {
  const text = new TextDecoder('latin1').decode(octets)
  if (text.includes('PRIVATE KEY')) return 'private'
  if (/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(text)) return 'request'
  return octets[0] === 0x30 && octets.length > 64 ? 'request' : 'other'
}

// PEM writes DER as text.
export function pem(label: string, der: string): string {
  return `-----BEGIN ${label}-----\n${der.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END ${label}-----\n`
}

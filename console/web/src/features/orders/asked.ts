import type { CaOrder, CaProfileView, PkiAttribute } from '@/client/ca'
import { derOf } from '@/lib/der'

export interface Asked {
  profile: string
  issuer?: string
  key: 'request' | 'centre'
  request?: string // PEM
  suite?: string
  who: 'identity' | 'holder' | 'none'
  identityKind?: 'resident' | 'military' | 'passport' | 'credit-code'
  identityNumber?: string
  holder?: string
  subject?: Record<string, string | string[] | undefined>
  altNames?: Record<string, string[] | undefined>
  values?: Record<string, string | undefined>
  days?: number
  single?: boolean
  decision?: string
}

// wanted are the attributes somebody has to write: those that are not fixed and not made
// from the holder's id.
export const wanted = (profile: CaProfileView) => profile.subject.filter((rule) => !rule.fixed && !rule.holder)

// subjectOf is the name in the order of the profile's rules, root first; fixed parts are
// written by the CA's rules and given here as they are.
export function subjectOf(profile: CaProfileView, given: Asked['subject'] = {}): PkiAttribute[] {
  return profile.subject.flatMap((rule) => {
    if (rule.holder) return []
    if (rule.fixed) return [{ type: rule.type, value: rule.fixed }]
    const value = given[rule.type]
    const all = Array.isArray(value) ? value : value?.trim() ? [value.trim()] : []
    return all.map((one) => ({ type: rule.type, value: one }))
  })
}

// orderOf is an order without a request, as the CA takes it.
export function orderOf(asked: Asked, profile: CaProfileView, application: string): Omit<CaOrder, 'request'> {
  const altNames = Object.entries(asked.altNames ?? {}).flatMap(([kind, values]) => (values ?? []).map((value) => ({ kind, value })))
  const values = Object.fromEntries(Object.entries(asked.values ?? {}).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])))
  return {
    application, profile: asked.profile, subject: subjectOf(profile, asked.subject),
    ...(asked.issuer ? { issuer: asked.issuer } : {}),
    ...(asked.who === 'identity' ? { identity: { kind: asked.identityKind!, number: asked.identityNumber!.trim() } } : {}),
    ...(asked.who === 'holder' ? { holder: asked.holder!.trim() } : {}),
    ...(altNames.length > 0 ? { alt_names: altNames } : {}),
    ...(Object.keys(values).length > 0 ? { values } : {}),
    ...(asked.days ? { days: asked.days } : {}),
    ...(asked.single ? { single: true } : {}),
    ...(asked.decision?.trim() ? { decision: asked.decision.trim() } : {}),
  }
}

export const requestOf = (asked: Asked): string | undefined => (asked.request ? derOf(asked.request) : undefined)

// attributes reads a name as certificates show it, root first: C=CN, O=…, CN=…. A comma
// belongs to a value unless another attribute follows it, or has a backslash before it.
export function attributes(name: string): PkiAttribute[] {
  return name.split(/(?<!\\),\s*(?=[A-Za-z][A-Za-z0-9.]*=)/).flatMap((part) => {
    const cut = part.indexOf('=')
    return cut > 0 ? [{ type: part.slice(0, cut).trim(), value: part.slice(cut + 1).replace(/\\(.)/g, '$1').trim() }] : []
  })
}

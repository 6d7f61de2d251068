import type { PolicyAttribute, PolicyConditions, PolicyWindow } from '@/client/gateway'

export interface Condition {
  field: string // key of a text
  values: string[]
}

const window = (w: PolicyWindow): string =>
  [w.first_day && `${w.first_day} – ${w.last_day ?? '…'}`, w.weekdays?.join(', '), w.days && `${w.days}(${w.calendar})`, (w.from || w.to) && `${w.from ?? '00:00'}–${w.to ?? '24:00'}`, w.time_zone].filter(Boolean).join(' ')

const attribute = (a: PolicyAttribute): string => `${a.type}=${a.values.join(' | ')}`

// conditions are what a rule asks, one line each.
export function conditions(when: PolicyConditions | undefined): Condition[] {
  return Object.entries(when ?? {}).flatMap(([field, value]): Condition[] => {
    if (field === 'times') return [{ field, values: (value as PolicyWindow[]).map(window) }]
    if (field === 'subject' || field === 'issuer') return [{ field, values: (value as PolicyAttribute[]).map(attribute) }]
    if (Array.isArray(value)) return value.length > 0 ? [{ field, values: value.map(String) }] : []
    return value ? [{ field, values: [String(value)] }] : []
  })
}

import type { KmcCaseOrder, KmcKeyName } from '@/client/kmc'
import { derOf } from '@/lib/der'

export interface Asked {
  number: string
  authority: string
  reason: string
  which: 'holder' | 'keys'
  holder?: string
  keys?: string
  certificates: string[]
  withhold_days?: number
  withhold_law?: string
}

// keyNames reads serial numbers of encryption certificates, each with its CA before a
// slash where two CAs used it.
export function keyNames(text: string): KmcKeyName[] {
  return text.split(/[\s,，;；]+/).filter(Boolean).map((word) => {
    const cut = word.lastIndexOf('/')
    return cut < 0 ? { cert_no: word } : { ca: word.slice(0, cut), cert_no: word.slice(cut + 1) }
  })
}

export function orderOf(asked: Asked): KmcCaseOrder {
  const { number, authority, reason, which, holder, keys, certificates, withhold_days, withhold_law } = asked
  return {
    number: number.trim(), authority: authority.trim(), reason: reason.trim(),
    certificates: certificates.flatMap((pem) => derOf(pem) ?? []),
    ...(which === 'holder' ? { holder: holder?.trim() } : { keys: keyNames(keys ?? '') }),
    ...(withhold_days ? { withhold_days, withhold_law: withhold_law?.trim() } : {}),
  }
}

import { useQuery } from '@tanstack/react-query'
import { selfApplications, selfCertificates } from '@/client/self'
import type { RaCertificate, RaProgress } from '@/client/self'
import { daysUntil } from '@/lib/format'
import { ask } from '@/lib/http'
import { everyItem } from '@/lib/pages'

export const useCertificates = () => useQuery({ queryKey: ['certificates'], queryFn: () => everyItem((after) => ask(selfCertificates({ query: { after, limit: 200 } }))) })
export const useApplications = () => useQuery({ queryKey: ['applications'], queryFn: () => everyItem((after) => ask(selfApplications({ query: { after, limit: 200 } }))) })

// From so many days before the end on a certificate is warned of.
export const warnDays = 30

export type Standing = 'good' | 'soon' | 'over' | 'held' | 'revoked'

// standing is how a certificate stands, as its holder has to know it.
export function standing(certificate: Pick<RaCertificate, 'state' | 'not_after'>): { is: Standing; days: number } {
  const days = daysUntil(certificate.not_after) ?? 0
  if (certificate.state === 'held') return { is: 'held', days }
  if (certificate.state !== 'valid') return { is: 'revoked', days }
  if (Date.parse(certificate.not_after) <= Date.now()) return { is: 'over', days }
  return { is: days < warnDays ? 'soon' : 'good', days }
}

// inOrder puts what asks for something first, and what is over last.
export function inOrder<T extends Pick<RaCertificate, 'state' | 'not_after'>>(all: T[]): T[] {
  const rank: Record<Standing, number> = { soon: 0, held: 1, good: 2, over: 3, revoked: 4 }
  return [...all].sort((a, b) => rank[standing(a).is] - rank[standing(b).is] || b.not_after.localeCompare(a.not_after))
}

// underWay says whether an application still goes on.
export const underWay = (one: RaProgress): boolean => ['submitted', 'returned', 'approved', 'issued'].includes(one.state)

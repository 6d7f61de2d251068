import { useQuery } from '@tanstack/react-query'
import { issuers } from '@/client/ca'
import { rolesAt } from '@/app/access'
import { ask } from '@/lib/http'
import { useSession } from '@/lib/session'

export const useIssuers = () => useQuery({ queryKey: ['ca', 'issuers'], queryFn: () => ask(issuers()) })

// useMay is what this person may do with an issuer; the CA decides.
export function useMay() {
  const { view } = useSession()
  const roles = rolesAt(view, 'ca')
  return { sign: roles.includes('system') || roles.includes('issuer'), propose: roles.includes('system') }
}

export type Fresh = 'good' | 'warning' | 'critical'

// fresh says whether a list is about to end: the CA replaces it long before, so a list in
// the last tenth of its life means that signing has stopped.
export function fresh(list: { this_update: string; next_update: string }, now: number): Fresh {
  const from = Date.parse(list.this_update)
  const to = Date.parse(list.next_update)
  if (now >= to) return 'critical'
  return now > to - (to - from) / 10 ? 'warning' : 'good'
}

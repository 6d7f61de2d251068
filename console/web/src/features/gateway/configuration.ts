import { useQuery } from '@tanstack/react-query'
import { configuration as readConfiguration } from '@/client/gateway'
import { rolesAt } from '@/app/access'
import { ask } from '@/lib/http'
import { useSession } from '@/lib/session'

// Everything read of the gateway stands under one key, so that a new version makes all of
// it out of date.
export const gatewayKey = ['gateway'] as const
export const configurationKey = [...gatewayKey, 'configuration'] as const

export const useConfiguration = () => useQuery({ queryKey: configurationKey, queryFn: () => ask(readConfiguration()) })

// useMay is which half of the configuration this person keeps: whom to trust and who gets
// in is the security administrator's, what listens and leads where the system
// administrator's (gateway/rights.go). The gateway decides; this says which buttons are shown.
export function useMay() {
  const { view } = useSession()
  const roles = rolesAt(view, 'gateway')
  return { services: roles.includes('system'), rules: roles.includes('security'), visits: roles.includes('security') || roles.includes('audit'), end: roles.includes('security') }
}

// Names of parts, as the gateway takes them.
export const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/

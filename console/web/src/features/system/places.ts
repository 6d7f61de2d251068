import { useQueries } from '@tanstack/react-query'
import { placesOf, type Place } from '@/app/access'
import { component as ofCA } from '@/client/ca'
import type { WireSystem } from '@/client/ca'
import { component as ofGateway } from '@/client/gateway'
import { component as ofKMC } from '@/client/kmc'
import { component as ofRA } from '@/client/ra'
import { ask, byItself } from '@/lib/http'
import { useSession } from '@/lib/session'

const looks: Partial<Record<Place, () => Promise<WireSystem>>> = {
  ca: () => ask(ofCA(byItself)),
  kmc: () => ask(ofKMC(byItself)) as Promise<WireSystem>,
  ra: () => ask(ofRA(byItself)) as Promise<WireSystem>,
  gateway: () => ask(ofGateway(byItself)) as Promise<WireSystem>,
}

const every = 30_000

// useSystems asks each place where somebody may how it stands, again and again.
export function useSystems() {
  const { view } = useSession()
  const places = placesOf(view, 'system')
  const queries = useQueries({ queries: places.map((place) => ({ queryKey: ['system', place], queryFn: () => looks[place]!(), refetchInterval: every })) })
  return places.map((place, n) => ({ place, query: queries[n] }))
}

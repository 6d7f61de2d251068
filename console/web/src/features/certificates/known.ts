import { useQuery } from '@tanstack/react-query'
import { show, stateAt } from '@/client/ca'
import type { StatusEntry } from '@/client/ca'
import { applications, certificates } from '@/client/ra'
import { ask } from '@/lib/http'
import { Refusal } from '@/lib/refusal'
import type { Known } from './life'

const every = ['draft', 'submitted', 'returned', 'approved', 'rejected', 'issued', 'delivered', 'withdrawn'] as const

// Enough entries for any life; more would be somebody playing with hold and release.
const mostEntries = 40

// absent makes what one may not see, or what is not there, into nothing: the other place
// may know more.
async function absent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof Refusal && (error.status === 404 || error.forbidden)) return undefined
    throw error
  }
}

// entriesOf walks the CA's journal back from now: each answer proves a state, and the
// moment before it has the entry before.
async function entriesOf(issuer: string, serial: string): Promise<StatusEntry[]> {
  const all: StatusEntry[] = []
  let at = new Date().toISOString()
  while (all.length < mostEntries) {
    const moment = await absent(ask(stateAt({ path: { issuer, serial }, query: { at } })))
    if (!moment || moment.entry.number === all[0]?.number) break
    all.unshift(moment.entry)
    at = new Date(Date.parse(moment.entry.at) - 1).toISOString()
  }
  return all
}

// useKnown asks every place the caller is known at about one certificate.
export function useKnown(issuer: string, serial: string, places: string[]) {
  return useQuery({
    queryKey: ['certificates', 'one', issuer, serial],
    queryFn: async (): Promise<Known> => {
      const at = { ca: places.includes('ca'), ra: places.includes('ra') }
      const [ca, found, entries] = await Promise.all([
        at.ca ? absent(ask(show({ path: { issuer, serial } }))) : undefined,
        at.ra ? absent(ask(certificates({ query: { issuer, serial } }))) : undefined,
        at.ca ? entriesOf(issuer, serial) : [],
      ])
      const ra = found?.items[0]
      if (!ca && !ra) throw new Refusal(404, { title: 'there is no such certificate here', code: 'certificate.unknown', remedy: '' })
      const about = ra ? await absent(ask(applications({ query: { holder: ra.holder, state: [...every], limit: 200 } }))) : undefined
      return { ca, ra, entries, applications: (about?.items ?? []).toReversed() }
    },
  })
}

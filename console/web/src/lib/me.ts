import { useQuery } from '@tanstack/react-query'
import { me } from '@/client/ra'
import type { RaMe } from '@/client/ra'
import { ask } from './http'

// useMe is who one is at the registration: office, and which operations the roles allow.
export function useMe() {
  return useQuery({ queryKey: ['ra', 'me'], queryFn: () => ask(me()), staleTime: 60_000 })
}

// may says whether one's roles allow an operation of the registration, "ra.deliver".
export const may = (who: RaMe | undefined, right: string): boolean => who?.rights.includes(right) ?? false

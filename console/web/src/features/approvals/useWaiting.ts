import { useQuery } from '@tanstack/react-query'
import { holds } from '@/app/access'
import { byItself } from '@/lib/http'
import { useSession } from '@/lib/session'
import { itemsOf } from './items'

// useWaiting counts what waits for the one who is here, without keeping his session alive.
export function useWaiting() {
  const { view } = useSession()
  return useQuery({ queryKey: ['approvals', 'waiting'], queryFn: () => itemsOf(view, 'waiting', byItself), enabled: holds(view, 'approvals'), refetchInterval: 60_000 })
}

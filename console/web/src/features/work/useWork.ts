import { useQuery } from '@tanstack/react-query'
import { holds } from '@/app/access'
import { work } from '@/client/ra'
import { ask, byItself } from '@/lib/http'
import { useSession } from '@/lib/session'

// useWork counts what waits, once a minute, without keeping the session alive.
export function useWork() {
  const { view, ended } = useSession()
  return useQuery({ queryKey: ['work'], queryFn: () => ask(work(byItself)), enabled: holds(view, 'work') && view.state === 'open' && !ended, refetchInterval: 60_000 })
}

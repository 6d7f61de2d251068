import { useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { session as readSession, sessionClose, sessionOpen } from '@/client/console'
import type { ConsoleView as View } from '@/client/console'
import { ask, byItself, onSessionEnd } from './http'

export interface Session {
  view: View
  ended: boolean // while somebody worked: log in and go on
  logIn: () => Promise<void>
  logOut: () => Promise<void>
  again: () => void
}

const Context = createContext<Session | undefined>(undefined)

// SessionProvider reads who is there, and asks for the session anew when it has ended
// while something was under way.
export function SessionProvider({ children, waiting, failed }: { children: ReactNode; waiting: ReactNode; failed: (error: Error, retry: () => void) => ReactNode }) {
  const queries = useQueryClient()
  const [refused, setRefused] = useState(false)
  const inside = useRef(false) // somebody is logged in, as far as this page has heard
  const waiters = useRef<(() => void)[]>([])
  const { data: view, error, refetch } = useQuery({ queryKey: ['session'], queryFn: () => ask(readSession(byItself)), refetchOnWindowFocus: 'always', staleTime: 60_000 })

  useEffect(() => {
    onSessionEnd(() => {
      if (!inside.current) return undefined
      setRefused(true)
      return new Promise((resolve) => waiters.current.push(resolve))
    })
  }, [])

  const logIn = useCallback(async () => {
    const opened = await ask(sessionOpen())
    queries.setQueryData(['session'], opened)
    setRefused(false)
    waiters.current.splice(0).forEach((go) => go())
  }, [queries])

  const logOut = useCallback(async () => {
    await ask(sessionClose())
    inside.current = false
    queries.setQueryData<View>(['session'], (now) => now && { ...now, state: 'none' })
    queries.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
    await refetch()
  }, [queries, refetch])

  if (view?.state === 'open') inside.current = true
  // Also where the page, looking after an absence, only hears that it is over.
  const ended = refused || (inside.current && view?.state === 'none')

  const value = useMemo(() => view && { view, ended, logIn, logOut, again: () => void refetch() }, [view, ended, logIn, logOut, refetch])
  if (error && !view) return failed(error, () => void refetch())
  if (!value) return waiting
  return <Context value={value}>{children}</Context>
}

export function useSession(): Session {
  const session = useContext(Context)
  if (!session) throw new Error('useSession outside SessionProvider')
  return session
}

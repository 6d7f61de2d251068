import { useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, Fragment, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { session as readSession, sessionClose, sessionOpen } from '@/client/console'
import type { ConsoleView as View } from '@/client/console'
import { ask, byItself, onSessionEnd } from './http'
import { Refusal } from './refusal'

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
  const inside = useRef('') // the certificate of who is logged in, as far as this page has heard
  const waiters = useRef<((same: boolean) => void)[]>([])
  const [last, setLast] = useState({ by: '', turn: 0 })
  const { data: view, error, refetch } = useQuery({ queryKey: ['session'], queryFn: () => ask(readSession(byItself)), refetchOnWindowFocus: 'always', staleTime: 60_000 })

  useEffect(() => {
    onSessionEnd(() => {
      if (!inside.current) return undefined
      setRefused(true)
      return new Promise((go, stop) => waiters.current.push((same) => (same ? go() : stop(new Refusal(403, { title: 'somebody else has logged in', code: 'other-person' })))))
    })
  }, [])

  const logIn = useCallback(async () => {
    const opened = await ask(sessionOpen())
    const same = inside.current === by(opened)
    queries.setQueryData(['session'], opened)
    setRefused(false)
    // What one person was about to do, another has not meant.
    waiters.current.splice(0).forEach((go) => go(same))
  }, [queries])

  const logOut = useCallback(async () => {
    await ask(sessionClose())
    inside.current = ''
    queries.setQueryData<View>(['session'], (now) => now && { ...now, state: 'none' })
    queries.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
    await refetch()
  }, [queries, refetch])

  const who = view?.state === 'open' ? by(view) : ''
  if (who) inside.current = who
  if (who && who !== last.by) {
    // Another person, in this window or another of the same browser: what the one before
    // was shown and had filled in is no business of his.
    if (last.by) queries.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
    setLast({ by: who, turn: last.by ? last.turn + 1 : 0 })
  }
  // Also where the page, looking after an absence, only hears that it is over.
  const ended = refused || (inside.current !== '' && view?.state === 'none')

  const value = useMemo(() => view && { view, ended, logIn, logOut, again: () => void refetch() }, [view, ended, logIn, logOut, refetch])
  if (error && !view) return failed(error, () => void refetch())
  if (!value) return waiting
  return (
    <Context value={value}>
      <Fragment key={last.turn}>{children}</Fragment>
    </Context>
  )
}

const by = (view: View): string => view.shown?.fingerprint ?? ''

export function useSession(): Session {
  const session = useContext(Context)
  if (!session) throw new Error('useSession outside SessionProvider')
  return session
}

import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'

// useFilters keeps a page's filters in its address, so that what somebody sees can be
// sent to somebody else, and the back button does what one expects.
export function useFilters<K extends string>(names: readonly K[]) {
  const [search, setSearch] = useSearchParams()
  const filters = useMemo(() => Object.fromEntries(names.flatMap((name) => (search.get(name) ? [[name, search.get(name)!]] : []))) as Partial<Record<K, string>>, [names, search])
  const setFilters = useCallback(
    (change: Partial<Record<K, string | undefined>>) =>
      setSearch((now) => {
        const next = new URLSearchParams(now)
        for (const [name, value] of Object.entries(change) as [K, string | undefined][]) {
          if (value) next.set(name, value)
          else next.delete(name)
        }
        return next
      }),
    [setSearch],
  )
  return [filters, setFilters] as const
}

import { useState } from 'react'

// useStored is state this browser remembers: how somebody likes a table, never what is
// in it.
export function useStored<T>(name: string, initial: T): [T, (value: T) => void] {
  const key = 'onecert.' + name
  const [value, setValue] = useState<T>(() => {
    try {
      const kept = localStorage.getItem(key)
      return kept === null ? initial : (JSON.parse(kept) as T)
    } catch {
      return initial
    }
  })
  return [
    value,
    (next) => {
      setValue(next)
      localStorage.setItem(key, JSON.stringify(next))
    },
  ]
}

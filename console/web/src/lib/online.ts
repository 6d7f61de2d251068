import { useEffect, useState } from 'react'

// useOnline tells whether the machine has a network at all, as the browser sees it.
export function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine)
  useEffect(() => {
    const heard = () => setOnline(navigator.onLine)
    window.addEventListener('online', heard)
    window.addEventListener('offline', heard)
    return () => {
      window.removeEventListener('online', heard)
      window.removeEventListener('offline', heard)
    }
  }, [])
  return online
}

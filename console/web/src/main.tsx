import { lazy, Suspense, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router'
import { Frame } from '@/app/Frame'
import { Login } from '@/app/Login'
import { fetchAhead, makeRouter } from '@/app/router'
import { Waiting } from '@/app/Waiting'
import { Failure } from '@/components/Failure'
import { startTexts } from '@/lib/i18n'
import { SessionProvider, useSession } from '@/lib/session'
import '@/app/style.css'

const Enrolment = lazy(() => import('@/features/enrolment/Enrolment'))

function Console() {
  const { view, ended } = useSession()
  const [router] = useState(makeRouter)
  useEffect(() => () => router.dispose(), [router]) // where another person comes, another begins
  // The one page that asks for no session: a one-time code is the right.
  if (location.pathname === '/enrol') {
    return (
      <Suspense fallback={<Waiting />}>
        <Enrolment />
      </Suspense>
    )
  }
  // A session that ended under way keeps its page: what was filled in stays.
  return view.state === 'open' || ended ? <RouterProvider router={router} /> : <Login />
}

// Who has a slow line sees for that long that something comes.
const patience = new Promise((go) => setTimeout(go, 300))
await Promise.all([startTexts(), Promise.race([fetchAhead(location.pathname), patience])])
createRoot(document.getElementById('root')!).render(
  <Frame>
    <SessionProvider waiting={<Waiting />} failed={(error, retry) => <Failure error={error} retry={retry} />}>
      <Console />
    </SessionProvider>
  </Frame>,
)

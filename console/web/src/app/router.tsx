import type { ReactNode } from 'react'
import { createBrowserRouter, matchRoutes } from 'react-router'
import { later } from '@/lib/later'
import { useSession } from '@/lib/session'
import { Broken } from './Broken'
import { access, holds, type Access, type Right } from './access'
import { NoPage, NoRight } from './NoPage'
import { pages } from './pages'
import { Shell } from './Shell'

const Home = later(() => import('./Home'))

function Guard({ right, children }: { right: Right; children: ReactNode }) {
  const { view } = useSession()
  const rule: Access = access[right]
  return holds(view, right) ? children : <NoRight roles={rule.roles ?? []} />
}

export const makeRouter = () =>
  createBrowserRouter([
    {
      element: <Shell />,
      errorElement: <Broken />,
      children: [
        { index: true, element: <Home />, errorElement: <Broken /> },
        ...pages.map((page) => ({ path: page.path, element: <Guard right={page.right}><page.element /></Guard>, errorElement: <Broken /> })),
        { path: '*', element: <NoPage /> },
      ],
    },
  ])

// fetchAhead fetches the code of the page an address leads to, while it is found out who
// asks. What cannot be had is asked for again by the page, which then says so.
export async function fetchAhead(address: string) {
  const known = [{ path: '', element: Home }, ...pages].map(({ path, element }) => ({ path: '/' + path, handle: element }))
  const [found] = matchRoutes(known, address) ?? []
  await found?.route.handle.ahead().catch(() => undefined)
}

import { lazy, type ReactNode } from 'react'
import { createBrowserRouter } from 'react-router'
import { useSession } from '@/lib/session'
import { Broken } from './Broken'
import { access, holds, type Access, type Right } from './access'
import { NoPage, NoRight } from './NoPage'
import { pages } from './pages'
import { Shell } from './Shell'

const Home = lazy(() => import('./Home'))

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

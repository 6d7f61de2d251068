import type { ReactNode } from 'react'
import { createBrowserRouter } from 'react-router'
import { Broken } from '@/app/Broken'
import { useSession } from '@/lib/session'
import { Applications } from './Applications'
import { Certificate } from './Certificate'
import { Contact } from './Contact'
import { Fetch } from './Fetch'
import { Follow } from './Follow'
import { Help } from './Help'
import { Ledger } from './Ledger'
import { Announcement } from './Announcement'
import { Lost } from './Lost'
import { Loss } from './Loss'
import { Mine } from './Mine'
import { NeedsCertificate } from './NeedsCertificate'
import { Rules } from './Rules'
import { Shell } from './Shell'
import { Start } from './Start'
import { Ticket } from './Ticket'
import { TicketAsk } from './TicketAsk'
import { TicketLook } from './TicketLook'
import { Tickets } from './Tickets'

// One who was logged in keeps the page when the session ends: what was filled in stays.
function Holder({ children }: { children: ReactNode }) {
  const { view, ended } = useSession()
  return view.state === 'open' || ended ? children : <NeedsCertificate />
}

function First() {
  const { view, ended } = useSession()
  return view.state === 'open' || ended ? <Mine /> : <Start />
}

function Desk() {
  const { view, ended } = useSession()
  return view.state === 'open' || ended ? <Tickets /> : <TicketLook />
}

export const makeRouter = () =>
  createBrowserRouter([
    {
      element: <Shell />,
      errorElement: <Broken />,
      children: [
        { index: true, element: <First />, errorElement: <Broken /> },
        ...Object.entries({
          loss: <Loss />,
          follow: <Follow />,
          fetch: <Fetch />,
          help: <Help />,
          rules: <Rules />,
          'announcements/:id': <Announcement />,
          tickets: <Desk />,
          'tickets/ask': <TicketAsk />,
          'tickets/:number': <Holder><Ticket /></Holder>,
          'certificates/:issuer/:serial': <Holder><Certificate /></Holder>,
          applications: <Holder><Applications /></Holder>,
          ledger: <Holder><Ledger /></Holder>,
          contact: <Holder><Contact /></Holder>,
          '*': <Lost />,
        }).map(([path, element]) => ({ path, element, errorElement: <Broken /> })),
      ],
    },
  ])

import { useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router'
import { Frame } from '@/app/Frame'
import { Waiting } from '@/app/Waiting'
import { Failure } from '@/components/Failure'
import { startTexts } from '@/lib/i18n'
import { SessionProvider } from '@/lib/session'
import { makeRouter } from './router'
import '@/app/style.css'
import './style.css'

function SelfService() {
  const [router] = useState(makeRouter)
  useEffect(() => () => router.dispose(), [router]) // where another person comes, another begins
  return <RouterProvider router={router} />
}

await startTexts()
createRoot(document.getElementById('root')!).render(
  <Frame>
    <SessionProvider waiting={<Waiting />} failed={(error, retry) => <Failure error={error} retry={retry} />}>
      <SelfService />
    </SessionProvider>
  </Frame>,
)

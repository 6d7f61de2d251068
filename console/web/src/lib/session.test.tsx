import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { useState } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { me } from '@/client/ra'
import { ask } from './http'
import { SessionProvider, useSession } from './session'

// A console as the page sees it: who has the certificate, and whether a session stands.
const there = { who: 'alice', open: true, asked: 0 }

const view = () => ({ kind: 'officers', title: '', version: '', state: there.open ? 'open' : 'none', shown: { subject: there.who, issuer: '', serial: '', not_after: '', fingerprint: there.who }, name: there.who, places: [], governs: false, links: [], idle: 900 })

function answer(url: string, method: string): Response {
  const said = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', 'Onecert-Session': there.open ? 'open' : 'none' } })
  if (url.includes('/api/console/')) {
    if (method === 'POST') there.open = true
    return said(200, view())
  }
  there.asked++
  return there.open ? said(200, { name: there.who }) : said(401, { title: 'nobody', code: 'officer.anonymous' })
}

function Page() {
  const { view, ended, logIn } = useSession()
  const [text, setText] = useState('')
  const [came, setCame] = useState('')
  return (
    <>
      <p>{view.name} {ended ? 'ended' : 'in'} {came}</p>
      <input aria-label="text" value={text} onChange={(event) => setText(event.target.value)} />
      <button onClick={() => void ask(me()).then((who) => setCame(`done by ${who.name}`), () => undefined)}>do</button>
      <button onClick={() => void logIn()}>log in</button>
    </>
  )
}

let queries: QueryClient
beforeEach(async () => {
  Object.assign(there, { who: 'alice', open: true, asked: 0 })
  // A path alone is no address for Node's Request, as it is for a browser's.
  const Real = Request
  vi.stubGlobal('Request', class extends Real { constructor(input: RequestInfo | URL, init?: RequestInit) { super(typeof input === 'string' ? new URL(input, 'https://console.example') : input, init) } })
  vi.stubGlobal('fetch', (request: Request) => Promise.resolve(answer(request.url, request.method)))
  queries = new QueryClient()
  queries.setQueryData(['holders'], 'what alice was shown')
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider waiting="waiting" failed={(error) => error.message}>
        <Page />
      </SessionProvider>
    </QueryClientProvider>,
  )
  await screen.findByText(/alice in/)
  fireEvent.change(screen.getByLabelText('text'), { target: { value: 'half a form' } })
  there.open = false
  fireEvent.click(screen.getByText('do'))
  await screen.findByText(/alice ended/)
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

test('who logs in again goes on where he was', async () => {
  fireEvent.click(screen.getByText('log in'))
  await screen.findByText(/done by alice/)
  expect(screen.getByLabelText<HTMLInputElement>('text').value).toBe('half a form')
  expect(queries.getQueryData(['holders'])).toBe('what alice was shown')
})

test('somebody else begins anew: nothing is done in his name, and nothing of the other shown to him', async () => {
  there.who = 'bob'
  fireEvent.click(screen.getByText('log in'))
  await screen.findByText(/bob in/)
  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('text').value).toBe(''))
  expect(there.asked).toBe(1) // the call of alice did not go out again
  expect(queries.getQueryData(['holders'])).toBeUndefined()
})

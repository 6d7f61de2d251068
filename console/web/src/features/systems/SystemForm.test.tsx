import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { App } from 'antd'
import { createMemoryRouter, RouterProvider } from 'react-router'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { RaSystem } from '@/client/ra'
import { startTexts } from '@/lib/i18n'
import { SystemForm } from './SystemForm'

beforeAll(async () => {
  window.matchMedia ??= (query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined }) as unknown as MediaQueryList
  globalThis.ResizeObserver ??= class { observe() {} unobserve() {} disconnect() {} } as unknown as typeof ResizeObserver
  await startTexts()
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const system = (version: number, name: string): RaSystem => ({ id: 'mail', name, owner: 'owner', contact: 'contact', services: ['login'], kinds: ['person'], node: 'centre', state: 'active', changed: '', changed_by: 'a', version }) as unknown as RaSystem

// While the form is open the page behind it reads the system anew.
test('what somebody else changes meanwhile is not overwritten', async () => {
  const bodies: { version: number; name: string }[] = []
  const Real = Request
  vi.stubGlobal('Request', class extends Real { constructor(input: RequestInfo | URL, init?: RequestInit) { super(typeof input === 'string' ? new URL(input, 'https://console.example') : input, init) } })
  vi.stubGlobal('fetch', async (request: Request) => {
    bodies.push((await request.json()) as { version: number; name: string })
    return new Response(JSON.stringify({ title: 'stale', code: 'stale' }), { status: 409, headers: { 'Content-Type': 'application/problem+json' } })
  })
  const tree = (shown: RaSystem) => (
    <App>
      <QueryClientProvider client={queries}>
        <RouterProvider router={createMemoryRouter([{ path: '/', element: <SystemForm system={shown} onClose={() => undefined} /> }])} />
      </QueryClientProvider>
    </App>
  )
  const queries = new QueryClient()
  const { rerender } = render(tree(system(1, 'as it was')))
  await screen.findByDisplayValue('as it was')
  rerender(tree(system(2, 'changed by another')))
  fireEvent.change(screen.getByDisplayValue('owner'), { target: { value: 'another owner' } })
  fireEvent.click(screen.getByRole('button', { name: /保\s?存|Save/ }))
  await waitFor(() => expect(bodies.length).toBe(1))
  expect(bodies[0].version).toBe(1)
})

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { startTexts } from '@/lib/i18n'
import { PlaceSelect } from './PlaceSelect'

beforeAll(async () => {
  globalThis.ResizeObserver ??= class { observe() {} unobserve() {} disconnect() {} } as unknown as typeof ResizeObserver
  await startTexts()
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

// Three hundred offices: the registration hands out fifty at once, and looks up the rest.
test('an office behind the first page is found by what is typed', async () => {
  const offices = Array.from({ length: 300 }, (_, n) => ({ id: `lra${n}`, name: `受理点${n}`, level: 'lra' }))
  const Real = Request
  vi.stubGlobal('Request', class extends Real { constructor(input: RequestInfo | URL, init?: RequestInit) { super(typeof input === 'string' ? new URL(input, 'https://console.example') : input, init) } })
  vi.stubGlobal('fetch', (request: Request) => {
    const query = new URL(request.url).searchParams
    const items = offices.filter((one) => one.name.includes(query.get('search') ?? '') && (!query.get('node') || one.id === query.get('node'))).slice(0, Number(query.get('limit')))
    return Promise.resolve(new Response(JSON.stringify({ items }), { headers: { 'Content-Type': 'application/json' } }))
  })
  const chosen = vi.fn()
  const { rerender } = render(<Shown value={undefined} onChange={chosen} />)
  fireEvent.mouseDown(screen.getByRole('combobox'))
  fireEvent.change(screen.getByRole('combobox'), { target: { value: '受理点287' } })
  fireEvent.click(await screen.findByTitle('受理点287 (lra287)'))
  expect(chosen).toHaveBeenCalledWith('lra287')
  rerender(<Shown value="lra287" onChange={chosen} />)
  await waitFor(() => expect(document.querySelector('.ant-select-content, .ant-select-selection-item')?.textContent).toContain('受理点287'))
})

const queries = new QueryClient()
const Shown = (props: { value?: string; onChange: (node?: string) => void }) => (
  <QueryClientProvider client={queries}>
    <PlaceSelect {...props} />
  </QueryClientProvider>
)

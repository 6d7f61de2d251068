import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { startTexts } from '@/lib/i18n'
import { PlaceSelect } from './PlaceSelect'

let queries = new QueryClient()

beforeAll(async () => {
  globalThis.ResizeObserver ??= class { observe() {} unobserve() {} disconnect() {} } as unknown as typeof ResizeObserver
  await startTexts()
})
afterEach(() => {
  queries = new QueryClient()
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

test('Enter before the answer has come chooses nothing that was not typed', async () => {
  const Real = Request
  vi.stubGlobal('Request', class extends Real { constructor(input: RequestInfo | URL, init?: RequestInit) { super(typeof input === 'string' ? new URL(input, 'https://console.example') : input, init) } })
  vi.stubGlobal('fetch', (request: Request) => {
    const search = new URL(request.url).searchParams.get('search')
    if (search) return new Promise(() => undefined) // the line is slow
    return Promise.resolve(new Response(JSON.stringify({ items: [{ id: 'ra1', name: '注册机构', level: 'ra' }, { id: 'ra2', name: '注册机构二', level: 'ra' }] }), { headers: { 'Content-Type': 'application/json' } }))
  })
  const chosen = vi.fn()
  render(<Shown value={undefined} onChange={chosen} />)
  const field = screen.getByRole('combobox')
  fireEvent.mouseDown(field)
  await screen.findByTitle('注册机构 (ra1)')
  fireEvent.change(field, { target: { value: 'lra7' } })
  await waitFor(() => expect(screen.queryByTitle('注册机构 (ra1)')).toBeNull())
  fireEvent.keyDown(field, { key: 'Enter', keyCode: 13 })
  fireEvent.keyUp(field, { key: 'Enter', keyCode: 13 })
  expect(chosen).not.toHaveBeenCalled()
  fireEvent.change(field, { target: { value: 'ra2' } })
  await screen.findByTitle('注册机构二 (ra2)')
  fireEvent.keyDown(field, { key: 'Enter', keyCode: 13 })
  expect(chosen).toHaveBeenCalledWith('ra2')
})

const Shown = (props: { value?: string; onChange: (node?: string) => void }) => (
  <QueryClientProvider client={queries}>
    <PlaceSelect {...props} />
  </QueryClientProvider>
)

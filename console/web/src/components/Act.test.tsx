import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { App } from 'antd'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { startTexts } from '@/lib/i18n'
import { Refusal } from '@/lib/refusal'
import { Act } from './Act'

beforeAll(async () => {
  window.matchMedia ??= (query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined }) as unknown as MediaQueryList
  window.getComputedStyle = ((real) => (element: Element) => real(element))(window.getComputedStyle) // jsdom knows no pseudo-elements
  await startTexts()
})
afterEach(cleanup)

const shown = (run: () => Promise<unknown>, title?: string) =>
  render(
    <App>
      <QueryClientProvider client={new QueryClient({ defaultOptions: { mutations: { networkMode: 'always' } } })}>
        <Act label="go" title={title} done="done" run={run} />
      </QueryClientProvider>
    </App>,
  )

const ok = () => screen.getByRole('dialog').querySelector<HTMLElement>('.ant-modal-footer .ant-btn:last-child')!
const twice = (element: HTMLElement) => {
  // Both clicks come before anything is drawn anew, as on a machine that is busy.
  element.dispatchEvent(new MouseEvent('click', { bubbles: true }))
  element.dispatchEvent(new MouseEvent('click', { bubbles: true }))
}

test('a doubled click does it once', async () => {
  const run = vi.fn(() => new Promise(() => undefined))
  shown(run)
  await act(async () => twice(screen.getByRole('button')))
  await waitFor(() => expect(run).toHaveBeenCalled())
  expect(run).toHaveBeenCalledTimes(1)
})

test('so does a doubled click on the answer to the question', async () => {
  const run = vi.fn(() => new Promise(() => undefined))
  shown(run, 'sure?')
  fireEvent.click(screen.getByRole('button'))
  await screen.findByRole('dialog')
  await act(async () => twice(ok()))
  await waitFor(() => expect(run).toHaveBeenCalled())
  expect(run).toHaveBeenCalledTimes(1)
})

test('the window stays while it is under way, and says why it was not done', async () => {
  let refuse: (error: Error) => void = () => undefined
  shown(() => new Promise((_, no) => { refuse = no }), 'sure?')
  fireEvent.click(screen.getByRole('button'))
  await screen.findByRole('dialog')
  fireEvent.click(ok())
  await waitFor(() => expect(ok().className).toContain('loading'))
  fireEvent.keyDown(screen.getByRole('dialog'), { key: 'Escape', keyCode: 27 })
  fireEvent.click(screen.getByRole('dialog').querySelector('.ant-modal-close')!)
  await act(async () => refuse(new Refusal(403, { title: 'not you', code: 'x' })))
  expect((await screen.findByRole('alert')).textContent).toContain('not you')
})

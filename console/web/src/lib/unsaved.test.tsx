import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { App } from 'antd'
import { useState } from 'react'
import { createMemoryRouter, Link, RouterProvider } from 'react-router'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { startTexts } from './i18n'
import { useUnsaved } from './unsaved'

beforeAll(async () => {
  window.matchMedia ??= (query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined }) as unknown as MediaQueryList
  await startTexts()
})
afterEach(cleanup)

function Form({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const leave = useUnsaved(text !== '')
  return (
    <>
      <input aria-label="text" value={text} onChange={(event) => setText(event.target.value)} />
      <button onClick={() => leave(onClose)}>close</button>
      <Link to="/elsewhere">elsewhere</Link>
    </>
  )
}

function Page() {
  const [open, setOpen] = useState(true)
  return open ? <Form onClose={() => setOpen(false)} /> : <p>closed</p>
}

const shown = () => render(<App><RouterProvider router={createMemoryRouter([{ path: '/', element: <Page /> }, { path: '/elsewhere', element: <p>elsewhere</p> }])} /></App>)
const type = () => fireEvent.change(screen.getByLabelText('text'), { target: { value: 'x' } })
const answer = async (n: number) => {
  const buttons = (await screen.findByRole('dialog')).querySelectorAll<HTMLElement>('.ant-modal-confirm-btns button')
  fireEvent.click(buttons[n])
}

test('an empty form closes without a question', async () => {
  shown()
  fireEvent.click(screen.getByText('close'))
  await screen.findByText('closed')
})

test('one with something in it asks, and stays if one stays', async () => {
  shown()
  type()
  fireEvent.click(screen.getByText('close'))
  await answer(0)
  expect(screen.getByLabelText<HTMLInputElement>('text').value).toBe('x')
})

test('and closes if one leaves', async () => {
  shown()
  type()
  fireEvent.click(screen.getByText('close'))
  await answer(1)
  await screen.findByText('closed')
})

test('another address is asked about as well', async () => {
  shown()
  type()
  fireEvent.click(screen.getByText('elsewhere'))
  await answer(1)
  await waitFor(() => expect(screen.getAllByText('elsewhere').some((element) => element.tagName === 'P')).toBe(true))
})

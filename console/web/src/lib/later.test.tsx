import { cleanup, render, screen } from '@testing-library/react'
import { Suspense } from 'react'
import { afterEach, expect, test } from 'vitest'
import { later } from './later'

afterEach(cleanup)

const page = () => Promise.resolve({ default: () => <p>the page</p> })

test('what was fetched ahead is drawn without a placeholder', async () => {
  const Page = later(page)
  await Page.ahead()
  render(<Suspense fallback="waiting"><Page /></Suspense>)
  expect(screen.getByText('the page')).toBeDefined()
})

test('what was not is fetched when it is shown', async () => {
  const Page = later(page)
  render(<Suspense fallback="waiting"><Page /></Suspense>)
  expect(screen.getByText('waiting')).toBeDefined()
  expect(await screen.findByText('the page')).toBeDefined()
})

test('a page that stands stays the same one when its code comes again', async () => {
  const Page = later(page)
  const shown = render(<Suspense fallback="waiting"><Page /></Suspense>)
  const before = await screen.findByText('the page')
  await Page.ahead()
  shown.rerender(<Suspense fallback="waiting"><Page /></Suspense>)
  expect(screen.getByText('the page')).toBe(before)
})

test('code that cannot be had is said to who asked for it', async () => {
  await expect(later(() => Promise.reject(new Error('gone'))).ahead()).rejects.toThrow('gone')
})

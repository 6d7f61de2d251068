import { expect, test } from 'vitest'
import { every, everyItem } from './pages'

test('every reads until a page is not full', async () => {
  const asked: (number | undefined)[] = []
  const load = (last: number | undefined) => {
    asked.push(last)
    return Promise.resolve([1, 2, 3, 4, 5].filter((n) => n > (last ?? 0)).slice(0, 2))
  }
  expect(await every(load, 2)).toEqual([1, 2, 3, 4, 5])
  expect(asked).toEqual([undefined, 2, 4])
})

test('a full last page is followed by an empty one', async () => {
  expect(await every((last: number | undefined) => Promise.resolve([1, 2].filter((n) => n > (last ?? 0))), 2)).toEqual([1, 2])
})

test('everyItem goes on where it is told to', async () => {
  const pages: Record<string, { items: string[]; after?: string }> = { '': { items: ['a'], after: 'x' }, x: { items: ['b'] } }
  expect(await everyItem((after) => Promise.resolve(pages[after ?? '']!))).toEqual(['a', 'b'])
})

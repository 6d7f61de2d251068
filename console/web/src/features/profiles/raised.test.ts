import { expect, test } from 'vitest'
import { raised } from './raised'

test('the next version, and nothing else', () => {
  expect(raised('name: a\nversion: 9\nvalidity: {days: 1}\n')).toBe('name: a\nversion: 10\nvalidity: {days: 1}\n')
  expect(raised('name: a\n')).toBe('name: a\n')
})

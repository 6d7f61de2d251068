import { describe, expect, test } from 'vitest'
import { makePassword, weakness } from './password'

describe('the password of the file', () => {
  test.each([
    ['', 'short'],
    ['Abc-123', 'short'],
    ['aaaaaaaaaaaaaaaaaaaaaaaa', 'simple'],
    ['abcabcabcABC123', undefined],
    ['aabbAABB1122', 'simple'],
    ['onlylettershere', 'simple'],
    ['correct horse battery staple', undefined],
    ['密码密码密码密码密码密码', 'characters'],
    ['Tr0ub4dor and 3 ', 'characters'],
    ['Tr0ub4dor and 3', undefined],
  ])('%j: %s', (password, weak) => expect(weakness(password)).toBe(weak))

  test('made here is strong, readable and new each time', () => {
    const made = Array.from({ length: 200 }, makePassword)
    expect(new Set(made).size).toBe(made.length)
    for (const one of made) {
      expect(one).toMatch(/^([a-hj-km-np-z2-9]{4}-){4}[a-hj-km-np-z2-9]{4}$/)
      expect(weakness(one)).toBeUndefined()
    }
    expect(new Set(made.join('')).size).toBe(32) // every letter, and the hyphen
  })
})

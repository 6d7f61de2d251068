import { describe, expect, test } from 'vitest'
import { diff, pretty } from '@/lib/diff'

const marks = (before: string, after: string) => diff(before, after).map((line) => ({ same: ' ', added: '+', removed: '-' })[line.kind] + line.text)
const rebuilt = (before: string, after: string, without: string) => diff(before, after).filter((line) => line.kind !== without).map((line) => line.text).join('\n')

describe('line differences', () => {
  test('show what is other, and only that', () => {
    expect(marks('a\nb\nc\n', 'a\nx\nc\n')).toEqual([' a', '-b', '+x', ' c'])
    expect(marks('', 'a\n')).toEqual(['+a'])
    expect(marks('a\n', '')).toEqual(['-a'])
    expect(marks('a', 'a')).toEqual([' a'])
    expect(marks('', '')).toEqual([])
    expect(marks('a\nb\nc\nd', 'b\nd\ne')).toEqual(['-a', ' b', '-c', ' d', '+e'])
  })

  test('give both texts back, whatever they are', () => {
    let seed = 7
    const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n
    for (let round = 0; round < 200; round++) {
      const text = () => Array.from({ length: random(12) }, () => 'abc'[random(3)]).join('\n')
      const [a, b] = [text(), text()]
      expect(rebuilt(a, b, 'added')).toBe(a)
      expect(rebuilt(a, b, 'removed')).toBe(b)
    }
  })

  test('number the lines of each side', () => {
    expect(diff('a\nb', 'a\nc').map((line) => [line.before, line.after])).toEqual([[1, 1], [2, undefined], [undefined, 2]])
  })

  test('of huge texts are told as a whole', () => {
    const huge = (mark: string) => Array.from({ length: 3000 }, (_, n) => mark + n).join('\n')
    expect(diff(huge('a'), huge('b'))).toHaveLength(6000)
  })
})

test('JSON is written over lines, other texts stay', () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}')
  expect(pretty('{broken')).toBe('{broken')
  expect(pretty('name: x\n')).toBe('name: x\n')
})

import { expect, test } from 'vitest'
import { cell, csv } from './csv'

test.each(['=1+1', '+86', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =HYPERLINK("x")', '＝1'])('%j is no formula any more', (value) => {
  expect(cell(value).replace(/^"/, '').startsWith("'")).toBe(true)
})

test('plain values stay, others are quoted', () => {
  expect(cell('林晓明')).toBe('林晓明')
  expect(cell('a,b')).toBe('"a,b"')
  expect(cell('he said "x"')).toBe('"he said ""x"""')
  expect(cell('two\nlines')).toBe('"two\nlines"')
  expect(cell('=a,"b"')).toBe(`"'=a,""b"""`)
})

test('a file begins with the mark of UTF-8', () => {
  expect(csv([['编号', '=1'], ['a', 'b']])).toBe("\ufeff编号,'=1\r\na,b\r\n")
})

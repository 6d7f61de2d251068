import { expect, test } from 'vitest'
import { cell, csv } from './csv'

test('a formula becomes a text', () => {
  for (const begin of ['=', '+', '-', '@', '\t', '＝', '＋', '－', '＠', ' =']) expect(cell(begin + '1+1')).toContain("'" + begin)
  expect(cell('=HYPERLINK("http://a.example","x")')).toBe('"\'=HYPERLINK(""http://a.example"",""x"")"')
})

test('commas, quotes and line ends stay in their cell; the file says that it is UTF-8', () => {
  expect(csv([['a,b', 'c"d', 'e\nf', '林晓明']])).toBe('\ufeff"a,b","c""d","e\nf",林晓明\r\n')
})

import { expect, test } from 'vitest'
import { cell, csv } from './csv'

test('a formula becomes a text', () => {
  for (const begin of ['=', '+', '-', '@', '\t', '＝', '＋', '－', '＠', ' =']) expect(cell(begin + '1+1')).toContain("'" + begin)
  expect(cell('=HYPERLINK("http://a.example","x")')).toBe('"\'=HYPERLINK(""http://a.example"",""x"")"')
})

test('commas, quotes and line ends stay in their cell', async () => {
  expect(await csv([['a,b', 'c"d', 'e\nf', '林晓明']]).text()).toContain('"a,b","c""d","e\nf",林晓明\r\n')
})

test('the file says that it is UTF-8', async () => {
  expect([...new Uint8Array(await csv([['x']]).arrayBuffer()).slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
})

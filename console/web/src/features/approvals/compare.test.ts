import { expect, test } from 'vitest'
import { decoded, nameIn, partsOf, textsIn } from './compare'

test('profiles are found in the content of a proposal', () => {
  expect(textsIn('["name: a\\n","name: b\\n"]').map(nameIn)).toEqual(['a', 'b'])
  expect(textsIn('{"a":1}')).toEqual([])
  expect(textsIn('[1]')).toEqual([])
  expect(textsIn(undefined)).toEqual([])
  expect(nameIn('version: 2\nname: "person-sign"\n')).toBe('person-sign')
})

test('texts come as UTF-8', () => expect(decoded('5Lit5paH')).toBe('中文'))

test('a motion names kind and edition', () => {
  expect(partsOf({ object: 'practice-statement 2.1' })).toEqual(['practice-statement', '2.1'])
})

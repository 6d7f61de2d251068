import { expect, test } from 'vitest'
import { base64, mediaOf, octetsOf } from './file'

const utf8 = (text: string) => new TextEncoder().encode(text)

test('a file is told by its content', () => {
  expect(mediaOf(utf8('%PDF-1.7\n'))).toBe('application/pdf')
  expect(mediaOf(utf8('电子认证业务规则'))).toContain('text/plain')
  expect(mediaOf(new Uint8Array([0xff, 0xfe, 0x00]))).toBeUndefined()
  expect(mediaOf(utf8('a\u0000b'))).toBeUndefined()
  expect(mediaOf(new Uint8Array())).toBeUndefined()
})

test('base64 goes there and back, also of much', () => {
  const much = Uint8Array.from({ length: 100_000 }, (_, n) => n % 256)
  expect(octetsOf(base64(much))).toEqual(much)
})

// @vitest-environment node
import { describe, expect, test } from 'vitest'
import { derOf, fromBase64, pemOf, pemOfFile, random, toBase64 } from '@/lib/der'

describe('octets', () => {
  const octets = Uint8Array.from({ length: 200 }, (_, n) => n)

  test('come back as they went', async () => {
    const base64 = toBase64(octets)
    expect([...fromBase64(base64)]).toEqual([...octets])
    const pem = pemOf(base64, 'CERTIFICATE')
    expect(pem.split('\n').every((line) => line.length <= 64)).toBe(true)
    expect(derOf(pem)).toBe(base64)
    expect(derOf('Subject: x\r\n' + pem.replaceAll('\n', '\r\n') + pem)).toBe(base64)
    expect(await pemOfFile(new Blob([octets]), 'CERTIFICATE')).toBe(pem)
    expect(await pemOfFile(new Blob([pem]), 'CERTIFICATE')).toBe(pem)
  })

  test('that are none are not taken', () => {
    expect(derOf('nothing')).toBeUndefined()
    expect(derOf('-----BEGIN X-----\nA\n-----END X-----')).toBeUndefined()
    expect(fromBase64(random(32))).toHaveLength(32)
  })
})

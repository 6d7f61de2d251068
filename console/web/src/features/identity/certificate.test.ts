import { expect, test } from 'vitest'
import { certificateIn } from './certificate'

const octets = (text: string) => new TextEncoder().encode(text)

test('PEM and DER are read, everything else is not', () => {
  expect(certificateIn(octets('-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----\n'))).toBe('MIIBAAAA')
  expect(certificateIn(new Uint8Array([0x30, 0x00]))).toBe('MAA=')
  for (const wrong of ['', 'hello', '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----']) expect(certificateIn(octets(wrong))).toBeUndefined()
})

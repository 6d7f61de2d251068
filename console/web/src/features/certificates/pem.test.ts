import { expect, test } from 'vitest'
import { known } from './names'
import { octetsOf, pem } from './Downloads'

test('a PEM has lines of 64 and comes back as the same octets', () => {
  const der = btoa(Array.from({ length: 100 }, (_, n) => String.fromCharCode(n)).join(''))
  const text = pem(der)
  expect(text.split('\n')[1]).toHaveLength(64)
  const body = text.split('\n').slice(1, -2).join('')
  expect([...octetsOf(body)]).toEqual(Array.from({ length: 100 }, (_, n) => n))
})

test('a certificate is called by its holder, or by its CN', () => {
  const ca = (subject: string) => known({ ca: { subject } as never, entries: [], applications: [] })
  expect(known({ ra: { name: '林晓明' } as never, ca: { subject: 'CN=x' } as never, entries: [], applications: [] })).toBe('林晓明')
  expect(ca('CN=demo.localhost,O=示例,C=CN')).toBe('demo.localhost')
  expect(ca('C=CN,O=a\\,CN=b,CN=c\\, d')).toBe('c, d')
  expect(ca('O=only')).toBe('O=only')
})

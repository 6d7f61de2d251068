import { describe, expect, test } from 'vitest'
import type { RaField, RaKindView } from '@/client/ra'
import { asked, base64, entryOf, isRequest, kept, octetsOf, pem } from './entry'

const field = (name: string, form = 'text', required = false): RaField => ({ name, form, required, zh: name, en: name, sensitive: false, purpose: 'certificate' })
const person: RaKindView = { kind: 'person', fields: [field('name', 'text', true), field('identity_kind', 'identity-kind'), field('identity', 'identity', true), field('unit'), field('phone', 'phone')], materials: [] }

describe('what is asked', () => {
  test('everything for the first certificate, what may change later on', () => {
    expect(asked(person, 'issue')).toHaveLength(5)
    expect(asked(person, 'modify').map((one) => one.name)).toEqual(['name', 'unit', 'phone'])
    expect(asked(person, 'revoke')).toEqual([])
  })

  test('the next person of the same office keeps the office only', () => {
    expect(kept('person', { name: '林晓明', identity: '1', unit: '示例市民政局', identity_kind: 'resident' })).toEqual({ unit: '示例市民政局', identity_kind: 'resident' })
    expect(kept('organisation', { credit_code: 'x', agent: 'y' })).toEqual({ agent: 'y' })
  })
})

describe('what is sent', () => {
  test('empty fields are left out, numbers are brought into one spelling', () => {
    const entry = entryOf('issue', person, { fields: { name: ' 林晓明 ', identity: '1101 05-19491231002x', unit: '' }, key_from: 'server', suite: 'sm2' })
    expect(entry.fields).toEqual({ name: '林晓明', identity: '11010519491231002X' })
    expect(entry).toMatchObject({ operation: 'issue', kind: 'person', key_from: 'server', suite: 'sm2' })
    expect(entry.request).toBeUndefined()
  })

  test('a change sends what was touched, also what was emptied', () => {
    expect(entryOf('issue', person, { fields: { name: 'x', unit: '' } }, new Set(['unit'])).fields).toEqual({ unit: '' })
    expect(entryOf('issue', person, { fields: { name: 'x' } }, new Set()).fields).toBeUndefined()
  })

  test('a revocation names the certificate and the reason, nothing else', () => {
    const entry = entryOf('revoke', person, { issuer: 'sm2', serial: '4f02a1', reason: 'keyCompromise', request: 'AA', fields: { name: 'x' } })
    expect(JSON.parse(JSON.stringify(entry))).toEqual({ operation: 'revoke', issuer: 'sm2', serial: '4f02a1', reason: 'keyCompromise' })
  })
})

describe('files', () => {
  const octets = (text: string) => new TextEncoder().encode(text)
  test('a private key is known', () => {
    expect(isRequest(octets('-----BEGIN EC PRIVATE KEY-----'))).toBe('private')
    expect(isRequest(octets('-----BEGIN CERTIFICATE REQUEST-----\nMII'))).toBe('request')
    expect(isRequest(octets('-----BEGIN NEW CERTIFICATE REQUEST-----\nMII'))).toBe('request')
    expect(isRequest(octets('hello'))).toBe('other')
    expect(isRequest(Uint8Array.from([0x30, ...new Array<number>(80).fill(1)]))).toBe('request')
  })

  test('octets survive', () => {
    const all = Uint8Array.from({ length: 256 }, (_, n) => n)
    expect([...octetsOf(base64(all))]).toEqual([...all])
    expect(pem('CERTIFICATE', 'A'.repeat(70))).toBe(`-----BEGIN CERTIFICATE-----\n${'A'.repeat(64)}\n${'A'.repeat(6)}\n-----END CERTIFICATE-----\n`)
  })
})

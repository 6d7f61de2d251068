import { expect, test } from 'vitest'
import { actsOf } from './CentreActs'

test('what is revoked takes nothing more, whoever asks', () => {
  expect(actsOf({ state: 'revoked', kind: 'person' }, ['registrar', 'reviewer', 'issuer', 'security'])).toEqual([])
})

test('each role has its acts', () => {
  expect(actsOf({ state: 'valid', kind: 'person' }, ['registrar'])).toEqual(['hold'])
  expect(actsOf({ state: 'valid', kind: 'person' }, ['issuer'])).toEqual(['renew', 'hold', 'revoke'])
  expect(actsOf({ state: 'held', kind: 'device' }, ['reviewer'])).toEqual(['release', 'revoke'])
  expect(actsOf({ state: 'held', kind: 'device' }, ['audit'])).toEqual([])
})

test('certificates of officers are the security administrator’s', () => {
  expect(actsOf({ state: 'valid', kind: 'officer' }, ['issuer'])).toEqual([])
  expect(actsOf({ state: 'valid', kind: 'officer' }, ['security'])).toEqual(['renew', 'hold', 'revoke'])
})

import { expect, test } from 'vitest'
import { conflict } from './separation'

test('administrations are apart from each other and from business', () => {
  expect(conflict(['system'], 'security')).toBe('administrations')
  expect(conflict(['audit'], 'registrar')).toBe('business')
  expect(conflict(['reviewer'], 'system')).toBe('business')
  expect(conflict(['registrar'], 'reviewer')).toBeUndefined()
  expect(conflict(['system'], 'system')).toBeUndefined()
  expect(conflict([], 'audit')).toBeUndefined()
  expect(conflict(['site'], 'issuer')).toBe('kind')
  expect(conflict(['issuer'], 'node')).toBe('kind')
  expect(conflict(['site'], 'node')).toBeUndefined()
})

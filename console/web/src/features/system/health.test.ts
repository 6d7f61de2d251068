import { describe, expect, test } from 'vitest'
import { endsSoon, lightOf, splitName, troubles } from './health'

const check = (name: string, level: string) => ({ name, level, says: 'x.ok', since: '2026-01-01T00:00:00Z', value: 0 })

describe('how a component stands', () => {
  test('is as its worst check', () => {
    expect(lightOf({ ready: true, checks: [check('a', 'ok')] })).toBe('green')
    expect(lightOf({ ready: true, checks: [check('a', 'ok'), check('b', 'warning')] })).toBe('yellow')
    expect(lightOf({ ready: true, checks: [check('a', 'failing'), check('b', 'warning')] })).toBe('red')
    expect(lightOf({ ready: false, checks: [] })).toBe('red')
  })
  test('troubles come worst first, the rest not at all', () => {
    expect(troubles([check('a', 'ok'), check('b', 'warning'), check('c', 'failing'), check('d', 'warning')]).map((c) => c.name)).toEqual(['c', 'b', 'd'])
  })
  test('names are parted once', () => {
    expect(splitName('certificate.issuer.sm2')).toEqual({ kind: 'certificate', which: 'issuer.sm2' })
    expect(splitName('clock')).toEqual({ kind: 'clock', which: '' })
  })
})

describe('a certificate of the platform', () => {
  const life = { not_before: '2026-01-01T00:00:00Z', not_after: '2027-01-01T00:00:00Z', renews_at: '2026-07-01T00:00:00Z' }
  test('wants a look near its end, or when it did not renew itself', () => {
    expect(endsSoon(life, Date.parse('2026-06-01T00:00:00Z'))).toBe(false)
    expect(endsSoon(life, Date.parse('2026-09-01T00:00:00Z'))).toBe(true)
    expect(endsSoon({ ...life, renews_at: undefined }, Date.parse('2026-09-01T00:00:00Z'))).toBe(false)
    expect(endsSoon({ ...life, renews_at: undefined }, Date.parse('2026-12-15T00:00:00Z'))).toBe(true)
  })
})

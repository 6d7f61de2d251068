import { expect, test } from 'vitest'
import { keyNames, orderOf } from './order'

const pem = '-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n'

test('keys are read from what people write', () => {
  expect(keyNames('ca/51c7be, 0a\n ca2/ff')).toEqual([{ ca: 'ca', cert_no: '51c7be' }, { cert_no: '0a' }, { ca: 'ca2', cert_no: 'ff' }])
  expect(keyNames('  ')).toEqual([])
})

test('an order names a holder or keys, and a delay with its law alone', () => {
  const asked = { number: ' 1 ', authority: 'a', reason: 'r', which: 'holder' as const, holder: ' H ', keys: 'ff', certificates: [pem], withhold_law: 'law' }
  expect(orderOf(asked)).toEqual({ number: '1', authority: 'a', reason: 'r', holder: 'H', certificates: ['AQID'] })
  expect(orderOf({ ...asked, which: 'keys', withhold_days: 90 })).toEqual({ number: '1', authority: 'a', reason: 'r', keys: [{ cert_no: 'ff' }], certificates: ['AQID'], withhold_days: 90, withhold_law: 'law' })
})

import { expect, test } from 'vitest'
import type { CaProfileView } from '@/client/ca'
import { attributes, orderOf, requestOf, subjectOf, wanted, type Asked } from './asked'

const profile = { name: 'person-sign', subject: [{ type: 'C', fixed: 'CN' }, { type: 'O', required: true }, { type: 'OU', max: 4 }, { type: 'CN', required: true }, { type: 'serialNumber', holder: true }] } as CaProfileView

test('a subject in the order of the profile, without what the CA makes', () => {
  expect(wanted(profile).map((rule) => rule.type)).toEqual(['O', 'OU', 'CN'])
  expect(subjectOf(profile, { CN: ' 李四 ', O: '示例市民政局', OU: ['一科', '二科'] })).toEqual([
    { type: 'C', value: 'CN' }, { type: 'O', value: '示例市民政局' }, { type: 'OU', value: '一科' }, { type: 'OU', value: '二科' }, { type: 'CN', value: '李四' },
  ])
})

test('an order holds what was given and nothing empty', () => {
  const asked: Asked = { profile: 'person-sign', key: 'request', who: 'identity', identityKind: 'resident', identityNumber: ' 9999 ', holder: 'unused', subject: { CN: 'x' }, altNames: { dns: ['a.example'], email: undefined }, values: { credit_code: ' ' } }
  expect(orderOf(asked, profile, 'app-1')).toEqual({ application: 'app-1', profile: 'person-sign', subject: [{ type: 'C', value: 'CN' }, { type: 'CN', value: 'x' }], identity: { kind: 'resident', number: '9999' }, alt_names: [{ kind: 'dns', value: 'a.example' }] })
  expect(orderOf({ ...asked, who: 'none', altNames: {}, days: 30, single: true, decision: 'two hands' }, profile, 'a')).toMatchObject({ days: 30, single: true, decision: 'two hands' })
  expect(requestOf({ ...asked, request: '-----BEGIN CERTIFICATE REQUEST-----\nAQID\n-----END CERTIFICATE REQUEST-----' })).toBe('AQID')
})

test('a name is read as certificates show it', () => {
  expect(attributes('C=CN, O=示例, 有限公司, CN=a\\, b=c')).toEqual([{ type: 'C', value: 'CN' }, { type: 'O', value: '示例, 有限公司' }, { type: 'CN', value: 'a, b=c' }])
  expect(attributes('')).toEqual([])
})

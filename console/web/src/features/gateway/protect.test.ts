import { describe, expect, test } from 'vitest'
import type { GatewayConfiguration } from '@/client/gateway'
import { address, complete, faults, freeListen, rules, serving, trusted, trusting, type Protection } from './protect'

const empty: GatewayConfiguration = { services: [], applications: [], certificates: [], trust: {}, policy: { version: 1, rules: [] } }
const oa: Protection = { url: 'http://10.0.0.1:8080', name: 'oa', title: '办公系统', host: 'oa.gov.example', listen: '0.0.0.0:443', public: [], level: 2, organisations: [], hours: '', told: ['rfc9440', 'authelia'] }
const platform = [{ id: 'ecdsa', suite: 'p256', issuer: 'PEM', anchor: 'ROOT', sha256: '00' }]
const made = [{ name: 'oa', chain: 'PEM', key: 'file:oa.pem' }]

describe('protecting an application', () => {
  test('is refused with what does not fit', () => {
    expect(faults(oa)).toEqual([])
    expect(faults({ ...oa, url: 'ftp://x', name: 'OA', host: '', listen: '443' })).toEqual(['url', 'name', 'host', 'listen'])
    expect(faults({ ...oa, listen: '0.0.0.0:70000' })).toEqual(['listen'])
  })

  test('says where to go', () => {
    expect(address(oa)).toBe('https://oa.gov.example/')
    expect(address({ ...oa, host: '::1', listen: '[::1]:8443' })).toBe('https://[::1]:8443/')
  })

  test('by two administrators makes what the command makes', () => {
    const first = trusting(empty, platform, oa)
    expect(first.document.trust).toEqual({ cas: [{ name: 'platform-ecdsa', title: 'ecdsa', anchors: 'PEM', stale: { allowFor: '1h' }, revocation: [{ name: 'journal', kind: 'journal', issuer: 'ecdsa' }] }], sets: [{ name: 'platform', cas: ['platform-ecdsa'] }] })
    expect(first.document.policy.rules).toEqual([{ id: 'oa', name: '办公系统', effect: 'allow', require_level: 2, when: { applications: ['oa'] } }])
    expect(trusted(first.document)).toBe(true)
    const second = serving(first.document, made, oa)
    expect(second.document.services).toEqual([{ name: 'oa', title: '办公系统', kind: 'web', listen: ['0.0.0.0:443'], certificates: ['oa'], trust: 'platform', applications: ['oa'] }])
    expect(second.document.applications).toEqual([{ name: 'oa', title: '办公系统', backend: { backends: [{ url: 'http://10.0.0.1:8080' }] }, identity: { sets: ['rfc9440', 'authelia'] } }])
    expect(complete(second)).toBe(false)
  })

  test('adds nothing a second time', () => {
    const whole = serving(trusting(empty, platform, oa).document, made, oa).document
    const again = serving(trusting(whole, platform, oa).document, [], oa)
    expect(again.document).toEqual(whole)
    expect(complete(again)).toBe(true)
    expect(complete(trusting(whole, platform, oa))).toBe(true)
  })

  test('beside another application is told apart by its name, and comes first', () => {
    const whole = serving(trusting(empty, platform, oa).document, made, oa).document
    const hr = { ...oa, name: 'hr', host: 'hr.gov.example' }
    const beside = serving(whole, [{ ...made[0], name: 'hr' }], hr).document
    expect(beside.services).toHaveLength(1)
    expect(beside.services[0].applications).toEqual(['hr', 'oa'])
    expect(beside.applications.find((one) => one.name === 'hr')!.hosts).toEqual(['hr.gov.example'])
  })

  test('with public parts asks nobody there, and lets everybody into them', () => {
    const site = { ...oa, public: ['/', '/news/**'] }
    expect(rules(site).map((rule) => rule.id)).toEqual(['oa-public', 'oa'])
    const half = serving(empty, made, site)
    expect(half.document.services[0].clientCertificate).toBe('optional')
    expect(half.document.applications[0].access).toEqual([{ path: '/', certificate: 'none' }, { path: '/news/**', certificate: 'none' }])
  })

  test('narrows by organisation, by hours and by where the key is', () => {
    expect(rules({ ...oa, level: 3, organisations: ['示例市*局'], hours: 'working' })[0]).toMatchObject({ require_level: 3, when: { subject: [{ type: 'O', values: ['示例市*局'] }], times: [{ from: '08:30', to: '18:00' }] } })
  })

  test('offers a port that is free', () => {
    expect(freeListen(empty)).toBe('0.0.0.0:443')
    expect(freeListen(serving(empty, made, oa).document)).toBe('0.0.0.0:8443')
  })
})

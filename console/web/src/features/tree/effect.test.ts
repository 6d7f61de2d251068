import { describe, expect, test } from 'vitest'
import type { RaNode, RaRights } from '@/client/ra'
import { affected, changeOf, effective, narrowed, whole } from './effect'

const node = (path: string, rights: RaRights = {}): RaNode => ({ id: path.split('/').at(-2)!, path, rights, level: 'lra', name: path, state: 'active', version: 1, added_by: 'x', changed: '' })

describe('what counts at a node', () => {
  test('is what every node above allows', () => {
    const e = effective([{ operations: ['issue', 'renew', 'revoke'], grace: 30 }, { operations: ['issue', 'freeze'], quota: 100, grace: 60, subject: [{ type: 'O', value: 'x' }] }])
    expect(e.operations).toEqual(['issue'])
    expect(e.quota).toBe(100)
    expect(e.grace).toBe(30)
    expect(e.subject).toEqual(['O=x'])
    expect(e.profiles).toBeUndefined()
  })
  test('with nothing said is what stands above, but for the days of grace', () => {
    expect(narrowed(whole, {})).toEqual({ ...whole, profiles: undefined, quota: undefined, grace: 0 })
  })
})

describe('the effect of a change', () => {
  const top = effective([{}])
  test('names what is added and what is taken away', () => {
    const change = changeOf(narrowed(top, { operations: ['issue', 'renew'], quota: 10 }), narrowed(top, { operations: ['issue', 'freeze'], profiles: ['person-sign'] }))
    expect(change?.operations).toEqual({ added: ['freeze'], taken: ['renew'] })
    expect(change?.profiles).toEqual({ added: [], taken: ['*'] })
    expect(change?.quota).toEqual({ before: 10, after: undefined })
    expect(changeOf(top, top)).toBeUndefined()
  })
  test('reaches those below for which something becomes other, and no others', () => {
    const ra = node('/c/ra/')
    const below = [node('/c/ra/a/', { operations: ['issue'] }), node('/c/ra/b/'), node('/c/ra/b/deep/', { operations: ['freeze', 'issue'] }), node('/c/ra/')]
    const hit = affected(top, ra, { operations: ['issue', 'renew'] }, below)
    expect(hit.map((one) => one.node.id)).toEqual(['b', 'deep'])
    expect(hit[1].change.operations.taken).toEqual(['freeze'])
  })
  test('of four hundred counters is found at once', () => {
    const below = Array.from({ length: 400 }, (_, n) => node(`/c/ra/l${n}/`))
    expect(affected(top, node('/c/ra/'), { operations: ['issue'] }, below)).toHaveLength(400)
  })
})

import { expect, test } from 'vitest'
import type { RaMotion } from '@/client/ra'
import { everything, mayDecide } from './items'

const motion = (over: Partial<RaMotion>): RaMotion => ({ id: '1', kind: 'policy', object: 'practice-statement', detail: {}, reason: 'r', path: '/centre/', state: 'open', needs: 2, proposed_by: 'centre.system', consents: [], created: '', changed: '', version: 1, ...over })

test('a motion waits for who has the role, did not propose it and has not consented', () => {
  expect(mayDecide(motion({}), ['security'], 'centre.security')).toBe(true)
  expect(mayDecide(motion({}), ['system'], 'other.system')).toBe(false)
  expect(mayDecide(motion({ proposed_by: 'x' }), ['audit'], 'x')).toBe(false)
  expect(mayDecide(motion({ consents: ['x'] }), ['audit'], 'x')).toBe(false)
  expect(mayDecide(motion({ state: 'done' }), ['audit'], 'x')).toBe(false)
  expect(mayDecide(motion({ kind: 'move' }), ['reviewer'], 'x')).toBe(true)
  expect(mayDecide(motion({ kind: 'new' }), ['reviewer'], 'x')).toBe(false)
})

test('more than one page is read, and reading ends', async () => {
  const pages = (sizes: number[]) => {
    const asked: (number | undefined)[] = []
    let n = 0
    const load = (last: number | undefined) => {
      asked.push(last)
      return Promise.resolve(Array.from({ length: sizes[asked.length - 1] ?? 200 }, () => n++))
    }
    return everything(load).then((all) => ({ asked, count: all.length }))
  }
  expect(await pages([200, 200, 3])).toEqual({ asked: [undefined, 199, 399], count: 403 })
  expect(await pages([200, 0])).toEqual({ asked: [undefined, 199], count: 200 })
  expect((await pages([])).count).toBe(2000)
})

import { expect, test } from 'vitest'
import type { RaMotion } from '@/client/ra'
import { mayDecide } from './items'

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

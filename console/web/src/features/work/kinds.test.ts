import { expect, test } from 'vitest'
import type { RaWork } from '@/client/ra'
import { kinds, waiting } from './kinds'

const nothing: RaWork = { approvals: 0, at: '', batches: 0, conflicts: 0, deliver: 0, drafts: 0, issue: 0, losses: 0, motions: 0, nodes: 0, returned: 0, review: 0, systems: 0, tickets: 0 }

test('everything that waits is counted once, losses within the reviews, own drafts not', () => {
  expect(waiting(nothing)).toBe(0)
  expect(waiting({ ...nothing, review: 3, losses: 2, drafts: 7, tickets: 1 })).toBe(4)
})

test('every number of the API has its line', () => {
  expect([...kinds.map((kind) => kind.key), 'losses', 'at'].sort()).toEqual(Object.keys(nothing).sort())
})

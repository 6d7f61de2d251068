import { expect, test } from 'vitest'
import { conditions } from './conditions'

test('conditions of a rule, one line each', () => {
  expect(conditions({ applications: ['oa', 'hr'], least_level: 2, subject: [{ type: 'O', values: ['甲', '乙'] }], times: [{ weekdays: ['mon'], from: '08:30', to: '18:00' }], hosts: [], paths_ignore_case: false })).toEqual([
    { field: 'applications', values: ['oa', 'hr'] },
    { field: 'least_level', values: ['2'] },
    { field: 'subject', values: ['O=甲 | 乙'] },
    { field: 'times', values: ['mon 08:30–18:00'] },
  ])
  expect(conditions(undefined)).toEqual([])
})

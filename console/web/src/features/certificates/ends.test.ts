import dayjs from 'dayjs'
import { expect, test } from 'vitest'
import { daysOf } from './ends'

const now = dayjs('2026-12-20')

test('within counts from today, over the end of the year', () => {
  expect(daysOf({ within: '30' }, now)).toEqual({ ends_from: '2026-12-20', ends_to: '2027-01-19' })
})

test('days that were given stay', () => {
  expect(daysOf({ ends_from: '2027-03-01', ends_to: '2027-03-31' }, now)).toEqual({ ends_from: '2027-03-01', ends_to: '2027-03-31' })
})

test('an address with nonsense asks for nothing', () => {
  for (const within of ['x', '-3', '1.5', '']) expect(daysOf({ within }, now)).toEqual({ ends_from: undefined, ends_to: undefined })
})

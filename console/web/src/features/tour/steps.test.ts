import { expect, test } from 'vitest'
import type { ConsoleView } from '@/client/console'
import { stepsFor } from './steps'

const view = (roles: string[]) => ({ places: [{ name: 'ra', title: '', known: true, roles }] }) as unknown as ConsoleView

test('the tour has five steps, of pages this person has', () => {
  expect(stepsFor(view(['security'])).map((step) => step.key)).toEqual(['welcome', 'tree', 'officers', 'applications', 'help'])
  expect(stepsFor(view(['registrar'])).map((step) => step.key)).toEqual(['welcome', 'tree', 'applications', 'approvals', 'help'])
})

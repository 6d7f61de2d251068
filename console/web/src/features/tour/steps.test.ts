import { describe, expect, test } from 'vitest'
import type { ConsoleView } from '@/client/console'
import { pages } from '@/app/pages'
import zh from './text.zh'
import { stepsFor } from './steps'

const view = (roles: string[], places = ['ra', 'ca', 'kmc', 'gateway']) => ({ places: places.map((name) => ({ name, title: '', known: true, roles })) }) as unknown as ConsoleView
const keys = (...how: Parameters<typeof view>) => stepsFor(view(...how)).map((step) => step.key)

describe('the tour', () => {
  test('shows each role the three pages of its work', () => {
    expect(keys(['registrar'])).toEqual(['welcome', 'register', 'applications', 'certificates', 'help'])
    expect(keys(['reviewer'])).toEqual(['welcome', 'applications', 'certificates', 'rules', 'help'])
    expect(keys(['issuer'])).toEqual(['welcome', 'carryings', 'applications', 'certificates', 'help'])
    expect(keys(['custodian'])).toEqual(['welcome', 'recovery', 'cases', 'keys', 'help'])
    expect(keys(['system'])).toEqual(['welcome', 'tree', 'gateway', 'system', 'help'])
    expect(keys(['security'])).toEqual(['welcome', 'officers', 'approvals', 'gateway', 'help'])
    expect(keys(['audit'])).toEqual(['welcome', 'audit', 'approvals', 'system', 'help'])
  })

  test('takes turns for who has several, and has five steps of pages that are there for everybody', () => {
    expect(keys(['registrar', 'issuer'])).toEqual(['welcome', 'register', 'carryings', 'applications', 'help'])
    expect(keys(['custodian'], ['kmc'])).toEqual(['welcome', 'recovery', 'cases', 'keys', 'help'])
    expect(keys(['system'], ['ra'])).toEqual(['welcome', 'tree', 'system', 'applications', 'help'])
    expect(keys(['site'], ['ra'])).toHaveLength(5)
  })

  test('has words for every step', () => {
    for (const role of ['registrar', 'reviewer', 'issuer', 'custodian', 'system', 'security', 'audit', 'site']) {
      for (const { key, path } of stepsFor(view([role]))) {
        expect(zh).toHaveProperty([`step.${key}.text`])
        if (path) expect(pages.map((page) => '/' + page.path)).toContain(path)
        else expect(zh).toHaveProperty([`step.${key}`])
      }
    }
  })
})

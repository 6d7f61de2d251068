import type { ConsoleView } from '@/client/console'
import { holds, type Right, type Role } from '@/app/access'

export interface Step {
  key: string
  path?: string // of the page the step is about
}

const pages: Record<string, [Right, string]> = {
  register: ['register', '/applications/new'],
  applications: ['applications', '/applications'],
  certificates: ['certificates', '/certificates'],
  carryings: ['carryings', '/carryings'],
  rules: ['rules', '/rules'],
  recovery: ['recovery', '/recovery'],
  cases: ['recovery', '/recovery/cases'],
  keys: ['keys', '/keys'],
  tree: ['tree', '/tree'],
  officers: ['officers', '/officers'],
  gateway: ['doors', '/gateway'],
  approvals: ['approvals', '/approvals'],
  audit: ['audit', '/audit'],
  system: ['system', '/system'],
  identity: ['identity', '/identity'],
}

// What somebody works with most, by role, and what anybody may want to know.
const duties: [Role, string[]][] = [
  ['registrar', ['register', 'applications', 'certificates']],
  ['reviewer', ['applications', 'certificates', 'rules']],
  ['issuer', ['carryings', 'applications', 'certificates']],
  ['custodian', ['recovery', 'cases', 'keys']],
  ['system', ['tree', 'gateway', 'system']],
  ['security', ['officers', 'approvals', 'gateway']],
  ['audit', ['audit', 'approvals', 'system']],
]
const anybody = ['applications', 'certificates', 'approvals', 'tree', 'identity']

const between = 3 // of five steps, welcome is first and help last

// rolesOf are those somebody has anywhere, in the order of the journey.
export function rolesOf(view: ConsoleView): Role[] {
  return duties.map(([role]) => role).filter((role) => view.places.some((place) => place.known && place.roles.includes(role)))
}

// stepsFor are five: welcome, the pages this person works with most, and help. Of several
// roles each has its first page before any has its second.
export function stepsFor(view: ConsoleView): Step[] {
  const mine = duties.filter(([role]) => rolesOf(view).includes(role)).map(([, keys]) => keys)
  const inTurn = [0, 1, 2].flatMap((n) => mine.map((keys) => keys[n]))
  const keys = [...new Set([...inTurn, ...anybody])].filter((key) => holds(view, pages[key][0]))
  return [{ key: 'welcome' }, ...keys.slice(0, between).map((key) => ({ key, path: pages[key][1] })), { key: 'help' }]
}

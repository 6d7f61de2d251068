import type { ConsoleView } from '@/client/console'
import { holds, type Right } from '@/app/access'

export interface Step {
  key: string
  path?: string // of the page the step is about
}

const pages: [string, Right, string][] = [['tree', 'tree', '/tree'], ['officers', 'officers', '/officers'], ['applications', 'applications', '/applications'], ['approvals', 'approvals', '/approvals'], ['audit', 'audit', '/audit'], ['system', 'system', '/system']]
const count = 5

// stepsFor are five at most, of the pages this person has: welcome first, help last.
export function stepsFor(view: ConsoleView): Step[] {
  const own = pages.filter(([, right]) => holds(view, right)).map(([key, , path]) => ({ key, path }))
  return [{ key: 'welcome' }, ...own.slice(0, count - 2), { key: 'help' }]
}

import type { RaNode, RaRights } from '@/client/ra'

// What counts at a node is what every node on the way to the centre allows (ra/node.go):
// a change at one cuts, or frees, what lies below it.

export const operations = ['issue', 'renew', 'reissue', 'modify', 'revoke', 'freeze', 'unfreeze', 'cancel'] as const

export interface Effective {
  operations: string[]
  profiles?: string[] // undefined: all there are
  quota?: number // undefined: no limit
  grace: number
  subject: string[] // "O=示例省"
}

const within = (above: string[] | undefined, own: string[] | undefined) => (!own?.length ? above : above ? own.filter((one) => above.includes(one)) : own)
const least = (a: number | undefined, b: number | undefined) => (a === undefined ? b : b === undefined ? a : Math.min(a, b))

export function narrowed(above: Effective, rights: RaRights): Effective {
  return {
    operations: within(above.operations, rights.operations) ?? [],
    profiles: within(above.profiles, rights.profiles),
    quota: least(above.quota, rights.quota || undefined),
    grace: Math.min(above.grace, rights.grace ?? 0),
    subject: [...new Set([...above.subject, ...(rights.subject ?? []).map((one) => `${one.type}=${one.value}`)])],
  }
}

// Grace is not narrowed at the top, where it begins.
export const whole: Effective = { operations: [...operations], grace: 365, subject: [] }

// effective walks from the top to a node along its path.
export function effective(path: RaRights[]): Effective {
  return path.reduce(narrowed, whole)
}

export interface Difference {
  added: string[]
  taken: string[]
}

const lists = (before: string[] | undefined, after: string[] | undefined): Difference => ({
  added: after === undefined ? (before === undefined ? [] : ['*']) : before === undefined ? [] : after.filter((one) => !before.includes(one)),
  taken: after === undefined ? [] : before === undefined ? ['*'] : before.filter((one) => !after.includes(one)),
})

export interface Change {
  operations: Difference
  profiles: Difference
  subject: Difference
  quota?: { before?: number; after?: number }
  grace?: { before: number; after: number }
}

export function changeOf(before: Effective, after: Effective): Change | undefined {
  const change: Change = { operations: lists(before.operations, after.operations), profiles: lists(before.profiles, after.profiles), subject: lists(before.subject, after.subject) }
  if (before.quota !== after.quota) change.quota = { before: before.quota, after: after.quota }
  if (before.grace !== after.grace) change.grace = { before: before.grace, after: after.grace }
  const other = [change.operations, change.profiles, change.subject].some((one) => one.added.length + one.taken.length > 0)
  return other || change.quota || change.grace ? change : undefined
}

// affected are the nodes below for which something becomes other, with what.
export function affected(above: Effective, node: RaNode, next: RaRights, below: RaNode[]): { node: RaNode; change: Change }[] {
  const before = new Map<string, Effective>([[node.path, narrowed(above, node.rights)]])
  const after = new Map<string, Effective>([[node.path, narrowed(above, next)]])
  const out: { node: RaNode; change: Change }[] = []
  for (const one of [...below].sort((a, b) => a.path.localeCompare(b.path))) {
    const up = one.path.slice(0, one.path.lastIndexOf('/', one.path.length - 2) + 1)
    const [old, now] = [before.get(up), after.get(up)]
    if (!old || !now || one.path === node.path) continue
    before.set(one.path, narrowed(old, one.rights))
    after.set(one.path, narrowed(now, one.rights))
    const change = changeOf(before.get(one.path)!, after.get(one.path)!)
    if (change) out.push({ node: one, change })
  }
  return out
}

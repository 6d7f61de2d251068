import type { Standing, WireSystem } from '@/client/ca'

// Light is how a component stands at a glance: the worst of its checks, and red where it
// does not work at all.
export type Light = 'red' | 'yellow' | 'green'

export function lightOf(system: Pick<WireSystem, 'ready' | 'checks'>): Light {
  if (!system.ready || system.checks.some((check) => check.level === 'failing')) return 'red'
  return system.checks.some((check) => check.level === 'warning') ? 'yellow' : 'green'
}

const order: Record<string, number> = { failing: 0, warning: 1, ok: 2 }

// worstFirst leaves checks of one level in the component's order.
export function worstFirst(checks: Standing[]): Standing[] {
  return [...checks].sort((a, b) => (order[a.level] ?? 1) - (order[b.level] ?? 1))
}

export const troubles = (checks: Standing[]): Standing[] => worstFirst(checks).filter((check) => check.level !== 'ok')

// Which texts say what a check says: its own, those of gateways and nodes for what has no
// text of its own, by level.
export function textKeys(check: Pick<Standing, 'says' | 'level'>): string[] {
  return [`says.${check.says}`, `says.gateway.${check.level}`]
}

// splitName parts "certificate.issuer.sm2" into what is looked at and which one of them.
export function splitName(name: string): { kind: string; which: string } {
  const [kind, ...which] = name.split('.')
  return { kind, which: which.join('.') }
}

// endsSoon says of a certificate whether somebody has to look: the last tenth of its life,
// or past the moment at which it should have renewed itself.
export function endsSoon(c: { not_before: string; not_after: string; renews_at?: string }, now: number): boolean {
  const [from, to] = [Date.parse(c.not_before), Date.parse(c.not_after)]
  const late = c.renews_at ? now > Date.parse(c.renews_at) + (to - from) / 20 : false
  return late || to - now < (to - from) / 10
}

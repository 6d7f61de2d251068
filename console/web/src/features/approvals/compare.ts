import type { OfficerApproval } from '@/client/ca'
import { policies, policiesText, type RaMotion } from '@/client/ra'
import { versionsOf } from '@/components/versions'
import { ask } from '@/lib/http'
import { Refusal } from '@/lib/refusal'
import { pretty } from '@/lib/diff'

// Comparison is what would be different: a text as it is and as it would be.
export interface Comparison {
  name: string
  before: string
  after: string
}

export const nameIn = (yaml: string) => /^name:\s*['"]?([A-Za-z0-9._-]+)/m.exec(yaml)?.[1] ?? ''

// textsIn reads the content of a change of profiles: a JSON list of YAML texts.
export function textsIn(content: string | undefined): string[] {
  try {
    const all = JSON.parse(content ?? '') as unknown
    return Array.isArray(all) && all.every((text) => typeof text === 'string') ? all : []
  } catch {
    return []
  }
}

// compared sets a proposal beside what is so now, or was before it.
export async function compared(a: OfficerApproval): Promise<Comparison[]> {
  if (a.operation !== 'profiles.change') return a.content ? [{ name: a.object, before: '', after: pretty(a.content) }] : []
  return Promise.all(
    textsIn(a.content).map(async (after) => {
      const name = nameIn(after)
      return { name, before: await profileBefore(name, a.id), after }
    }),
  )
}

async function profileBefore(name: string, approval: string): Promise<string> {
  try {
    const versions = await versionsOf(name)
    const own = versions.findIndex((version) => version.approval === approval)
    return versions[own + 1]?.yaml ?? ''
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return '' // a new profile
    throw error
  }
}

// partsOf reads what a motion about a policy is about: "practice-statement 2.1".
export function partsOf(m: Pick<RaMotion, 'object'>): [kind: string, edition: string] {
  const at = m.object.indexOf(' ')
  return at < 0 ? [m.object, ''] : [m.object.slice(0, at), m.object.slice(at + 1)]
}

// policyCompared sets an edition of the rules beside the published one before it, where
// both are texts.
export async function policyCompared(m: RaMotion): Promise<{ media: string; comparison?: Comparison }> {
  const [kind, edition] = partsOf(m)
  const whole = await ask(policiesText({ path: { kind, edition } }))
  if (!whole.media_type.startsWith('text/')) return { media: whole.media_type }
  const { items } = await ask(policies({ query: { limit: 200 } }))
  const before = items.filter((p) => p.kind === kind && p.state === 'published' && p.edition !== edition && p.begins < whole.begins).sort((a, b) => b.begins.localeCompare(a.begins))[0]
  const old = before && (await ask(policiesText({ path: { kind, edition: before.edition } })))
  return { media: whole.media_type, comparison: { name: edition, before: old?.media_type.startsWith('text/') ? decoded(old.content) : '', after: decoded(whole.content) } }
}

export function decoded(base64: string | undefined): string {
  const binary = atob(base64 ?? '')
  return new TextDecoder().decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)))
}

import i18next from 'i18next'
import type { ConsoleView } from '@/client/console'
import type { OfficerApproval } from '@/client/ca'
import type { RaMotion } from '@/client/ra'
import { motions } from '@/client/ra'
import { rolesAt, type Place } from '@/app/access'
import { ask } from '@/lib/http'
import { Refusal } from '@/lib/refusal'
import { isPlace, listAt, motionReaders, readers } from './calls'
import { titleOf } from './names'

// Item is what waits for consent, wherever it was proposed.
export interface Item {
  key: string
  to: string // address of its page
  place: Place
  operation: string
  object: string
  reason: string
  by: string
  at: string
  until?: string
  state: string
  mine: boolean // waits for the one who looks
}

export type Which = 'waiting' | 'open' | 'ended'

const decides: Record<string, string[]> = { move: ['reviewer'], policy: ['security', 'audit'], destroy: ['security', 'audit'], announce: ['security', 'audit'], 'take-down': ['security', 'audit'] }

// mayDecide says whether a motion waits for somebody of these roles and this name.
export function mayDecide(motion: RaMotion, roles: string[], name: string): boolean {
  return motion.state === 'open' && motion.proposed_by !== name && !motion.consents.includes(name) && (decides[motion.kind] ?? []).some((role) => roles.includes(role))
}

export const deciders = (kind: string) => decides[kind] ?? []

const ofApproval = (place: Place, a: OfficerApproval, mine: boolean): Item => ({ key: place + a.id, to: `/approvals/${place}/${a.id}`, place, operation: a.operation, object: a.object, reason: a.reason, by: a.proposed_by, at: a.proposed, until: a.state === 'pending' ? a.expires : a.ended, state: a.state, mine })
const ofMotion = (m: RaMotion, mine: boolean): Item => ({ key: 'motion' + m.id, to: `/approvals/motion/${m.id}`, place: 'ra', operation: `motion.${m.kind}`, object: titleOf(m, i18next.language === 'zh-CN'), reason: m.reason, by: m.proposed_by, at: m.created, until: m.state === 'open' ? undefined : m.changed, state: m.state, mine })

// Officers below the home of a registration see no proposals there, which is no fault.
async function quietly<T>(what: Promise<T>, none: T): Promise<T> {
  try {
    return await what
  } catch (error) {
    if (error instanceof Refusal && error.forbidden) return none
    throw error
  }
}

const page = 200 // at once
export const most = 2000 // of a place, the newest

// everything reads page after page, until one is not full.
export async function everything<T>(load: (last: T | undefined) => Promise<T[]>): Promise<T[]> {
  const all: T[] = []
  for (;;) {
    const more = await load(all.at(-1))
    all.push(...more)
    if (more.length < page || all.length >= most) return all
  }
}

const approvalsOf = (place: Place, query: object, how: object) => quietly(everything<OfficerApproval>((last) => listAt(place, { ...query, before: last?.id, limit: page }, how)), [])

async function motionsOf(state: string | undefined, how: object): Promise<RaMotion[]> {
  const all: RaMotion[] = []
  let after: string | undefined
  do {
    const some = await ask(motions({ query: { state, after, limit: page }, ...how }))
    all.push(...some.items)
    after = some.after || undefined
  } while (after && all.length < most)
  return all
}

// itemsOf gathers the proposals of every place; the newest first.
export async function itemsOf(view: ConsoleView, which: Which, how: object = {}): Promise<Item[]> {
  const places = view.places.filter((place) => place.known && isPlace(place.name))
  const roles = (place: string) => rolesAt(view, place as Place) as string[]
  const lists = places
    .filter((place) => roles(place.name).some((role) => readers.includes(role)))
    .map(async ({ name }) => {
      const all = await approvalsOf(name as Place, { waiting: which === 'waiting', ended: which === 'ended' }, how)
      const waiting = which === 'open' && all.length > 0 ? await approvalsOf(name as Place, { waiting: true }, how) : []
      return all.filter((a) => (which === 'ended') === (a.state !== 'pending' && a.state !== 'approved')).map((a) => ofApproval(name as Place, a, which === 'waiting' || waiting.some((one) => one.id === a.id)))
    })
  const ra = places.find((place) => place.name === 'ra')
  if (ra && roles('ra').some((role) => motionReaders.includes(role))) {
    lists.push(
      quietly(motionsOf(which === 'ended' ? undefined : 'open', how), []).then((items) =>
        items.map((m) => ofMotion(m, mayDecide(m, roles('ra'), ra.as ?? ''))).filter((item) => (which === 'waiting' ? item.mine : which === 'ended' ? item.state !== 'open' : true)),
      ),
    )
  }
  return (await Promise.all(lists)).flat().sort((a, b) => b.at.localeCompare(a.at))
}

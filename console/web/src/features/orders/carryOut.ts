import { holderKey, holderKeyPackage, holderKeyPassword, identify, issue } from '@/client/ca'
import type { CaIssued, CaProfileView, PkiPackage } from '@/client/ca'
import { random } from '@/lib/der'
import { ask } from '@/lib/http'
import { orderOf, requestOf, type Asked } from './asked'

// Carried is how far an order has come. Where the centre makes the key there are four
// steps; one that fails is taken again with the same ticket, which opens the key until it
// is packaged, so nothing is made twice.
export interface Carried {
  application: string
  ticket: string
  nonce: string
  holder?: string
  request?: string
  issued?: CaIssued
  password?: string
  packed?: PkiPackage
}

export const begin = (): Carried => ({ application: `console-${crypto.randomUUID()}`, ticket: random(32), nonce: random(32) })

// carryOut goes on from where it stands; step is told each time something is done.
export async function carryOut(asked: Asked, profile: CaProfileView, from: Carried, step: (now: Carried) => void): Promise<Carried> {
  let now = from
  const done = (more: Partial<Carried>) => {
    now = { ...now, ...more }
    step(now)
  }
  const order = orderOf(asked, profile, now.application)
  if (asked.key === 'request') {
    if (!now.issued) done({ issued: await ask(issue({ body: { ...order, request: requestOf(asked)! } })) })
    return now
  }
  // The key and the certificate are ordered for the same holder, so an identity becomes
  // the holder's id first.
  if (order.identity && !now.holder) done({ holder: (await ask(identify({ body: order.identity }))).holder })
  const holder = now.holder ?? order.holder
  const rest = { ...order, holder }
  delete rest.identity
  if (!now.request) {
    const made = await ask(holderKey({ body: { application: now.application, profile: order.profile, suite: asked.suite as 'sm2', holder, subject: order.subject, ticket: now.ticket } }))
    done({ request: made.request })
  }
  if (!now.issued) done({ issued: await ask(issue({ body: { ...rest, request: now.request! } })) })
  const path = { application: now.application }
  if (!now.password) done({ password: (await ask(holderKeyPassword({ path, body: { nonce: now.nonce } }))).text })
  if (!now.packed) done({ packed: await ask(holderKeyPackage({ path, body: { form: 'pkcs12', ticket: now.ticket } })) })
  return now
}

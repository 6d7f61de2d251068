import type { Place } from '@/app/access'
import * as ca from '@/client/ca'
import type { OfficerApproval } from '@/client/ca'
import * as gateway from '@/client/gateway'
import * as kmc from '@/client/kmc'
import * as ra from '@/client/ra'
import { ask } from '@/lib/http'

interface Query {
  waiting?: boolean
  ended?: boolean
  before?: string
  limit?: number
}

// The same five calls at every place.
const of = {
  ca: { list: ca.approvals, one: ca.approval, approve: ca.approve, reject: ca.reject, withdraw: ca.withdraw },
  kmc: { list: kmc.approvals, one: kmc.approval, approve: kmc.approve, reject: kmc.reject, withdraw: kmc.withdraw },
  ra: { list: ra.approvals, one: ra.approval, approve: ra.approve, reject: ra.reject, withdraw: ra.withdraw },
  gateway: { list: gateway.approvals, one: gateway.approval, approve: gateway.approve, reject: gateway.reject, withdraw: gateway.withdraw },
}
const at = (place: Place) => of[place as keyof typeof of] as (typeof of)['ca']

export const isPlace = (text: string | undefined): text is Place => text !== undefined && text in of
export const listAt = (place: Place, query: Query, how: object = {}): Promise<OfficerApproval[]> => ask(at(place).list({ query, ...how }))
export const oneAt = (place: Place, id: string): Promise<OfficerApproval> => ask(at(place).one({ path: { id } }))
export const approveAt = (place: Place, id: string, digest: string) => ask(at(place).approve({ path: { id }, body: { digest } }))
export const rejectAt = (place: Place, id: string, reason: string) => ask(at(place).reject({ path: { id }, body: { reason } }))
export const withdrawAt = (place: Place, id: string) => ask(at(place).withdraw({ path: { id }, body: {} }))

// Who sees proposals, and who decides them (officer/right.go); the digest and the needs
// are looked at by the place itself.
export const readers = ['system', 'security', 'audit', 'custodian']
export const motionReaders = ['system', 'security', 'audit', 'registrar', 'reviewer']

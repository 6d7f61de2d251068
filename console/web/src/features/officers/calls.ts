import type { Place } from '@/app/access'
import * as ca from '@/client/ca'
import type { OfficerOfficer } from '@/client/ca'
import * as gateway from '@/client/gateway'
import * as kmc from '@/client/kmc'
import * as ra from '@/client/ra'
import { ask } from '@/lib/http'

// The same three calls at every place.
const of = {
  ca: { officers: ca.officers, code: ca.officerCode, end: ca.officerEnd },
  kmc: { officers: kmc.officers, code: kmc.officerCode, end: kmc.officerEnd },
  ra: { officers: ra.officers, code: ra.officerCode, end: ra.officerEnd },
  gateway: { officers: gateway.officers, code: gateway.officerCode, end: gateway.officerEnd },
}
const at = (place: Place) => of[place as keyof typeof of] as (typeof of)['ca']

export interface Asked {
  name?: string // a part of it
  role?: string
  state?: 'active' | 'ended'
  after?: string
  limit?: number
}

export const officersAt = (place: Place, query: Asked): Promise<OfficerOfficer[]> => ask(at(place).officers({ query }))
export const codeAt = (place: Place, order: { name: string; role: string; days?: number }): Promise<string> => ask(at(place).code({ body: order })).then(({ code }) => code)
export const endAt = (place: Place, fingerprint: string) => ask(at(place).end({ path: { fingerprint } }))

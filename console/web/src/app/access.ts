import type { ConsoleView as View } from '@/client/console'

// Who sees which page, in one file. A page that is not here for somebody is not in the
// menu; the API decides anyway. What may be done on a page is asked of the API, which
// says it with each object.
export type Role = 'system' | 'security' | 'audit' | 'registrar' | 'reviewer' | 'issuer' | 'custodian' | 'site'
export type Place = 'ca' | 'kmc' | 'ra' | 'gateway' | 'self'

export interface Access {
  places: Place[] // known at one of them
  roles?: Role[] // with one of these there; all where it is not given
}

const counter: Role[] = ['registrar', 'reviewer', 'issuer']
const administrators: Role[] = ['system', 'security', 'audit']

export const access = {
  work: { places: ['ra'] },
  applications: { places: ['ra'] },
  register: { places: ['ra'], roles: ['registrar'] },
  nearby: { places: ['ra'], roles: ['registrar'] },
  carryings: { places: ['ra'], roles: ['issuer'] },
  batches: { places: ['ra'], roles: counter },
  certificates: { places: ['ra', 'ca'] },
  holders: { places: ['ra'], roles: [...counter, 'audit'] },
  glances: { places: ['ra'], roles: ['registrar', 'reviewer', 'audit'] },
  tickets: { places: ['ra'], roles: [...counter, 'audit'] },
  tree: { places: ['ra'] },
  rules: { places: ['ra'], roles: ['security', 'audit', 'reviewer'] },
  systems: { places: ['ra'] },
  archive: { places: ['ra'], roles: [...administrators, ...counter] },
  policies: { places: ['ra'] },
  announcements: { places: ['ra'] },
  statistics: { places: ['ra'] },
  issuers: { places: ['ca'] },
  profiles: { places: ['ca'] },
  orders: { places: ['ca'] },
  recovery: { places: ['kmc'], roles: ['custodian', 'audit'] },
  keys: { places: ['kmc'], roles: [...administrators, 'custodian'] },
  doors: { places: ['gateway'], roles: administrators },
  visits: { places: ['gateway'], roles: ['security', 'audit'] },
  approvals: { places: ['ca', 'kmc', 'ra', 'gateway'] },
  officers: { places: ['ca', 'kmc', 'ra', 'gateway'], roles: ['security', 'audit'] },
  audit: { places: ['ca', 'kmc', 'ra', 'gateway'], roles: ['audit'] },
  system: { places: ['ca', 'kmc', 'ra', 'gateway'], roles: administrators },
  sessions: { places: ['ca', 'kmc', 'ra', 'gateway'], roles: ['security'] },
  identity: { places: ['ca', 'kmc', 'ra', 'gateway'] },
} satisfies Record<string, Access>

export type Right = keyof typeof access

// holds says whether somebody may open a page.
export function holds(view: View, right: Right): boolean {
  const { places, roles }: Access = access[right]
  return view.places.some((place) => place.known && places.includes(place.name as Place) && (!roles || roles.some((role) => place.roles.includes(role))))
}

// placesOf are the places at which somebody holds a right.
export function placesOf(view: View, right: Right): Place[] {
  const { places, roles }: Access = access[right]
  return view.places.filter((place) => place.known && places.includes(place.name as Place) && (!roles || roles.some((role) => place.roles.includes(role)))).map((place) => place.name as Place)
}

export function rolesAt(view: View, place: Place): Role[] {
  return (view.places.find((one) => one.name === place)?.roles ?? []) as Role[]
}

import { placesOf, rolesAt, type Place } from '@/app/access'
import type { ConsoleView } from '@/client/console'

// Who works with people sees the registration's; at the CA certificates are known to all.
const readers = ['registrar', 'reviewer', 'issuer', 'audit']

export function readable(view: ConsoleView): Place[] {
  return placesOf(view, 'certificates').filter((place) => place !== 'ra' || rolesAt(view, 'ra').some((role) => readers.includes(role)))
}

import { rolesAt } from '@/app/access'
import { useSession } from '@/lib/session'

// useCustodian says whether this person may take part in recovering keys, and by what name.
export function useCustodian() {
  const { view } = useSession()
  return { custodian: rolesAt(view, 'kmc').includes('custodian'), name: view.name }
}

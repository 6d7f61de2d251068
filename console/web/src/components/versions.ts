import { profileVersions } from '@/client/ca'
import type { CaProfileVersion } from '@/client/ca'
import { ask } from '@/lib/http'
import { every } from '@/lib/pages'

// versionsOf reads every version of a profile, the newest first.
export const versionsOf = (name: string): Promise<CaProfileVersion[]> =>
  every<CaProfileVersion>((last) => ask(profileVersions({ path: { name }, query: { after: last?.version, limit: 200 } })), 200).then((all) => all.reverse())

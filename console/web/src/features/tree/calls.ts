import { useQuery } from '@tanstack/react-query'
import { links, nodes } from '@/client/ra'
import type { RaNode } from '@/client/ra'
import { ask, byItself } from '@/lib/http'

const pageSize = 200

async function all(query: { parent?: string; node?: string }, most: number): Promise<RaNode[]> {
  const out: RaNode[] = []
  let after: string | undefined
  do {
    const page = await ask(nodes({ query: { ...query, after, limit: pageSize } }))
    out.push(...page.items)
    after = page.after || undefined
  } while (after && out.length < most)
  return out
}

// So many children of one node are shown, and nodes below one counted, at most.
export const most = 2000

export const childrenOf = (parent: string) => all({ parent }, most)
export const belowOf = (id: string) => all({ node: id }, most).then((list) => list.filter((node) => node.id !== id))
export const nodeOf = (id: string) => ask(nodes({ query: { node: id, limit: 1 } })).then((page) => page.items[0] ?? null)

// parentsOf are the nodes on the way down to one, as far as one's own subtree reaches.
export async function parentsOf(node: RaNode, top: RaNode): Promise<RaNode[]> {
  const ids = node.path.split('/').filter(Boolean).slice(0, -1)
  const from = top.path.split('/').filter(Boolean).length - 1
  return (await Promise.all(ids.slice(from).map(nodeOf))).filter((one): one is RaNode => one !== null)
}

// useLinks is when counters with a process of their own were heard, by node.
export function useLinks() {
  return useQuery({
    queryKey: ['links'],
    queryFn: async () => {
      const below = new Map<string, string | undefined>()
      let after: string | undefined
      do {
        const page = await ask(links({ query: { after, limit: pageSize }, ...byItself }))
        page.below.forEach((link) => below.set(link.node, link.heard))
        after = page.after || undefined
      } while (after)
      return { below }
    },
    refetchInterval: 30_000,
  })
}

// every reads page after page until there is no more: for what a person has a handful of,
// and a page of the screen shows whole.
export async function every<T>(load: (last: T | undefined) => Promise<T[]>, size: number): Promise<T[]> {
  const all: T[] = []
  for (;;) {
    const some = await load(all.at(-1))
    all.push(...some)
    if (some.length < size) return all
  }
}

// everyItem is every for calls that say themselves where they go on.
export async function everyItem<T>(load: (after: string | undefined) => Promise<{ items: T[]; after?: string }>): Promise<T[]> {
  const all: T[] = []
  let after: string | undefined
  do {
    const page = await load(after)
    all.push(...page.items)
    after = page.after
  } while (after)
  return all
}

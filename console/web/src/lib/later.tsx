import { lazy, useState, type ComponentType } from 'react'

type Module = { default: ComponentType }

// Later is a page whose code is fetched when it is first shown, or ahead of that.
export type Later = ComponentType & { ahead: () => Promise<void> }

// later makes one. What was fetched ahead is drawn at once: React lets whoever saw a
// placeholder wait for 300 ms before it puts anything in its place.
export function later(load: () => Promise<Module>): Later {
  const Fetched = lazy(load)
  let known: ComponentType | undefined
  function Page() {
    const [Shown] = useState<ComponentType>(() => known ?? Fetched) // one for as long as the page stands
    return <Shown />
  }
  const ahead = async () => {
    known = (await load()).default
  }
  return Object.assign(Page, { ahead })
}

import type { ComponentType } from 'react'

// What features put around the pages: head.tsx of a feature stands in the header (counts
// of what waits, search), home.tsx on the first page, in the order they give.
interface Part {
  default: ComponentType
  order: number
}

const heads = import.meta.glob<Part>('../features/*/head.tsx', { eager: true })
const homes = import.meta.glob<Part>('../features/*/home.tsx', { eager: true })

function inOrder(files: Record<string, Part>): ComponentType[] {
  return Object.values(files).sort((a, b) => a.order - b.order).map((part) => part.default)
}

export const slots = { head: inOrder(heads), home: inOrder(homes) }

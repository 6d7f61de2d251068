import type { GatewayFigure } from '@/client/gateway'

export interface Sum {
  requests: number
  refused: number
  failed: number
  sent: number
  received: number
  took: number
  latency: number[]
}

// The ends of the steps of latency in milliseconds (gateway/figure.go); the last has none.
export const bounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const

export function sum(figures: GatewayFigure[]): Sum {
  const all: Sum = { requests: 0, refused: 0, failed: 0, sent: 0, received: 0, took: 0, latency: Array.from({ length: bounds.length + 1 }, () => 0) }
  for (const one of figures) {
    all.requests += one.requests
    all.refused += one.refused
    all.failed += one.failed
    all.sent += one.sent
    all.received += one.received
    all.took += one.took
    one.latency.forEach((count, step) => (all.latency[step] += count))
  }
  return all
}

// quantile is how many milliseconds at most a part (0.5, 0.99) of the requests took, by
// the step it falls into; undefined: there were none, or it took longer than all steps.
export function quantile(all: Sum, part: number): number | undefined {
  const count = all.latency.reduce((a, b) => a + b, 0)
  if (count === 0) return undefined
  let seen = 0
  for (const [step, bound] of bounds.entries()) {
    seen += all.latency[step]
    if (seen >= part * count) return bound
  }
  return undefined
}

export interface Series {
  name: string
  points: [number, number][] // milliseconds since 1970, value
}

// overTime draws one series a name, with a zero in each step in which nothing was counted;
// the largest eight stand alone, the rest together.
export function overTime(figures: GatewayFigure[], value: (one: GatewayFigure) => number, span: { from: string; to: string; step: number }, rest: string): Series[] {
  const totals = new Map<string, number>()
  for (const one of figures) totals.set(one.name, (totals.get(one.name) ?? 0) + value(one))
  const alone = new Set([...totals].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([name]) => name))
  const first = Math.floor(Date.parse(span.from) / span.step) * span.step
  const series = new Map<string, Map<number, number>>()
  for (const one of figures) {
    const name = alone.has(one.name) ? one.name : rest
    const points = series.get(name) ?? new Map<number, number>()
    const at = Date.parse(one.at)
    points.set(at, (points.get(at) ?? 0) + value(one))
    series.set(name, points)
  }
  const steps = new Set<number>()
  for (let at = first; at < Date.parse(span.to); at += span.step) steps.add(at)
  // Days begin at midnight in China, so their moments are taken as they come.
  const moments = span.step < 86_400_000 ? [...steps] : [...new Set(figures.map((one) => Date.parse(one.at)))].sort((a, b) => a - b)
  return [...series].map(([name, points]) => ({ name, points: moments.map((at) => [at, points.get(at) ?? 0]) }))
}

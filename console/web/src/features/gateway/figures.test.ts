import { describe, expect, test } from 'vitest'
import type { GatewayFigure } from '@/client/gateway'
import { overTime, quantile, sum } from './figures'

const none = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] as GatewayFigure['latency']

function figure(at: string, name: string, requests: number, latency = none): GatewayFigure {
  return { at, kind: 'application', name, requests, refused: 1, failed: 0, sent: 10, received: 5, took: 1000, latency }
}

describe('figures', () => {
  test('a sum counts everything', () => {
    const all = sum([figure('2026-11-23T10:00:00Z', 'a', 3), figure('2026-11-23T10:01:00Z', 'b', 4)])
    expect([all.requests, all.refused, all.sent, all.received]).toEqual([7, 2, 20, 10])
  })

  test('a quantile is the end of the step it falls into', () => {
    const latency = [...none] as GatewayFigure['latency']
    latency[0] = 50
    latency[3] = 49
    latency[13] = 1
    const all = sum([figure('2026-11-23T10:00:00Z', 'a', 100, latency)])
    expect(quantile(all, 0.5)).toBe(1)
    expect(quantile(all, 0.99)).toBe(10)
    expect(quantile(all, 1)).toBeUndefined()
    expect(quantile(sum([]), 0.5)).toBeUndefined()
  })

  test('over time there are zeros where nothing was, and many names become one', () => {
    const span = { from: '2026-11-23T10:00:00Z', to: '2026-11-23T10:03:00Z', step: 60_000 }
    const figures = Array.from({ length: 10 }, (_, n) => figure('2026-11-23T10:01:00Z', `app${n}`, 20 - n))
    const series = overTime(figures, (one) => one.requests, span, 'others')
    expect(series).toHaveLength(9)
    expect(series.find((one) => one.name === 'app0')!.points.map(([, value]) => value)).toEqual([0, 20, 0])
    expect(series.find((one) => one.name === 'others')!.points.map(([, value]) => value)).toEqual([0, 12 + 11, 0])
  })
})

import axe from 'axe-core'
import type { Seat } from './browser'

interface Finding {
  id: string
  impact?: string | null
  help: string
  nodes: { target: unknown; failureSummary?: string }[]
}

// expectAccessible runs axe-core in the page. Its source is handed to the page's debugger
// and not put into the document, so the Content-Security-Policy does not hinder it.
export async function expectAccessible(seat: Seat, name: string) {
  await seat.page.evaluate(axe.source)
  const found = (await seat.page.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (what: Document, how: object) => Promise<{ violations: unknown[] }> } }).axe
    return (await run.run(document, { resultTypes: ['violations'] })).violations
  })) as Finding[]
  const grave = found.filter((one) => one.impact === 'serious' || one.impact === 'critical')
  const said = grave.map((one) => `${one.id} (${one.impact}): ${one.help}\n    ${one.nodes.slice(0, 4).map((node) => JSON.stringify(node.target) + ' ' + (node.failureSummary ?? '').replace(/\s+/g, ' ').slice(0, 200)).join('\n    ')}`)
  if (said.length > 0) throw new Error(`axe on ${name}:\n  ${said.join('\n  ')}`)
}

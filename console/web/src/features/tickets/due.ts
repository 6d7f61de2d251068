// Due is how a ticket stands to its deadline.
export interface Due {
  state: 'late' | 'soon' | 'good' | 'paused' | 'over'
  seconds: number // left, or past it
}

// Half of a morning: what is due sooner is marked.
const soon = 2 * 3600

interface Ticket {
  state: string
  due: string
  late?: boolean
  left_ns?: number
}

// dueOf reads the deadline as the desk counts it: it stands still while the person was
// asked, and what is resolved met it or missed it.
export function dueOf(ticket: Ticket, now = Date.now()): Due {
  if (ticket.state === 'resolved' || ticket.state === 'closed') return { state: ticket.late ? 'late' : 'over', seconds: 0 }
  if (ticket.state === 'waiting') return { state: 'paused', seconds: Math.round((ticket.left_ns ?? 0) / 1e9) }
  const left = Math.round((Date.parse(ticket.due) - now) / 1000)
  if (left < 0) return { state: 'late', seconds: -left }
  return { state: left < soon ? 'soon' : 'good', seconds: left }
}

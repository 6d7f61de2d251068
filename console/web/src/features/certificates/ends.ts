import dayjs from 'dayjs'

// How many days ahead one looks for what ends.
export const spans = [7, 30, 60, 90, 180] as const

export interface Ends {
  within?: string
  ends_from?: string
  ends_to?: string
}

// daysOf are the days between which a certificate has to end, as the API asks: from
// today on for a number of days, or exactly those that were given.
export function daysOf({ within, ends_from, ends_to }: Ends, now = dayjs()): { ends_from?: string; ends_to?: string } {
  const days = Number(within)
  if (!within || !Number.isInteger(days) || days < 0) return { ends_from, ends_to }
  return { ends_from: now.format('YYYY-MM-DD'), ends_to: now.add(days, 'day').format('YYYY-MM-DD') }
}

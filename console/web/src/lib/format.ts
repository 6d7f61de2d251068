import dayjs from 'dayjs'

type Moment = string | number | undefined | null

// Servers write RFC 3339 or milliseconds; a zero time is none.
function read(at: Moment) {
  if (at === undefined || at === null || at === '' || at === 0) return undefined
  const day = dayjs(at)
  return day.isValid() && day.year() > 1 ? day : undefined
}

export const moment = (at: Moment): string => read(at)?.format('YYYY-MM-DD HH:mm:ss') ?? '–'
export const minute = (at: Moment): string => read(at)?.format('YYYY-MM-DD HH:mm') ?? '–'
export const date = (at: Moment): string => read(at)?.format('YYYY-MM-DD') ?? '–'

// daysUntil is negative for what is over.
export const daysUntil = (at: Moment): number | undefined => {
  const day = read(at)
  return day && Math.floor(day.diff(dayjs(), 'hour') / 24)
}

// span is a number of seconds in the largest units that fit, as "2 h 5 min".
export function span(seconds: number): string {
  const parts: [number, string][] = [[86_400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']]
  const out: string[] = []
  let left = Math.round(seconds)
  for (const [size, unit] of parts) {
    const count = Math.floor(left / size)
    if (count > 0 && out.length < 2) out.push(`${count} ${unit}`)
    left -= count * size
  }
  return out.join(' ') || '0 s'
}

export function octets(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = n
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

// pairs writes a fingerprint as people compare it.
export const pairs = (hex: string): string => hex.toUpperCase().match(/.{1,2}/g)?.join(':') ?? ''

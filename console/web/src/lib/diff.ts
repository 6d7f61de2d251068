// Line differences for what two persons have to want: small enough to be read as a whole.

export interface Line {
  kind: 'same' | 'added' | 'removed'
  text: string
  before?: number // line numbers, from 1
  after?: number
}

// Beyond so many cells of the table the texts are shown as replaced as a whole.
const most = 4_000_000

export function diff(before: string, after: string): Line[] {
  const a = lines(before)
  const b = lines(after)
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const middle = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  const all = [...a.slice(0, head).map(kept), ...middle, ...a.slice(a.length - tail).map(kept)]
  let left = 0
  let right = 0
  return all.map((line) => ({ ...line, before: line.kind === 'added' ? undefined : ++left, after: line.kind === 'removed' ? undefined : ++right }))
}

const kept = (text: string): Line => ({ kind: 'same', text })

function lines(text: string): string[] {
  if (text === '') return []
  const all = text.split('\n')
  return all[all.length - 1] === '' ? all.slice(0, -1) : all
}

// between is the longest common subsequence, by the table.
function between(a: string[], b: string[]): Line[] {
  const removed = (text: string): Line => ({ kind: 'removed', text })
  const added = (text: string): Line => ({ kind: 'added', text })
  if (a.length * b.length > most || a.length === 0 || b.length === 0) return [...a.map(removed), ...b.map(added)]
  const width = b.length + 1
  const common = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1])
    }
  }
  const out: Line[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      out.push(kept(a[i]))
      i++
      j++
    } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) out.push(removed(a[i++]))
    else out.push(added(b[j++]))
  }
  return [...out, ...a.slice(i).map(removed), ...b.slice(j).map(added)]
}

// pretty writes JSON over lines, so that its differences are seen; other texts stay.
export function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

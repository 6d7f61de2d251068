// RFC 6962 2.1: what a page needs to see for itself that an entry stands in a log and
// that a log only grew. SHA-256 is the browser's own.

export type Octets = Uint8Array<ArrayBuffer>

async function sha256(...parts: Octets[]): Promise<Octets> {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all))
}

const leafMark = new Uint8Array([0])
const nodeMark = new Uint8Array([1])

export const leafHash = (content: Octets) => sha256(leafMark, content)
export const nodeHash = (left: Octets, right: Octets) => sha256(nodeMark, left, right)

export function same(a: Octets, b: Octets): boolean {
  return a.length === b.length && a.every((octet, n) => octet === b[n])
}

// included follows an audit path (RFC 9162 2.1.3.2, the same tree) from a leaf to the root.
// Sizes are below 2^53 and are halved by division, as shifts cut at 32 bits.
export async function included(leaf: Octets, number: number, size: number, path: Octets[], root: Octets): Promise<boolean> {
  if (!Number.isSafeInteger(number) || !Number.isSafeInteger(size) || number < 0 || number >= size) return false
  let fn = number
  let sn = size - 1
  let hash = leaf
  for (const step of path) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = await nodeHash(step, hash)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    } else {
      hash = await nodeHash(hash, step)
    }
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && same(hash, root)
}

// grown says whether the tree of size and root begins with the older one (RFC 9162 2.1.4.2).
export async function grown(oldSize: number, oldRoot: Octets, size: number, root: Octets, path: Octets[]): Promise<boolean> {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(size) || oldSize < 0 || oldSize > size) return false
  if (oldSize === 0) return path.length === 0
  if (oldSize === size) return path.length === 0 && same(oldRoot, root)
  const power = Number.isInteger(Math.log2(oldSize)) && 2 ** Math.log2(oldSize) === oldSize
  const steps = power ? [oldRoot, ...path] : path
  if (path.length === 0) return false
  let fn = oldSize - 1
  let sn = size - 1
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  let older = steps[0]
  let newer = steps[0]
  for (const step of steps.slice(1)) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      older = await nodeHash(step, older)
      newer = await nodeHash(step, newer)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    } else {
      newer = await nodeHash(newer, step)
    }
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && same(older, oldRoot) && same(newer, root)
}

// What a number says about itself while it is typed. The server judges again.
export type Verdict =
  | { state: 'short'; missing: number }
  | { state: 'characters' }
  | { state: 'date' }
  | { state: 'long' }
  | { state: 'wrong' }
  | { state: 'right'; born?: string }

// plain brings what is typed or pasted into the spelling the server compares:
// full-width forms folded, separators dropped, letters large (pki.NormalIdentity).
export const plain = (text: string): string => text.normalize('NFKC').replace(/[^\p{L}\p{Nd}]/gu, '').toUpperCase()

const length = 18

function byLength(text: string): Verdict | undefined {
  if (text.length < length) return { state: 'short', missing: length - text.length }
  if (text.length > length) return { state: 'long' }
  return undefined
}

// residentCheck is the check character of 17 digits: ISO 7064 MOD 11-2 (GB 11643-1999, 4.4).
// It is the same for any number of digits, as in ISNI and ORCID.
export function residentCheck(digits: string): string {
  let sum = 0
  for (const digit of digits) sum = ((sum + Number(digit)) * 2) % 11
  return '10X98765432'[sum]
}

function birthday(text: string): string | undefined {
  const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)]
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  const real = date.getUTCFullYear() === Number(year) && date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day)
  return real ? `${year}-${month}-${day}` : undefined
}

export function residentNumber(typed: string): Verdict {
  const text = plain(typed)
  if (!/^(\d{0,17}|\d{17}[\dX]|\d{19,})$/.test(text)) return { state: 'characters' }
  const size = byLength(text)
  if (size) return size
  if (residentCheck(text.slice(0, 17)) !== text[17]) return { state: 'wrong' }
  const born = birthday(text.slice(6, 14))
  return born ? { state: 'right', born } : { state: 'date' }
}

// The 31 characters of a unified social credit code: no I, O, S, V, Z (GB 32100-2015, 4).
const creditCharacters = '0123456789ABCDEFGHJKLMNPQRTUWXY'

// creditCheck is the check character of 17 characters: weights 3^i mod 31 (GB 32100-2015, 5).
export function creditCheck(code: string): string {
  let sum = 0
  let weight = 1
  for (const character of code) {
    sum += creditCharacters.indexOf(character) * weight
    weight = (weight * 3) % 31
  }
  return creditCharacters[(31 - (sum % 31)) % 31]
}

export function creditCode(typed: string): Verdict {
  const text = plain(typed)
  if ([...text].some((character) => !creditCharacters.includes(character))) return { state: 'characters' }
  const size = byLength(text)
  if (size) return size
  return creditCheck(text.slice(0, 17)) === text[17] ? { state: 'right' } : { state: 'wrong' }
}

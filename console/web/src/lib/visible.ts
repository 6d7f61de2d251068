// Characters that are not seen, or that turn the direction of what follows: a name that
// holds them can look like another name.
const hidden = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]/gu

export interface Piece {
  text: string
  hidden: boolean
}

// pieces splits a text into what is seen and what is not; what is not is named by its
// code point.
export function pieces(text: string): Piece[] {
  const out: Piece[] = []
  let from = 0
  for (const found of text.matchAll(hidden)) {
    if (found.index > from) out.push({ text: text.slice(from, found.index), hidden: false })
    out.push({ text: 'U+' + found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0'), hidden: true })
    from = found.index + found[0].length
  }
  if (from < text.length) out.push({ text: text.slice(from), hidden: false })
  return out
}

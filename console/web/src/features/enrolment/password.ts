// The password of the file is all that keeps the key in it.
const shortest = 12
const plain = 20 // from here on length alone is enough
const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/]

export type Weakness = 'characters' | 'short' | 'simple'

// weakness says what is wrong with a password somebody chose, or nothing.
export function weakness(password: string): Weakness | undefined {
  if (!/^[\x20-\x7e]*$/.test(password) || password.trim() !== password) return 'characters'
  if (password.length < shortest) return 'short'
  const different = new Set(password.toLowerCase()).size
  if (different < 6 || (password.length < plain && kinds.filter((kind) => kind.test(password)).length < 3)) return 'simple'
  return undefined
}

// letters that nobody confuses when copying from paper
const letters = 'abcdefghjkmnpqrstuvwxyz23456789'

// makePassword draws twenty of them: 99 bits.
export function makePassword(): string {
  const drawn: string[] = []
  while (drawn.length < 20) {
    const [octet] = crypto.getRandomValues(new Uint8Array(1))
    if (octet < letters.length * 8) drawn.push(letters[octet % letters.length]) // 248 of 256: evenly
  }
  return drawn.join('').replace(/(.{4})(?=.)/g, '$1-')
}

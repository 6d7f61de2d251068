// partOf takes an attribute from a name as RFC 4514 writes it.
export function partOf(name: string, attribute: string): string | undefined {
  const found = new RegExp(`(?:^|[,+])${attribute}=((?:\\\\.|[^,+\\\\])*)`).exec(name)
  return found?.[1].replace(/\\([0-9a-fA-F]{2}|.)/g, (_, what: string) => (what.length === 2 ? String.fromCharCode(parseInt(what, 16)) : what))
}

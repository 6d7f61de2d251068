import type { Known } from './life'

// known is what one calls a certificate: its holder's name, or the CN of its subject.
export function known(all: Known | undefined): string | undefined {
  if (!all) return undefined
  if (all.ra?.name) return all.ra.name
  return commonName(all.ca?.subject ?? '')
}

// commonName is the CN of a subject, or all of it where it has none.
export function commonName(subject: string): string {
  return /(?:^|(?<!\\)[,+/]\s*)CN=((?:\\.|[^,+\\])*)/i.exec(subject)?.[1].replaceAll(/\\(.)/g, '$1') ?? subject
}

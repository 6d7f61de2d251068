import type { Place } from '@/app/access'
import { enrol } from '@/client/ca'
import type { CaEnrolled } from '@/client/ca'
import { join as joinGateway } from '@/client/gateway'
import { join as joinKMC } from '@/client/kmc'
import { join as joinRA } from '@/client/ra'
import { holds } from '@/lib/asn1'
import { fromBase64, toBase64 } from '@/lib/der'
import { ask } from '@/lib/http'
import { Refusal } from '@/lib/refusal'
import { pack } from './p12'
import { makeKey, request, type Made } from './request'

// readable takes a code as the server does (officer/code.go): what people type
// differently does not matter. What cannot be one is not sent: wrong tries are counted.
export function readable(typed: string): boolean {
  const clean = typed.toUpperCase().replace(/[\s-]/g, '').replace(/0/g, 'O').replace(/1/g, 'I').replace(/8/g, 'B')
  return /^[A-Z2-7]{32}$/.test(clean)
}

// A code is the right by itself: neither session nor certificate go with it.
const asNobody = { credentials: 'omit' } as const

// Attempt is what has been done so far, so that trying again uses the same key, and what
// was issued is not asked for twice.
export interface Attempt {
  code?: string
  made?: Made
  done?: CaEnrolled
}

export interface Issued extends CaEnrolled {
  file: Blob
  fileName: string
}

// certify turns a code into a file with a new key and its certificate.
export async function certify(attempt: Attempt, code: string, password: string): Promise<Issued> {
  if (attempt.code !== code) Object.assign(attempt, { code, made: undefined, done: undefined })
  attempt.made ??= await makeKey('p256')
  attempt.done ??= await certificateFor(attempt, code)
  const { made, done } = attempt
  const certificate = fromBase64(done.issued.sign.der ?? '')
  if (!holds(certificate, made.public)) throw new Error('the certificate is for another key')
  const chain = done.issued.chain.map(fromBase64)
  const file = await pack({ name: done.name, key: made.pair.privateKey, certificate, chain }, password)
  return { ...done, file: new Blob([file], { type: 'application/x-pkcs12' }), fileName: done.name + '.p12' }
}

async function certificateFor(attempt: Attempt, code: string): Promise<CaEnrolled> {
  const send = async (made: Made) => ask(enrol({ body: { code, request: toBase64(await request(made)) }, ...asNobody }))
  try {
    return await send(attempt.made!)
  } catch (error) {
    // This CA has no hierarchy for such keys; the code is as good as before.
    if (!(error instanceof Refusal) || error.code !== 'issuer.family' || attempt.made!.kind !== 'p256') throw error
    attempt.made = await makeKey('rsa3072')
    return send(attempt.made)
  }
}

interface Order {
  code: string
  certificate: string // DER, base64
}

// takers register a certificate of the CA with a code of their own.
export const takers: Partial<Record<Place, (order: Order) => Promise<{ name: string; role: string }>>> = {
  kmc: (body) => ask(joinKMC({ body, ...asNobody })),
  ra: (body) => ask(joinRA({ body, ...asNobody })),
  gateway: (body) => ask(joinGateway({ body, ...asNobody })),
}

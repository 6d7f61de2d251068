import { client as ca } from '@/client/ca/client.gen'
import { client as console_ } from '@/client/console/client.gen'
import { client as gateway } from '@/client/gateway/client.gen'
import { client as kmc } from '@/client/kmc/client.gen'
import { client as ra } from '@/client/ra/client.gen'
import { client as self } from '@/client/self/client.gen'
import { Refusal } from './refusal'

// How the session stands is said on every answer (console/gate.go).
const headerSession = 'Onecert-Session'
const headerIdle = 'Onecert-Idle'

// The page that asks people to log in again; set once by the session. It asks nobody
// who never was logged in.
let logInAgain: (() => Promise<void> | undefined) | undefined

export function onSessionEnd(ask: () => Promise<void> | undefined) {
  logInAgain = ask
}

// byItself marks calls that no person asked for, so that an open page does not keep a
// session alive.
export const byItself = { headers: { [headerIdle]: '1' } }

async function guarded(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  const again = request.clone()
  const answer = await send(request)
  const ended = answer.headers.get(headerSession) === 'none' && (answer.status === 401 || answer.status === 403)
  // A call that takes no session along (a one-time code) is not refused for want of one.
  const entered = ended && request.credentials !== 'omit' && !request.url.includes('/api/console/') ? logInAgain?.() : undefined
  if (!entered) return answer
  // Nothing was done, and the form is still there: log in, and the same call goes out.
  await entered
  return send(again)
}

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch {
    throw new Refusal(0, { title: 'offline', code: 'offline' })
  }
}

// Calls of the registration that are done each time: what they answer is shown once.
const keyless = /\/(unmask|export|verify|receipt|codes?|password|package|enrolments)$/

// Every act has a key of its own, so that a doubled click or a repeated call is done once.
function keyed(request: Request): Request {
  if (request.method === 'POST' && !request.headers.has('Idempotency-Key') && !keyless.test(new URL(request.url).pathname)) {
    request.headers.set('Idempotency-Key', crypto.randomUUID())
  }
  return request
}

for (const client of [ca, kmc, ra, gateway, self, console_]) {
  client.setConfig({ fetch: guarded })
}
ra.interceptors.request.use(keyed)

interface Answer<T> {
  data?: T
  error?: unknown
  response?: Response
}

// ask waits for a call of a generated client and returns what it answers, or throws a
// Refusal.
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call
  if (error instanceof Refusal) throw error
  if (!response?.ok) {
    const problem = typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : { title: String(error ?? '') }
    throw new Refusal(response?.status ?? 0, problem)
  }
  return data as T
}

// fetchFile gets a file of an API with the session's rules.
export async function fetchFile(url: string): Promise<{ blob: Blob; name: string }> {
  const answer = await guarded(url)
  if (!answer.ok) throw new Refusal(answer.status, await answer.json().catch(() => ({})))
  const disposition = answer.headers.get('Content-Disposition') ?? ''
  const name = /filename\*=UTF-8''([^;]+)/.exec(disposition)?.[1] ?? /filename="?([^";]+)/.exec(disposition)?.[1] ?? 'download'
  return { blob: await answer.blob(), name: decodeURIComponent(name) }
}

// save hands a file to the person.
export function save(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}

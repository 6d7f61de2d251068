// @vitest-environment node
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { fromBase64, toBase64 } from '@/lib/der'
import { certify, readable, takers, type Attempt } from './code'

// Each call is noted, and answered as the test says.
const asked: { url: string; credentials: string; body: Record<string, string> }[] = []
let answers: (() => Promise<Response> | Response)[] = []

beforeEach(() => {
  asked.length = 0
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push({ url: request.url, credentials: request.credentials, body: (await request.clone().json()) as Record<string, string> })
    return answers.shift()!()
  })
})

// The generated client has addresses of this origin; Node.js has none.
vi.stubGlobal('Request', class extends Request {
  constructor(input: RequestInfo | URL, init?: RequestInit) {
    super(typeof input === 'string' && input.startsWith('/') ? 'https://console.test' + input : input, init)
  }
})

const refused = (code: string) => () => Response.json({ title: code, code }, { status: 403, headers: { 'Onecert-Session': 'none' } })
const offline = () => Promise.reject(new TypeError('no network'))

// issued answers with a certificate, of which this page reads the key alone.
const issued = (key?: string) => () => {
  const request = fromBase64(asked.at(-1)!.body.request)
  return Response.json({ name: 'centre.system', role: 'system', issued: { sign: { der: key ?? toBase64(request) }, chain: ['AAAA'] } })
}

const code = 'ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567'
const password = 'correct horse battery staple'

test.each([
  [code, true],
  [' abcd efgh ijkl mnop qrst uvwx yz23 4567 ', true],
  ['0BCD-EFGH-1JKL-MNOP-QRST-UVWX-YZ23-4568', true], // digits for the letters they resemble
  ['ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-456', false],
  ['9BCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567', false],
  ['', false],
])('%j can be a code: %s', (typed, can) => expect(readable(typed)).toBe(can))

describe('a code', () => {
  test('goes without session or certificate, and comes back as a file', async () => {
    answers = [issued()]
    const done = await certify({}, code, password)
    expect(done.fileName).toBe('centre.system.p12')
    expect(done.file.size).toBeGreaterThan(500)
    expect(asked).toMatchObject([{ credentials: 'omit', body: { code } }])
    expect(new URL(asked[0].url).search).toBe('')
    expect(Object.keys(asked[0].body).sort()).toEqual(['code', 'request'])
  })

  test('is tried again with the same key, and asked for once', async () => {
    const attempt: Attempt = {}
    answers = [offline, refused('enrolment.busy'), issued()]
    await expect(certify(attempt, code, password)).rejects.toMatchObject({ offline: true })
    const { made } = attempt
    await expect(certify(attempt, code, password)).rejects.toMatchObject({ code: 'enrolment.busy' })
    await certify(attempt, code, password)
    expect(attempt.made).toBe(made)
    await certify(attempt, code, 'another password, later on')
    expect(asked).toHaveLength(3)
  })

  test('another code is another key', async () => {
    const attempt: Attempt = {}
    answers = [refused('enrolment.unknown'), refused('enrolment.unknown')]
    await expect(certify(attempt, code, password)).rejects.toMatchObject({ code: 'enrolment.unknown' })
    const { made } = attempt
    await expect(certify(attempt, code.replace('A', 'B'), password)).rejects.toThrow()
    expect(attempt.made).not.toBe(made)
  })

  test('where there is no ECDSA hierarchy the key is RSA', async () => {
    answers = [refused('issuer.family'), issued()]
    const attempt: Attempt = {}
    await certify(attempt, code, password)
    expect(attempt.made!.kind).toBe('rsa3072')
    answers = [refused('issuer.family'), refused('issuer.family')]
    await expect(certify({}, code, password)).rejects.toMatchObject({ code: 'issuer.family' })
  }, 20_000)

  test('a certificate for another key is none', async () => {
    answers = [issued(toBase64(new Uint8Array(600)))]
    await expect(certify({}, code, password)).rejects.toThrow(/another key/)
  })

  test('registers a certificate at the place it is of', async () => {
    for (const place of ['kmc', 'ra', 'gateway'] as const) {
      answers = [() => Response.json({ name: 'centre.audit', role: 'audit' })]
      expect(await takers[place]!({ code, certificate: 'MAA=' })).toEqual({ name: 'centre.audit', role: 'audit' })
      expect(asked.at(-1)).toMatchObject({ url: expect.stringMatching(`/api/${place}/v1/enrolments$`) as string, credentials: 'omit', body: { code, certificate: 'MAA=' } })
    }
  })
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { folder } from './browser'

const program = process.env.ONECERT_PROGRAM ?? resolve(import.meta.dirname, '../../../../bin/onecert')

// counter does what an officer does at the command line.
export function counter(who: string, ...words: string[]): Record<string, string> {
  return JSON.parse(execFileSync(program, ['ra', ...words, '--json', '--as', join(folder(), 'officers', who)], { encoding: 'utf8' })) as Record<string, string>
}

export interface Applicant {
  name: string
  identity: string
  phone: string
  application: string
  version: number
}

// applicant comes to a counter, lra1 if not said, with a key and papers, and is handed to review; the
// key may be kept, in a file, and the certificate be for some days only.
export function applicant(name: string, { days, key, registrar = 'lra1.registrar' }: { days?: number; key?: string; registrar?: string } = {}): Applicant {
  const dir = mkdtempSync(join(tmpdir(), 'onecert-applicant-'))
  try {
    const seed = String(Date.now()).slice(-9)
    const identity = numbered('9999011990' + `0${1 + (Number(seed[0]) % 9)}` + `1${seed[1]}` + seed.slice(-3))
    const phone = '137' + seed.slice(-8)
    const path = (file: string) => join(dir, file)
    execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key ?? path('key.pem'), '-out', path('request.pem'), '-subj', '/CN=new'], { stdio: 'ignore' })
    writeFileSync(path('form.png'), picture('form' + seed))
    writeFileSync(path('identity.png'), picture('identity' + seed))
    const fields = { name, unit: '示例市民政局', identity_kind: 'resident', identity, phone }
    const made = counter(registrar, 'register', '--kind', 'person', ...Object.entries(fields).flatMap(([key, value]) => ['--field', `${key}=${value}`]),
      '--request', path('request.pem'), '--document', `form=${path('form.png')}`, '--document', `identity=${path('identity.png')}`, ...(days ? ['--days', String(days)] : []), '--submit')
    return { name, identity, phone, application: made.id, version: Number(made.version) }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

// numbered adds the check character of GB 11643 to seventeen digits.
export function numbered(digits: string): string {
  const sum = [...digits].reduce((all, digit, n) => all + Number(digit) * (2 ** (17 - n) % 11), 0)
  return digits + '10X98765432'[sum % 11]
}

// picture is a small PNG in the place of a scan, another one for each seed.
export function picture(seed: string): Buffer {
  const side = 40
  const rows = Buffer.alloc(side * (side + 1))
  rows.write(seed, 1)
  const part = (kind: string, body: Buffer) => {
    const named = Buffer.concat([Buffer.from(kind), body])
    const out = Buffer.alloc(named.length + 8)
    out.writeUInt32BE(body.length)
    named.copy(out, 4)
    out.writeUInt32BE(crc32(named), named.length + 4)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  head.writeUInt8(8, 8)
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), part('IHDR', head), part('IDAT', deflateSync(rows)), part('IEND', Buffer.alloc(0))])
}

// codeFor waits for a code sent to a telephone of the demonstration after a moment.
export async function codeFor(phone: string, after: Date): Promise<string> {
  const file = join(folder(), 'notices', phone + '.txt')
  for (let tries = 0; tries < 150; tries++) {
    await new Promise((go) => setTimeout(go, 100))
    const lines = (() => {
      try {
        return readFileSync(file, 'utf8').trim().split('\n')
      } catch {
        return []
      }
    })()
    const found = lines.reverse().find((line) => /code=/.test(line) && Date.parse(line.split(' ')[0]) >= after.getTime() - 1000)
    if (found) return /code=(\d+)/.exec(found)![1]
  }
  throw new Error('no code came to ' + phone)
}

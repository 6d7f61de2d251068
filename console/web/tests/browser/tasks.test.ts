import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, folder, leave, sit, type How, type Seat } from './browser'
import { applicant, codeFor, counter, numbered, picture } from './counter'
import { tasksOf, Walk } from './walk'

// The commonest tasks, walked as docs/tasks.md has them, in one language or the other,
// and never in more steps than here: clicks, fields, seconds of a practised person.
const most: Record<number, [number, number, number]> = {
  1: [2, 6, 60], 2: [3, 1, 30], 3: [3, 0, 15], 4: [3, 0, 15], 5: [5, 0, 20], 6: [3, 1, 20],
  7: [3, 0, 10], 8: [3, 2, 30], 9: [2, 2, 30], 10: [5, 2, 40], 11: [3, 0, 15], 12: [9, 4, 300],
}

const work = mkdtempSync(join(tmpdir(), 'onecert-tasks-'))
const pages = { zh: tasksOf('zh'), en: tasksOf('en') }
const origin = () => demo().endpoints.console
const phone: How = { at: 'selfservice', phone: true }
const run = Date.now().toString()

// Linlin is registered in the first task, and everything that follows is about her.
const linlin = { name: `林琳${run.slice(-3)}`, identity: numbered('999901199' + run.slice(-5, -4) + '0101' + run.slice(-3)), phone: '136' + run.slice(-8), application: '' }

let seats: Record<'registrar' | 'reviewer' | 'issuer' | 'security' | 'system', Seat>

beforeAll(async () => {
  const [registrar, reviewer, issuer, security, system] = await Promise.all([sit('lra1.registrar'), sit('ra1.reviewer', { language: 'en-US' }), sit('lra1.issuer'), sit('centre.security'), sit('centre.system')])
  seats = { registrar, reviewer, issuer, security, system }
})

afterAll(async () => {
  await Promise.all(Object.values(seats).map(leave))
  rmSync(work, { recursive: true, force: true })
  await closeBrowser()
})

// begin is somebody on the first page with a task before him.
async function begin(number: number, seat: Seat, language: 'zh' | 'en' = 'zh'): Promise<Walk> {
  if (seat.page.url().startsWith(origin())) await seat.page.goto(origin() + '/')
  return new Walk(pages[language].find((task) => task.number === number)!, seat.page)
}

function end(walk: Walk, number: number) {
  const { clicks, fields, seconds } = walk.end()
  const [clicksMost, fieldsMost, secondsMost] = most[number]
  expect(clicks).toBeLessThanOrEqual(clicksMost)
  expect(fields).toBeLessThanOrEqual(fieldsMost)
  expect(seconds).toBeLessThanOrEqual(secondsMost)
}

const row = (walk: Walk, text: string) => walk.page.getByRole('row').filter({ hasText: text }).first()
const scan = (name: string) => ({ name: name + '.png', mimeType: 'image/png', buffer: picture(name + run) })

function request(): string {
  const [key, file] = ['key', 'csr'].map((end) => join(work, end))
  execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', file, '-subj', '/CN=new'], { stdio: 'ignore' })
  return readFileSync(file, 'utf8')
}

test('both pages of tasks say the same', () => {
  expect(pages.en).toHaveLength(Object.keys(most).length)
  const shape = (language: 'zh' | 'en') => pages[language].map(({ number, clicks, fields, seconds, steps }) => ({ number, clicks, fields, seconds, steps: steps.map(({ kind, label }) => kind + (label ? '' : ' something')) }))
  expect(shape('zh')).toEqual(shape('en'))
})

describe('at the counter', () => {
  test('1, 2: a person is registered; what was returned is corrected', async () => {
    const one = await begin(1, seats.registrar)
    await one.click()
    await one.fill(linlin.name)
    await one.fill(linlin.identity)
    await one.fill('示例市民政局')
    await one.fill(linlin.phone)
    await one.fill(request(), 'pasted')
    await one.drop([scan('form'), scan('identity')])
    await one.click()
    await one.see()
    end(one, 1)
    await one.page.waitForURL(/applications\/lra1-/)
    linlin.application = new URL(one.page.url()).pathname.split('/').at(-1)!

    counter('ra1.reviewer', 'return', linlin.application, '--note', '部门没有填写')
    const two = await begin(2, seats.registrar)
    await two.click()
    await two.click(row(two, linlin.name))
    await two.page.getByText('部门没有填写').waitFor()
    await two.fill('办公室')
    await two.click()
    await two.see()
    end(two, 2)
  })

  test('3, 4, 5: it is reviewed, issued with others, and handed over', async () => {
    const three = await begin(3, seats.reviewer, 'en')
    await three.click()
    await three.click(row(three, linlin.name))
    await three.click()
    await three.see()
    end(three, 3)

    const four = await begin(4, seats.issuer)
    await four.click()
    await four.click()
    await four.click()
    await four.see()
    end(four, 4)
    await expect.poll(() => counter('lra1.issuer', 'show', linlin.application).state, { timeout: 20_000, interval: 500 }).toBe('issued')

    const five = await begin(5, seats.issuer)
    await five.click()
    await five.click(row(five, linlin.name))
    const file = five.page.waitForEvent('download')
    await five.click()
    await file
    await five.click()
    await five.click()
    await five.see()
    end(five, 5)
  })

  test('6: her certificate is looked up', async () => {
    const six = await begin(6, seats.registrar)
    await six.click()
    await six.fill(linlin.name)
    await six.press('Enter')
    await six.click(row(six, linlin.name))
    await six.see()
    end(six, 6)
  })
})

describe('by holders', () => {
  test('7: a certificate is renewed in three clicks', async () => {
    const key = join(work, 'holder.key')
    const holder = applicant('任新', { days: 28, key })
    counter('ra1.reviewer', 'approve', holder.application)
    counter('lra1.issuer', 'issue', holder.application)
    counter('lra1.issuer', 'result', holder.application, '--out', join(work, 'holder'))
    const certPath = join(work, 'holder.pem')
    writeFileSync(certPath, ['sign.pem', 'chain.pem'].map((name) => readFileSync(join(work, 'holder', name), 'utf8')).join(''))
    const seat = await sit(undefined, { ...phone, language: 'en-US', certificate: { certPath, keyPath: key } })
    const seven = await begin(7, seat, 'en')
    await seven.click()
    await seven.click()
    await seven.click()
    await seven.see()
    end(seven, 7)
    await leave(seat)
  })

  test('9, 8: an application is followed; a loss is reported', async () => {
    const { code } = counter('lra1.registrar', 'hand', 'receipt', linlin.application)
    const english = await sit(undefined, { ...phone, language: 'en-US' })
    const nine = await begin(9, english, 'en')
    await nine.click()
    await nine.fill(linlin.application)
    await nine.fill(code)
    await nine.click()
    await nine.see()
    end(nine, 9)
    await leave(english)

    const seat = await sit(undefined, phone)
    const eight = await begin(8, seat)
    await eight.click()
    await eight.fill(linlin.identity)
    const before = new Date()
    await eight.click()
    await eight.page.getByLabel('验证码').waitFor()
    await eight.fill(await codeFor(linlin.phone, before))
    await eight.click()
    await eight.see()
    end(eight, 8)
    await leave(seat)
  })
})

describe('by operators and administrators', () => {
  test('10: why somebody cannot get in', async () => {
    const failed = async () => ((await (await seats.security.page.request.get(origin() + '/api/gateway/v1/handshakes?limit=500')).json()) as unknown[]).length
    const before = await failed()
    await stranger()
    await expect.poll(failed, { timeout: 20_000, interval: 250 }).toBeGreaterThan(before)
    const ten = await begin(10, seats.security)
    await ten.click()
    // With its port: rows of the page before name the components of 127.0.0.1.
    await ten.click(ten.page.getByRole('row').filter({ hasText: /127\.0\.0\.1:\d+/ }).first())
    await ten.see()
    await ten.click()
    await ten.click()
    await ten.fill(readFileSync(join(folder(), 'identities/revoked/ecdsa-chain.pem'), 'utf8'), 'pasted')
    await ten.fill('demo')
    await ten.page.keyboard.press('Escape')
    await ten.click()
    await ten.see()
    await ten.page.getByText(/证书不被接受/).waitFor()
    end(ten, 10)
  })

  test('11: a proposal is agreed to', async () => {
    const { request } = seats.system.page
    const versions = (await (await request.get(origin() + '/api/ca/v1/profiles/device-vpn/versions')).json()) as { version: number; yaml: string }[]
    const newest = versions.sort((a, b) => b.version - a.version)[0]
    const yaml = newest.yaml.replace(/^version: .*/m, `version: ${newest.version + 1}`).replace(/^(\s+)days: \d+/m, `$1days: ${200 + (newest.version % 100)}`)
    const proposed = await request.post(origin() + '/api/ca/v1/profiles', { data: { profiles: [yaml], reason: '缩短有效期' }, headers: { Origin: origin(), 'Sec-Fetch-Site': 'same-origin' } })
    expect(proposed.status(), await proposed.text()).toBe(202)
    const eleven = await begin(11, seats.security)
    await eleven.click(eleven.page.getByRole('main').getByRole('link', { name: /device-vpn/ }).first())
    await eleven.click()
    await eleven.click()
    await eleven.see()
    end(eleven, 11)
  })

  test('12: an application is protected by two administrators', async () => {
    const answer = await seats.security.page.request.get(origin() + '/api/gateway/v1/applications/demo')
    const { value } = (await answer.json()) as { value: { backend: { backends: { url: string }[] } } }
    const twelve = await begin(12, seats.security)
    await twelve.click()
    await twelve.click()
    await twelve.fill(value.backend.backends[0].url)
    await twelve.fill('t' + run.slice(-6))
    await twelve.click()
    await twelve.fill('127.0.0.1')
    await twelve.fill(`127.0.0.1:${await freePort()}`)
    for (let clicks = 0; clicks < 4; clicks++) await twelve.click()
    await twelve.see()
    await twelve.open(twelve.page.url(), seats.system.page)
    await twelve.click()
    await twelve.see()
    end(twelve, 12)
  })
})

// stranger begins a handshake with the gateway that cannot succeed.
async function stranger() {
  const gate = new URL((demo().endpoints.gateway as unknown as string[])[0])
  await new Promise<void>((done) => connect({ host: gate.hostname, port: Number(gate.port), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }).on('error', () => done()).on('secureConnect', () => done()))
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

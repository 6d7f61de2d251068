import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { crc32 } from 'node:zlib'
import type { Page } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import { closeBrowser, demo, leave, shoot, sit, type Seat } from './browser'

const work = mkdtempSync(join(tmpdir(), 'onecert-journey-'))

afterAll(async () => {
  rmSync(work, { recursive: true, force: true })
  await closeBrowser()
})

// A number of no region, so nobody's, another one at each run.
function identity(): string {
  const born = `19${60 + Math.floor(Math.random() * 39)}0${1 + Math.floor(Math.random() * 9)}1${Math.floor(Math.random() * 10)}`
  const body = `9999${String(Math.floor(Math.random() * 99)).padStart(2, '0')}${born}${String(Math.floor(Math.random() * 999)).padStart(3, '0')}`
  let sum = 0
  for (const digit of body) sum = ((sum + Number(digit)) * 2) % 11
  return body + '10X98765432'[sum]
}

// request is what a holder's own tool makes: OpenSSL, SM2.
function request(): string {
  const key = join(work, crypto.randomUUID() + '.key')
  const file = key.replace('.key', '.csr')
  execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2', '-out', key], { stdio: 'ignore' })
  execFileSync('openssl', ['req', '-new', '-utf8', '-sm3', '-key', key, '-out', file, '-subj', '/CN=new'], { stdio: 'ignore' })
  return readFileSync(file, 'utf8')
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}

// scan is a grey picture like no other.
function scan(): Buffer {
  const [width, height] = [420, 300]
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width)
  head.writeUInt32BE(height, 4)
  head.set([8, 0, 0, 0, 0], 8)
  const shade = Math.floor(Math.random() * 200)
  const rows = Buffer.alloc((width + 1) * height, 230)
  for (let y = 0; y < height; y++) {
    rows[y * (width + 1)] = 0
    for (let x = 40; x < 380; x++) if (y % 40 > 8 && y % 40 < 14) rows[y * (width + 1) + x + 1] = shade
  }
  rows.writeUInt32LE(Math.floor(Math.random() * 2 ** 32), 5)
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

// paper is a PDF of two pages.
function paper(): Buffer {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 7 0 R >> >> /Contents 5 0 R >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 7 0 R >> >> /Contents 6 0 R >>',
    ...[1, 2].map((page) => {
      const text = `BT /F 28 Tf 72 720 Td (Form ${crypto.randomUUID().slice(0, 8)}, page ${page}) Tj ET`
      return `<< /Length ${text.length} >>\nstream\n${text}\nendstream`
    }),
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ]
  let out = '%PDF-1.4\n'
  const offsets = objects.map((object, n) => {
    const at = out.length
    out += `${n + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const start = out.length
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((at) => String(at).padStart(10, '0') + ' 00000 n \n').join('')}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`
  return Buffer.from(out, 'latin1')
}

const origin = () => demo().endpoints.console
const go = (seat: Seat, path: string) => seat.page.goto(origin() + path)

interface Person {
  name: string
  unit?: string
}

async function fill(page: Page, person: Person, number = identity()) {
  await page.getByLabel('姓名').fill(person.name)
  await page.getByLabel('证件号码').fill(number)
  if (person.unit) await page.getByLabel('单位', { exact: false }).first().fill(person.unit)
  await page.getByLabel('手机号码').fill('13900000000')
  await page.getByLabel('或把 PEM 文本粘贴在这里').fill(request())
}

async function attach(page: Page) {
  const papers = page.locator('input[type=file]').last()
  await papers.setInputFiles([
    { name: 'form.pdf', mimeType: 'application/pdf', buffer: paper() },
    { name: 'card.png', mimeType: 'image/png', buffer: scan() },
  ])
  await page.getByText('card.png').waitFor()
}

const idOf = (page: Page) => new URL(page.url()).pathname.split('/').at(-1)!

// calls counts what a page sends.
function calls(page: Page, method: string, path: RegExp): () => number {
  let count = 0
  page.on('request', (sent) => {
    if (sent.method() === method && path.test(new URL(sent.url()).pathname)) count += 1
  })
  return () => count
}

describe('from the counter to delivery', () => {
  test('register, submit, return, edit, submit, review, issue, deliver, by four officers', async () => {
    const name = `林晓明 ${crypto.randomUUID().slice(0, 4)}`
    const [registrar, reviewer, issuer] = await Promise.all(['lra1.registrar', 'ra1.reviewer', 'lra1.issuer'].map((who) => sit(who)))
    const { page } = registrar

    await page.getByRole('menu').getByRole('link', { name: '录入申请' }).click()
    await page.getByRole('heading', { name: '录入申请', level: 1 }).waitFor()
    const number = identity()
    await page.getByLabel('证件号码').fill(number.slice(0, 15))
    await page.getByText('还差 3 位').waitFor()
    await page.getByLabel('证件号码').fill(number.slice(0, 17) + (number[17] === '0' ? '1' : '0'))
    await page.getByText('校验码不符，请核对').waitFor()
    await fill(page, { name, unit: '示例市民政局' }, number)
    await page.getByText('校验码正确').waitFor()
    await attach(page)
    await shoot(registrar, 'applications-new-zh')
    const registered = calls(page, 'POST', /\/api\/ra\/v1\/applications$/)
    await page.getByRole('button', { name: '提交', exact: true }).dblclick()
    await page.waitForURL(/applications\/lra1-/)
    const id = idOf(page)
    await page.getByText('待审核').first().waitFor()
    expect(registered()).toBe(1)

    // back does not lead to a form that could be sent again
    await page.goBack()
    expect(page.url()).not.toContain('/applications/new')
    expect(registered()).toBe(1)

    await reviewer.page.reload()
    await reviewer.page.getByRole('button', { name: /待办 \d+ 项/ }).click()
    await reviewer.page.getByRole('tooltip').getByRole('link', { name: /待审核/ }).click()
    await reviewer.page.getByRole('link', { name: id }).click()
    await reviewer.page.getByRole('heading', { name: new RegExp(name) }).waitFor()
    await reviewer.page.getByRole('tab', { name: '申请人有效身份证件' }).click()
    await reviewer.page.getByRole('img', { name: 'card.png' }).waitFor()
    await reviewer.page.getByRole('button', { name: '放大' }).click()
    await shoot(reviewer, 'applications-review-zh')
    await reviewer.page.getByRole('button', { name: '查看完整信息' }).click()
    await reviewer.page.getByLabel('理由').fill('扫描件不清楚')
    await reviewer.page.getByRole('dialog').getByRole('button', { name: '查看完整信息' }).click()
    await reviewer.page.getByText(number).waitFor()
    await reviewer.page.getByRole('button', { name: '退回修改' }).click()
    await reviewer.page.getByText('请写明哪里需要改正').waitFor()
    await reviewer.page.getByLabel('审核意见').fill('部门没有填写')
    await reviewer.page.getByRole('button', { name: '退回修改' }).click()
    await reviewer.page.getByText('已退回').waitFor()

    await go(registrar, `/applications/${id}/edit`)
    await page.getByText('部门没有填写').waitFor()
    await page.getByLabel('部门').fill('办公室')
    await shoot(registrar, 'applications-edit-zh')
    await page.getByRole('button', { name: /^提交/ }).click()
    await page.waitForURL(new RegExp(`${id}$`))
    await page.getByText('待审核').first().waitFor()
    await page.getByText('修改了部门').waitFor()

    await go(reviewer, `/applications/${id}`)
    await reviewer.page.getByLabel('审核意见').press('Control+Enter')
    await reviewer.page.getByText('已通过').waitFor()

    await go(issuer, `/applications/${id}`)
    await issuer.page.getByText('申请信息').waitFor()
    await issuer.page.getByRole('button', { name: '制证' }).click()
    await issuer.page.getByRole('button', { name: '签名证书' }).waitFor({ timeout: 20_000 })
    const download = issuer.page.waitForEvent('download')
    await issuer.page.getByRole('button', { name: '证书与链' }).click()
    const bundle = join(work, 'bundle.pem')
    await (await download).saveAs(bundle)
    expect(readFileSync(bundle, 'utf8').match(/BEGIN CERTIFICATE/g)!.length).toBeGreaterThanOrEqual(4)
    const shown = execFileSync('openssl', ['x509', '-in', bundle, '-noout', '-subject', '-nameopt', 'utf8,sep_comma_plus']).toString()
    expect(shown).toContain(name)
    await issuer.page.getByRole('button', { name: '领取码' }).click()
    await issuer.page.getByRole('dialog').getByRole('button', { name: '领取码' }).click()
    await issuer.page.getByText(/^[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}$/).waitFor()
    await issuer.page.getByRole('button', { name: '已记下，关闭' }).click()
    await shoot(issuer, 'applications-result-zh')
    await issuer.page.getByRole('button', { name: '确认交付' }).click()
    await issuer.page.getByRole('dialog').getByRole('button', { name: '确认交付' }).click()
    await issuer.page.getByText('已记录交付').waitFor()
    await issuer.page.getByText('已交付').first().waitFor()
    await Promise.all([registrar, reviewer, issuer].map(leave))
  })

  test('the session ends in mid-form: log in, the same call goes through, nothing is lost', async () => {
    const [registrar, security] = await Promise.all([sit('ra1.registrar'), sit('centre.security')])
    const { page } = registrar
    await go(registrar, '/applications/new')
    const name = `赵一 ${crypto.randomUUID().slice(0, 4)}`
    await fill(page, { name, unit: '示例市档案局' })
    await attach(page)
    const list = (await (await security.page.request.get(origin() + '/api/console/v1/sessions')).json()) as { id: string; name: string }[] | { items: { id: string; name: string }[] }
    const own = (Array.isArray(list) ? list : list.items).filter((session) => session.name === 'ra1.registrar') // nobody else's here, as files run beside one another
    expect(own.length).toBeGreaterThan(0)
    for (const session of own) {
      const ended = await security.page.request.post(`${origin()}/api/console/v1/sessions/${session.id}/end`, { headers: { Origin: origin(), 'Sec-Fetch-Site': 'same-origin' } })
      expect(ended.ok()).toBe(true)
    }
    await page.getByRole('button', { name: '提交', exact: true }).click()
    await page.getByText('登录已超时').waitFor()
    await shoot(registrar, 'session-ended-zh')
    await page.getByRole('dialog').getByRole('button', { name: '用此证书登录' }).click()
    await page.waitForURL(/applications\/ra1-/)
    await page.getByRole('heading', { name: new RegExp(name) }).waitFor()
    await page.getByText('待审核').first().waitFor()
    await Promise.all([registrar, security].map(leave))
  })
})

describe('what people type', () => {
  test('forty persons: one key sends and begins the next, the unit stays, the cursor is on the name', async () => {
    const seat = await sit('lra1.registrar')
    const { page } = seat
    await go(seat, '/applications/new')
    await fill(page, { name: '钱一', unit: '示例市民政局' })
    await page.getByLabel('姓名').press('Control+s')
    await page.getByText('本次已录入 1 件').waitFor()
    expect(await page.evaluate(() => document.activeElement?.id)).toContain('name')
    expect(await page.getByLabel('姓名').inputValue()).toBe('')
    expect(await page.getByLabel('单位', { exact: false }).first().inputValue()).toBe('示例市民政局')
    // without the mouse: name, number, telephone
    await page.keyboard.type('钱二')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.type(identity())
    await page.keyboard.press('Control+s')
    await page.getByText('本次已录入 2 件').waitFor()
    await shoot(seat, 'applications-next-zh')
    await leave(seat)
  })

  test('markup and hidden characters in names are shown, not obeyed', async () => {
    const seat = await sit('lra1.registrar')
    const { page } = seat
    await go(seat, '/applications/new')
    const markup = '<img src=x onerror="document.title=1">'
    await fill(page, { name: markup, unit: '<b>示例</b>' })
    for (const label of ['部门', '职务', '通信地址', '再次申请的理由']) await page.getByLabel(label).fill(markup)
    await page.getByRole('button', { name: '存为草稿' }).click()
    await page.waitForURL(/applications\/lra1-/)
    await page.getByRole('heading', { level: 1 }).getByText(markup).waitFor()
    expect(await page.locator('main img[src=x], #content img[src=x]').count()).toBe(0)
    await go(seat, '/applications?state=draft')
    await page.getByText(markup).first().waitFor()
    expect(await page.title()).not.toBe('1')
    // the server refuses characters that are not seen; the form says so and keeps all
    await go(seat, '/applications/new')
    await fill(page, { name: '孙\u202e三', unit: '示例市民政局' })
    await page.getByRole('button', { name: '存为草稿' }).click()
    await page.getByText('字段中有看不见的字符').waitFor()
    expect(await page.getByLabel('姓名').inputValue()).toBe('孙\u202e三')
    await leave(seat)
  })

  test('a form with something in it asks before it is left', async () => {
    const seat = await sit('lra1.registrar', { language: 'en-US', look: 'dark' })
    const { page } = seat
    await page.getByRole('menu').getByRole('link', { name: 'New application' }).click()
    await page.getByLabel('Name').fill('Li Si')
    await page.getByLabel('Document number').fill('440524188001010014')
    await page.getByText('Check character is right · born 1880-01-01').waitFor()
    await shoot(seat, 'applications-new-en-dark')
    await page.getByRole('link', { name: 'Applications', exact: true }).click()
    await page.getByText('Something is not saved').last().waitFor()
    await page.getByRole('button', { name: 'Stay' }).click()
    expect(await page.getByLabel('Name').inputValue()).toBe('Li Si')
    await page.getByRole('link', { name: 'Applications', exact: true }).click()
    await page.getByRole('button', { name: 'Leave' }).click()
    await page.getByRole('heading', { name: 'Applications', level: 1 }).waitFor()
    await shoot(seat, 'applications-en-dark')
    await leave(seat)
  })
})

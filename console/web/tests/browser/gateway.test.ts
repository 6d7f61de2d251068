import { execFileSync } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { browser, closeBrowser, demo, folder, leave, shoot, sit, type Seat } from './browser'
import { call, portray } from './desk'

afterAll(closeBrowser)

const at = (path: string) => demo().endpoints.console + path

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

// The address of the application behind the demonstration's gateway.
async function backend(seat: Seat): Promise<string> {
  const answer = await seat.page.request.get(at('/api/gateway/v1/applications/demo'))
  const { value } = (await answer.json()) as { value: { backend: { backends: { url: string }[] } } }
  return value.backend.backends[0].url
}

async function visit(origin: string, who?: string): Promise<string> {
  const identity = who && join(folder(), 'identities', who)
  const context = await (await browser()).newContext({
    ignoreHTTPSErrors: true,
    clientCertificates: identity ? [{ origin, certPath: join(identity, 'ecdsa-chain.pem'), keyPath: join(identity, 'ecdsa-sign.key') }] : [],
  })
  const page = await context.newPage()
  await page.goto(origin + '/')
  const text = await page.locator('body').innerText()
  await context.close()
  return text
}

describe('the gateway', () => {
  test('two administrators protect a second application from the guided form, and it is reached', async () => {
    const security = await sit('centre.security')
    const name = `oa-${Date.now().toString(36)}`
    const port = await freePort()
    const { page } = security
    const url = await backend(security)
    await page.getByRole('link', { name: '网关概览' }).click()
    await page.getByRole('heading', { name: '网关概览', level: 1 }).waitFor()
    await page.getByText('后端健康').waitFor()
    await page.getByText('127.0.0.1').first().waitFor()
    await shoot(security, 'gateway-overview-zh')

    await page.getByRole('link', { name: '保护一个应用' }).click()
    await page.getByRole('button', { name: '下一步' }).click()
    await page.getByText('请写作 http://主机:端口').waitFor() // nothing was filled in
    await page.getByLabel('应用的地址').fill(url)
    await page.getByRole('textbox', { name: '名称', exact: true }).fill(name)
    await page.getByLabel('显示名称').fill('办公系统')
    await page.getByRole('button', { name: '下一步' }).click()
    await page.getByLabel('访问时使用的主机名').fill('127.0.0.1')
    await page.getByLabel('监听地址和端口').fill(`127.0.0.1:${port}`)
    await shoot(security, 'gateway-protect-zh')
    await page.getByRole('button', { name: '下一步' }).click()
    await page.getByText('任何有效的证书').waitFor()
    await page.getByRole('button', { name: '下一步' }).click()
    await page.getByText('怎样把身份告诉应用').waitFor()
    await page.getByRole('button', { name: '下一步' }).click()
    await page.getByRole('button', { name: '检查并启用规则' }).click()
    await page.getByText('已完成').waitFor()
    const shared = page.url()
    await shoot(security, 'gateway-protect-half-zh')
    await leave(security)

    const system = await sit('centre.system')
    await system.page.goto(shared)
    await system.page.getByRole('button', { name: '签发证书并启用服务' }).click()
    await system.page.getByText('应用已受保护').waitFor({ timeout: 20_000 })
    await shoot(system, 'gateway-protect-done-zh')
    await leave(system)

    expect(await visit(`https://127.0.0.1:${port}`, 'alice')).toContain('艾丽思')
    expect(await visit(`https://127.0.0.1:${port}`)).not.toContain('演示应用')
    expect(await visit(`https://127.0.0.1:${port}`, 'revoked')).toMatch(/吊销|revoked/)
  })

  test('a policy is explained: who gets in, and why somebody does not', async () => {
    const seat = await sit('centre.security')
    const { page } = seat
    await page.goto(at('/gateway/policy?tab=explain&application=demo'))
    await page.getByLabel('证书（PEM）').fill(readFileSync(join(folder(), 'identities/alice/ecdsa-chain.pem'), 'utf8'))
    await page.getByRole('button', { name: /判\s?断/ }).click()
    await page.getByText('允许：由规则 demo').waitFor()
    await shoot(seat, 'gateway-explain-zh')
    await page.getByText('未登录', { exact: true }).click()
    await page.getByRole('button', { name: /判\s?断/ }).click()
    await page.getByText(/拒绝：规则 demo（演示应用）要求认证级别达到 2/).waitFor()
    await leave(seat)
  })

  test('a policy is checked while it is written, tried on the log, and put in force', async () => {
    const seat = await sit('centre.security', { language: 'en-US', look: 'dark' })
    const { page } = seat
    await page.goto(at('/gateway/policy'))
    await page.getByText('Where no rule matches: denied').waitFor()
    await shoot(seat, 'gateway-policy-en-dark')
    await page.getByRole('tab', { name: 'Change', exact: true }).click()
    const text = page.getByRole('textbox', { name: 'Policy as text' })
    const before = await text.inputValue()
    await text.fill(before + '\n bad')
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText(/Line \d+ cannot be read/).waitFor()
    const rule = `tried-${Date.now().toString(36)}`
    await text.fill(before.trimEnd() + `\n  - id: ${rule}\n    effect: deny\n    when: { applications: [nobody-has-this] }\n`)
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText('The gateway can run this').waitFor()
    await shoot(seat, 'gateway-policy-text-en-dark')
    await page.getByRole('button', { name: 'Save and run' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Save and run' }).click()
    await page.getByRole('tab', { name: 'Rules' }).click()
    await page.getByRole('row', { name: rule }).waitFor()
    await page.getByRole('tab', { name: 'Try a change' }).click()
    await page.getByRole('button', { name: 'Try it on the access log' }).click()
    await page.getByText('Requests judged').waitFor()
    await shoot(seat, 'gateway-simulate-en-dark')
    await page.goto(at('/gateway/versions'))
    await page.getByRole('button', { name: 'What changed' }).first().click()
    await page.getByText('Compare').waitFor()
    await page.getByText(rule).first().waitFor({ state: 'attached' })
    await shoot(seat, 'gateway-versions-en-dark')
    await leave(seat)
  })

  test('an application is changed by its form; a version made meanwhile is shown, not overwritten', async () => {
    const seat = await sit('centre.system')
    const { page } = seat
    await page.goto(at('/gateway/parts?part=applications'))
    await shoot(seat, 'gateway-parts-zh')
    await page.getByRole('row', { name: /^site/ }).click()
    await page.getByLabel('显示名称').fill('演示网站')
    const mark = `演示网站 ${Date.now().toString(36)}`
    await page.getByLabel('显示名称').fill(mark)
    // Somebody else is faster.
    const answer = await page.request.get(at('/api/gateway/v1/applications/demo'))
    const { value, version } = (await answer.json()) as { value: Record<string, unknown>; version: number }
    const put = await page.request.put(at('/api/gateway/v1/applications/demo'), { data: { base: version, note: 'meanwhile', value: { ...value, title: mark } } })
    expect(put.status()).toBeLessThan(300)
    await page.getByRole('button', { name: '保存并启用' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '保存并启用' }).click()
    await page.getByRole('dialog').getByRole('alert').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: /^取\s?消$/ }).click()
    await page.getByText('在您修改期间，配置已被更改').waitFor()
    await page.getByText('meanwhile').waitFor()
    await shoot(seat, 'gateway-conflict-zh')
    await page.getByRole('button', { name: '在最新版本上保存我的修改' }).click()
    await page.getByRole('button', { name: '保存并启用' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '保存并启用' }).click()
    await page.getByRole('heading', { name: '服务与应用', level: 1 }).waitFor()
    const after = (await (await page.request.get(at('/api/gateway/v1/applications/site'))).json()) as { value: { title: string } }
    expect(after.value.title).toBe(mark)
    await leave(seat)
  })

  test('what cannot run is refused before it is saved', async () => {
    const seat = await sit('centre.system')
    const { page } = seat
    await page.goto(at('/gateway/parts/services/NEW'))
    await page.getByRole('textbox', { name: '名称', exact: true }).fill('nothing')
    await page.getByRole('button', { name: /^检\s?查$/ }).click()
    await page.getByRole('alert').filter({ hasText: /./ }).first().waitFor()
    await shoot(seat, 'gateway-service-zh')
    await leave(seat)
  })

  test('sessions, connections, figures and failed handshakes are seen', async () => {
    const gate = (demo().endpoints.gateway as unknown as string[])[0].replace(/\/$/, '')
    await visit(gate, 'bob')
    const seat = await sit('centre.security', { language: 'en-US', look: 'dark' })
    const { page } = seat
    await page.goto(at('/gateway'))
    await page.getByText('Back ends').waitFor()
    await shoot(seat, 'gateway-overview-en-dark')
    await page.goto(at('/gateway/trust'))
    await page.getByText('Current').first().waitFor()
    await shoot(seat, 'gateway-trust-en-dark')
    await page.goto(at('/gateway/visits'))
    await page.getByRole('tab', { name: 'Sessions' }).waitFor()
    await shoot(seat, 'gateway-sessions-en-dark')
    await page.getByRole('tab', { name: 'Live connections' }).click()
    await shoot(seat, 'gateway-connections-en-dark')
    await page.goto(at('/gateway/statistics'))
    await page.getByRole('img', { name: 'Over time' }).waitFor({ timeout: 20_000 })
    await page.waitForTimeout(500)
    await shoot(seat, 'gateway-statistics-en-dark')
    await page.goto(at('/gateway/handshakes'))
    await page.getByRole('row').nth(1).click()
    await page.getByText('What to do').waitFor()
    await shoot(seat, 'gateway-handshakes-en-dark')
    await leave(seat)
  })

  test('a list of a foreign CA is handed in; one of another CA is refused in words', async () => {
    const work = mkdtempSync(join(tmpdir(), 'onecert-lists-'))
    const security = await sit('centre.security')
    const { page } = security
    const name = `partner-${Date.now().toString(36)}`
    try {
      const [own, other] = [foreign(work, 'own'), foreign(work, 'other')]
      await part(security, 'trust-cas', name, { name, title: '伙伴单位 CA', anchors: own.certificate, revocation: [{ name: 'list', kind: 'upload' }] })
      await part(security, 'trust-sets', name, { name, cas: [name] })
      await page.goto(at('/gateway/trust'))
      const row = page.getByRole('row', { name }).filter({ hasText: '上传列表' })
      await row.getByText('没有数据').waitFor()
      await row.locator('input[type=file]').setInputFiles({ name: 'other.crl', mimeType: 'application/pkix-crl', buffer: other.list })
      await page.getByText(/列表不是由该 CA 的证书签发的|列表的签名不正确|列表的范围与来源不符/).waitFor()
      await shoot(security, 'gateway-list-refused-zh')
      await row.locator('input[type=file]').setInputFiles({ name: 'own.crl', mimeType: 'application/pkix-crl', buffer: own.list })
      await row.getByText('最新', { exact: true }).waitFor()
      await portray(security, 'gateway-trust-upload')
    } finally {
      for (const kind of ['trust-sets', 'trust-cas']) {
        const { version } = await call<{ version: number }>(security, `/gateway/v1/${kind}/${name}`)
        await call(security, `/gateway/v1/${kind}/${name}?base=${version}`, undefined, 'DELETE')
      }
      rmSync(work, { recursive: true, force: true })
    }
    await leave(security)
  })
})

// part puts a part into the newest configuration.
async function part(seat: Seat, kind: string, name: string, value: object) {
  const { newest } = await call<{ newest: number }>(seat, '/gateway/v1/state')
  await call(seat, `/gateway/v1/${kind}/${name}`, { base: newest, value }, 'PUT')
}

// foreign is a CA that OpenSSL made, with its list.
function foreign(work: string, name: string): { certificate: string; list: Buffer } {
  const path = (end: string) => join(work, `${name}.${end}`)
  execFileSync('openssl', ['req', '-x509', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', `/C=CN/O=示例伙伴/CN=${name} CA`, '-utf8', '-keyout', path('key'), '-out', path('pem'), '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'], { stdio: 'ignore' })
  writeFileSync(path('index'), '')
  writeFileSync(path('number'), '01\n')
  writeFileSync(path('cnf'), `[ca]\ndefault_ca=own\n[own]\ndatabase=${path('index')}\ncrlnumber=${path('number')}\ndefault_md=sha256\ncrl_extensions=more\n[more]\nauthorityKeyIdentifier=keyid\n`)
  execFileSync('openssl', ['ca', '-gencrl', '-config', path('cnf'), '-keyfile', path('key'), '-cert', path('pem'), '-crldays', '7', '-out', path('crl')], { stdio: 'ignore' })
  return { certificate: readFileSync(path('pem'), 'utf8'), list: readFileSync(path('crl')) }
}

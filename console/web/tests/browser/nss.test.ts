import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext } from 'playwright-core'
import { afterAll, describe, expect, test } from 'vitest'
import { demo, folder } from './browser'

// Playwright ends TLS itself where it brings a client certificate. Here Chromium does it:
// the key is in its own store (NSS), the root is trusted there, and a policy of the
// machine says which certificate an origin gets.
const policies = '/etc/chromium/policies/managed'
const name = `onecert-test-${process.pid}.json`
const homes: string[] = []

afterAll(() => {
  rmSync(join(policies, name), { force: true })
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

// home is a home folder whose certificate store holds somebody's key and the root.
function home(who: string): string {
  const made = mkdtempSync(join(tmpdir(), 'onecert-nss-'))
  homes.push(made)
  const store = 'sql:' + join(made, '.pki/nssdb')
  mkdirSync(join(made, '.pki/nssdb'), { recursive: true })
  const run = (program: string, ...words: string[]) => execFileSync(program, words, { stdio: 'pipe' })
  run('certutil', '-N', '-d', store, '--empty-password')
  run('certutil', '-A', '-d', store, '-n', 'root', '-t', 'CT,C,C', '-a', '-i', join(folder(), 'trust/ecdsa-root.pem'))
  run('pk12util', '-d', store, '-K', '', '-W', demo().identities[who].password, '-i', join(folder(), 'identities', who, 'ecdsa-sign.p12'))
  return made
}

// choose tells Chromium, for the origin, to send the certificate of the demo's CA.
function choose(origin: string) {
  mkdirSync(policies, { recursive: true })
  const issuer = execFileSync('openssl', ['x509', '-noout', '-subject', '-nameopt', 'utf8,sep_multiline', '-in', join(folder(), 'trust/ecdsa-chain.pem')], { encoding: 'utf8' })
  const CN = /CN=(.+)/.exec(issuer)![1].trim()
  writeFileSync(join(policies, name), JSON.stringify({ AutoSelectCertificateForUrls: [JSON.stringify({ pattern: origin, filter: { ISSUER: { CN } } })] }))
}

async function chromiumOf(who: string, origin: string): Promise<BrowserContext> {
  choose(origin)
  const place = home(who)
  return chromium.launchPersistentContext(join(place, 'profile'), {
    executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'], locale: 'zh-CN',
    env: { ...process.env, HOME: place } as Record<string, string>,
  })
}

describe("with Chromium's own certificate handling", () => {
  test.each([
    ['an officer at the console', 'lra1.registrar', 'console', /lra1\.registrar/],
    ['a holder at self-service', 'alice', 'selfservice', /艾丽思，您好/],
  ])('%s logs in, works and logs out', async (_, who, endpoint, greeting) => {
    const origin = demo().endpoints[endpoint]
    const context = await chromiumOf(who, origin)
    try {
      const page = await context.newPage()
      page.setDefaultTimeout(20_000)
      await page.goto(origin + '/') // without an exception for the server's certificate
      await page.getByRole('button', { name: '用此证书登录' }).click()
      await page.getByRole('heading', { level: 1, name: greeting }).waitFor()
      expect(readFileSync(join(policies, name), 'utf8')).toContain(origin)
      const cookie = (await context.cookies()).find((one) => one.name.startsWith('__Host-onecert-'))
      expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict' })
    } finally {
      await context.close()
    }
  })
})

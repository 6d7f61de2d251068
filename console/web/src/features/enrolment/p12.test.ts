// @vitest-environment node
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pack } from './p12'
import { makeKey, request, type Kind, type Made } from './request'

const dir = mkdtempSync(join(tmpdir(), 'onecert-p12-'))
const file = (name: string) => join(dir, name)
const openssl = (...words: string[]) => execFileSync('openssl', words, { encoding: 'utf8', stdio: 'pipe' })
const der = (name: string) => new Uint8Array(readFileSync(file(name)))
const password = 'a file of 2026, for tests'

beforeAll(() => {
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=root', '-keyout', file('ca.key'), '-out', file('ca.pem'))
  openssl('x509', '-in', file('ca.pem'), '-outform', 'DER', '-out', file('ca.der'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

// certified has OpenSSL judge the request and sign a certificate for it.
async function certified(kind: Kind): Promise<Made> {
  const made = await makeKey(kind)
  writeFileSync(file('csr.der'), await request(made))
  openssl('req', '-inform', 'DER', '-in', file('csr.der'), '-verify', '-noout')
  openssl('x509', '-req', '-inform', 'DER', '-in', file('csr.der'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-outform', 'DER', '-out', file('own.der'))
  return made
}

describe.each<Kind>(['p256', 'rsa3072'])('a key of %s', (kind) => {
  test('comes with its chain into a file that OpenSSL and NSS open', async () => {
    const made = await certified(kind)
    const packed = await pack({ name: '系统管理员 centre.system', key: made.pair.privateKey, certificate: der('own.der'), chain: [der('ca.der')] }, password)
    writeFileSync(file('own.p12'), packed)

    const how = execFileSync('sh', ['-c', `openssl pkcs12 -in ${file('own.p12')} -passin env:P -noout -info 2>&1`], { encoding: 'utf8', env: { ...process.env, P: password } })
    expect(how).toMatch(/MAC: sha256, Iteration 20000/)
    expect(how.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 200000, PRF hmacWithSHA256/g)).toHaveLength(2)

    openssl('pkcs12', '-in', file('own.p12'), '-passin', 'pass:' + password, '-nodes', '-nocerts', '-out', file('own.key'))
    const public_ = openssl('pkey', '-in', file('own.key'), '-pubout', '-outform', 'PEM')
    expect(Buffer.from(public_.replace(/-----[^-]+-----|\s/g, ''), 'base64')).toEqual(Buffer.from(made.public))
    expect(() => openssl('pkcs12', '-in', file('own.p12'), '-passin', 'pass:another', '-noout')).toThrow(/invalid password/)

    const store = 'sql:' + dir
    execFileSync('certutil', ['-N', '-d', store, '--empty-password', '-@', '/dev/null'], { stdio: 'pipe' })
    execFileSync('pk12util', ['-d', store, '-K', '', '-W', password, '-i', file('own.p12')], { stdio: 'pipe' })
    expect(execFileSync('certutil', ['-L', '-d', store], { encoding: 'utf8' })).toMatch(/系统管理员 centre\.system\s+u,u,u/)
    for (const name of ['cert9.db', 'key4.db', 'pkcs11.txt']) rmSync(file(name), { force: true })
  }, 20_000)
})

test('what is packed twice looks different', async () => {
  const made = await certified('p256')
  const contents = { name: 'a', key: made.pair.privateKey, certificate: der('own.der'), chain: [] }
  expect(Buffer.compare(await pack(contents, password), await pack(contents, password))).not.toBe(0)
})

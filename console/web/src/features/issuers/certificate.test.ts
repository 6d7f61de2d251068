import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { derOf, pemOf } from '@/lib/der'
import { fingerprintOf, validityOf } from './certificate'

// A certificate that OpenSSL makes, read as OpenSSL reads it.
function made(...more: string[]): string {
  const pem = execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=x', ...more], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  return derOf(pem)!
}

function said(der: string, what: string): string {
  return execFileSync('openssl', ['x509', '-noout', what], { input: pemOf(der, 'CERTIFICATE') }).toString().trim().split('=')[1]
}

test.each([['365'], ['20000']])('validity and fingerprint of a certificate for %s days', async (days) => {
  const der = made('-days', days)
  const validity = validityOf(der)!
  expect(Date.parse(validity.from)).toBe(Date.parse(said(der, '-startdate')))
  expect(Date.parse(validity.to)).toBe(Date.parse(said(der, '-enddate')))
  expect(await fingerprintOf(der)).toBe(execFileSync('openssl', ['x509', '-noout', '-fingerprint', '-sha256'], { input: pemOf(der, 'CERTIFICATE') }).toString().trim().split('=')[1].replaceAll(':', '').toLowerCase())
})

test('what is no certificate has no validity', () => {
  expect(validityOf('AQID')).toBeUndefined()
  expect(validityOf('MIL/')).toBeUndefined()
})

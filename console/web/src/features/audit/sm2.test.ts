// @vitest-environment node
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import fixture from './log.fixture.json'
import { octetsOf, readHead } from './head'
import { verifiesSM2 } from './sm2'

const octets = (hex: string) => Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16))
const utf8 = (text: string) => new Uint8Array(new TextEncoder().encode(text))
const spki = (x: string, y: string) => octets('3059301306072a8648ce3d020106082a811ccf5501822d03420004' + x + y)
const order = 'fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123'

// integer and der write what verifiesSM2 reads.
const integer = (hex: string) => {
  const short = hex.replace(/^(00)+/, '') || '00'
  const content = parseInt(short.slice(0, 2), 16) >= 0x80 ? '00' + short : short
  return '02' + (content.length / 2).toString(16).padStart(2, '0') + content
}
const der = (r: string, s: string) => {
  const both = integer(r) + integer(s)
  return octets('30' + (both.length / 2).toString(16).padStart(2, '0') + both)
}

// GB/T 32918.5-2017, A.2: the example of a signature.
const example = {
  key: spki('09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020', 'ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13'),
  text: utf8('message digest'),
  r: 'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3',
  s: 'b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa',
}

describe('the example of the standard', () => {
  const { key, text, r, s } = example
  const sound = der(r, s)

  test('verifies, with the identity it was made with and no other', () => {
    expect(verifiesSM2(key, text, sound)).toBe(true)
    for (const identity of ['1234567812345679', '', 'ALICE123@YAHOO.COM']) expect(verifiesSM2(key, text, sound, identity)).toBe(false)
  })

  test('is refused with any bit of signature, text or key changed', () => {
    const flipped = (original: Uint8Array<ArrayBuffer>, bit: number) => {
      const changed = original.slice()
      changed[bit >> 3] ^= 1 << (bit & 7)
      return changed
    }
    for (let bit = 0; bit < sound.length * 8; bit += 7) expect(verifiesSM2(key, text, flipped(sound, bit)), `signature, bit ${bit}`).toBe(false)
    for (let bit = 0; bit < text.length * 8; bit += 11) expect(verifiesSM2(key, flipped(text, bit), sound), `text, bit ${bit}`).toBe(false)
    for (let bit = 0; bit < key.length * 8; bit += 13) expect(verifiesSM2(flipped(key, bit), text, sound), `key, bit ${bit}`).toBe(false)
  })

  test('is refused in any other form, and with numbers outside of the group', () => {
    const more = (BigInt('0x' + r) + BigInt('0x' + order)).toString(16)
    const bad: Record<string, Uint8Array<ArrayBuffer>> = {
      nothing: octets('3000'), 'r only': octets('30' + '23' + integer(r)), 'r is 0': der('00', s), 's is 0': der(r, '00'), 'r is n': der(order, s), 's is n': der(r, order),
      'r + n': der(more.padStart(66, '0'), s), 'r + s is n': der(r, (BigInt('0x' + order) - BigInt('0x' + r)).toString(16).padStart(64, '0')), 'other order': der(s, r),
      'an octet behind': Uint8Array.of(...sound, 0), 'cut short': sound.slice(0, -1), 'raw r and s': octets(r + s),
      'r with a zero before it': octets('3047' + '022200' + '00' + r + integer(s)), 'long form of a length': Uint8Array.of(0x30, 0x81, sound[1], ...sound.slice(2)), empty: new Uint8Array(),
    }
    for (const [name, signature] of Object.entries(bad)) expect(verifiesSM2(key, text, signature), name).toBe(false)
  })

  test('is refused for keys that are none of SM2', () => {
    const [x, y] = ['09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020', 'ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13']
    expect(verifiesSM2(spki(x, y.replace(/3$/, '4')), text, sound)).toBe(false) // not on the curve
    expect(verifiesSM2(spki('0'.repeat(64), '0'.repeat(64)), text, sound)).toBe(false)
    expect(verifiesSM2(octets('3059301306072a8648ce3d020106082a8648ce3d03010703420004' + x + y), text, sound)).toBe(false) // P-256
    expect(verifiesSM2(octets('04' + x + y), text, sound)).toBe(false)
  })
})

test('a head our component signed verifies, and with another key or text does not', () => {
  const head = readHead(fixture.proof.head)!
  const key = octetsOf(fixture.proof.keys[1].split('+').slice(2).join('+')).slice('\xff1.2.156.10197.1.501\n'.length)
  const { signature } = head.signatures[1]
  expect(verifiesSM2(key, utf8(head.body), signature)).toBe(true)
  expect(verifiesSM2(key, utf8(head.body), signature, '')).toBe(false)
  expect(verifiesSM2(example.key, utf8(head.body), signature)).toBe(false)
  expect(verifiesSM2(key, utf8(head.body.replace('\n23\n', '\n24\n')), signature)).toBe(false)
})

describe('OpenSSL', () => {
  const dir = mkdtempSync(join(tmpdir(), 'onecert-sm2-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  const path = (name: string) => join(dir, name)
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'ignore'] })
  const signed = (text: Uint8Array, identity: string) => {
    writeFileSync(path('text'), text)
    openssl('pkeyutl', '-sign', '-rawin', '-digest', 'sm3', '-pkeyopt', 'distid:' + identity, '-inkey', path('key'), '-in', path('text'), '-out', path('signature'))
    return new Uint8Array(readFileSync(path('signature')))
  }

  // Several, as numbers that begin with zeros or a high bit have other lengths in DER.
  test('signs what verifies here, with the same identity only', () => {
    for (let n = 0; n < 12; n++) {
      if (n % 4 === 0) openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2', '-out', path('key'))
      const key = new Uint8Array(openssl('pkey', '-in', path('key'), '-pubout', '-outform', 'DER'))
      const text = utf8('日志 '.repeat(n * 17) + n)
      const signature = signed(text, '1234567812345678')
      expect(verifiesSM2(key, text, signature)).toBe(true)
      expect(verifiesSM2(key, text, signed(text, 'other'))).toBe(false)
      expect(verifiesSM2(key, text, signed(text, 'other'), 'other')).toBe(true)
      expect(verifiesSM2(key, utf8('x'), signature)).toBe(false)
    }
  })
})

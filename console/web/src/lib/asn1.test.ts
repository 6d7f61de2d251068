import { describe, expect, test } from 'vitest'
import { bmpString, explicit, holds, integer, octetString, oid, sequence, setOf, utf8 } from './asn1'

const hex = (octets: Uint8Array) => [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join('')

describe('DER', () => {
  test.each([
    ['0', integer(0), '020100'],
    ['127', integer(127), '02017f'],
    ['128', integer(128), '02020080'],
    ['200000', integer(200_000), '0203030d40'],
    ['leading zeroes', integer(Uint8Array.of(0, 0, 0x80, 1)), '0203008001'],
    ['an arc above 127', oid('1.2.840.113549'), '06062a864886f70d'],
    ['2.16.840', oid('2.16.840.1.101'), '060560864801' + '65'],
    ['UTF-8', utf8('中'), '0c03e4b8ad'],
    ['UTF-16', bmpString('a中'), '1e0400614e2d'],
    ['[0]', explicit(0, integer(1)), 'a003020101'],
    ['a set in order', setOf(integer(300), integer(2), integer(1)), '310a' + '020101' + '020102' + '0202012c'],
    ['nothing', sequence(), '3000'],
  ])('%s', (_, written, wanted) => expect(hex(written)).toBe(wanted))

  test.each([
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [70_000, '0483011170'],
  ])('the length %i', (n, head) => {
    const written = octetString(new Uint8Array(n))
    expect(hex(written.subarray(0, written.length - n))).toBe(head)
  })

  test('finds a part', () => {
    const whole = Uint8Array.of(1, 2, 1, 2, 3)
    expect(holds(whole, Uint8Array.of(1, 2, 3))).toBe(true)
    expect(holds(whole, Uint8Array.of(2, 3, 1))).toBe(false)
    expect(holds(whole, Uint8Array.of(1, 2, 1, 2, 3, 4))).toBe(false)
  })
})

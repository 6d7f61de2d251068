import { describe, expect, test } from 'vitest'
import { creditCheck, creditCode, plain, residentCheck, residentNumber } from './digits'

describe('resident numbers', () => {
  // The two examples of GB 11643-1999, annex; both are in every text about it.
  test.each([['11010519491231002X', '1949-12-31'], ['440524188001010014', '1880-01-01']])('%s is right', (number, born) => {
    expect(residentNumber(number)).toEqual({ state: 'right', born })
  })

  // The same check character is published for other numbers: ORCID's documentation
  // (0000-0002-1825-0097, 0000-0002-1694-233X), and ISO 7064's own example 0794 0.
  test.each([['000000021825009', '7'], ['000000021694233', 'X'], ['0794', '0']])('MOD 11-2 of %s is %s', (digits, check) => {
    expect(residentCheck(digits)).toBe(check)
  })

  test('one wrong digit and one exchange of neighbours are found', () => {
    const good = '11010519491231002X'
    for (let at = 0; at < 17; at++) {
      for (let step = 1; step < 10; step++) {
        const other = String((Number(good[at]) + step) % 10)
        expect(residentNumber(good.slice(0, at) + other + good.slice(at + 1)).state).not.toBe('right')
      }
      if (at < 16 && good[at] !== good[at + 1]) {
        expect(residentNumber(good.slice(0, at) + good[at + 1] + good[at] + good.slice(at + 2)).state).not.toBe('right')
      }
    }
  })

  test('says what is missing while it is typed', () => {
    expect(residentNumber('')).toEqual({ state: 'short', missing: 18 })
    expect(residentNumber('110105')).toEqual({ state: 'short', missing: 12 })
    expect(residentNumber('1101A5')).toEqual({ state: 'characters' })
    expect(residentNumber('11010519491231002Y')).toEqual({ state: 'characters' })
    expect(residentNumber('11010519491231002X1')).toEqual({ state: 'characters' })
    expect(residentNumber('4405241880010100141')).toEqual({ state: 'long' })
    expect(residentNumber('11010519490231002' + residentCheck('11010519490231002'))).toEqual({ state: 'date' })
  })

  test('takes what people paste', () => {
    expect(residentNumber('１１０１０５ １９４９-１２３１ ００２ｘ').state).toBe('right')
    expect(plain(' 9111-0000x ')).toBe('91110000X')
  })
})

describe('unified social credit codes', () => {
  // The example of GB 32100-2015, and codes that well-known companies print in their
  // imprints (Tencent in Shenzhen, Huawei).
  test.each(['91350100M000100Y43', '9144030071526726XG', '914403001922038216'])('%s is right', (code) => {
    expect(creditCode(code)).toEqual({ state: 'right' })
  })

  test('the check character is that of the standard', () => {
    expect(creditCheck('91350100M000100Y4')).toBe('3')
  })

  test('wrong ones are told apart', () => {
    expect(creditCode('91350100M000100Y44')).toEqual({ state: 'wrong' })
    expect(creditCode('91350100M000100Y')).toEqual({ state: 'short', missing: 2 })
    expect(creditCode('91350100I000100Y43')).toEqual({ state: 'characters' })
    expect(creditCode('91350100M000100Y430')).toEqual({ state: 'long' })
  })
})

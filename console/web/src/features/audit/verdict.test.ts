// @vitest-environment node
import { describe, expect, test } from 'vitest'
import type { AuditEntry, WireAuditProof } from '@/client/ca'
import fixture from './log.fixture.json'
import { octetsOf, readHead } from './head'
import { judge, soundness } from './verdict'

// The fixture was written by room audit: three entries of 23, one of them with everything
// that JSON escapes, their proofs, and the head when there were 11.
const entries = fixture.entries as unknown as AuditEntry[]
const proof = fixture.proof as WireAuditProof
const old = readHead(fixture.old)!
const seen = { size: old.size, root: fixture.old.split('\n')[2] }
const shown = entries.map((entry) => entry.number)

describe("a page of the component's own log", () => {
  test('is proven, signed, and continues what was seen', async () => {
    const verdict = await judge(entries, proof, seen)
    expect([...verdict.proven]).toEqual([2, 10, 22])
    expect(verdict.signed).toBe('good')
    expect(verdict.continues).toEqual({ size: 11, yes: true })
    expect(soundness([verdict], shown)).toBe('proven')
  })

  test('with any field changed is not', async () => {
    for (const change of [{ actor: 'x' }, { result: 'failed' }, { at: '2030-01-02T03:04:07.007Z' }, { roles: [] }, { detail: {} }, { object: 'other' }, { address: '' }, { number: 3 }]) {
      const verdict = await judge([{ ...entries[0], ...change }], proof, undefined)
      expect(verdict.proven.size).toBe(0)
      expect(soundness([verdict], [entries[0].number])).toBe('broken')
    }
  })

  test('of a rewritten log shows against the head that was seen', async () => {
    const verdict = await judge(entries, proof, { ...seen, root: 'A'.repeat(43) + '=' })
    expect(verdict.continues?.yes).toBe(false)
    expect(soundness([verdict], shown)).toBe('rewritten')
  })

  test('under a head somebody else wrote is forged', async () => {
    const verdict = await judge(entries, { ...proof, head: proof.head.replace('\n23\n', '\n24\n') }, undefined)
    expect(verdict.signed).toBe('bad')
    expect(verdict.proven.size).toBe(0)
    expect(soundness([verdict], [])).toBe('forged')
  })

  test('signed by each of its keys alone is good, and by none of them is forged', async () => {
    expect((await judge(entries, proof, undefined)).by).toEqual(['Ed25519', 'SM2'])
    for (const [n, by] of [[0, 'Ed25519'], [1, 'SM2']] as const) {
      const verdict = await judge(entries, { ...proof, keys: [proof.keys[n]] }, undefined)
      expect(verdict).toMatchObject({ signed: 'good', by: [by] })
      expect(soundness([verdict], shown)).toBe('proven')
    }
    expect((await judge(entries, { ...proof, keys: [] }, undefined)).signed).toBe('bad')
    const [body] = proof.head.split('\n\n')
    expect((await judge(entries, { ...proof, head: body + '\n\n' }, undefined)).signed).toBe('bad')
  })

  test('with one wrong signature beside a good one is forged', async () => {
    const lines = proof.head.split('\n')
    for (const line of lines.filter((text) => text.startsWith('— '))) {
      const [dash, name, base64] = line.split(' ')
      const octets = octetsOf(base64)
      octets[octets.length - 1] ^= 1
      const head = proof.head.replace(line, [dash, name, btoa(String.fromCharCode(...octets))].join(' '))
      expect((await judge(entries, { ...proof, head }, undefined)).signed).toBe('bad')
    }
  })

  test('signed with a key of a kind that is not known here stays unread', async () => {
    const strange = proof.keys.map((key) => key.split('+').slice(0, 2).join('+') + '+' + btoa('\xfe something'))
    expect((await judge(entries, { ...proof, keys: strange }, undefined)).signed).toBe('unread')
  })

  test('what is no head is refused', async () => {
    for (const head of ['', 'a\n1\n', 'a\n-1\nAAAA\n\n', 'a\n01\n' + 'A'.repeat(43) + '=\n\n']) await expect(judge([], { ...proof, head }, undefined)).rejects.toThrow()
  })
})

// @vitest-environment node
import { describe, expect, test } from 'vitest'
import type { AuditEntry, WireAuditProof } from '@/client/ca'
import fixture from './log.fixture.json'
import { readHead } from './head'
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

  test('signed with what no browser verifies says so', async () => {
    const sm2 = proof.keys.filter((key) => key.split('+').slice(2).join('+').startsWith('/z'))
    expect(sm2.length).toBeGreaterThan(0)
    expect((await judge(entries, { ...proof, keys: sm2 }, undefined)).signed).toBe('unread')
  })

  test('what is no head is refused', async () => {
    for (const head of ['', 'a\n1\n', 'a\n-1\nAAAA\n\n', 'a\n01\n' + 'A'.repeat(43) + '=\n\n']) await expect(judge([], { ...proof, head }, undefined)).rejects.toThrow()
  })
})

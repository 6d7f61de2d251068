// @vitest-environment node
import { describe, expect, test } from 'vitest'
import { hex } from './head'
import { grown, included, leafHash, nodeHash, type Octets } from './merkle'

// The tree of seven leaves of RFC 6962 2.1.3 by its definition: the hash of two halves,
// the left one as large a power of two as there is below the size.
async function root(leaves: Octets[]): Promise<Octets> {
  if (leaves.length === 1) return leaves[0]
  const k = split(leaves.length)
  return nodeHash(await root(leaves.slice(0, k)), await root(leaves.slice(k)))
}

function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

async function path(m: number, leaves: Octets[]): Promise<Octets[]> {
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  return m < k ? [...(await path(m, leaves.slice(0, k))), await root(leaves.slice(k))] : [...(await path(m - k, leaves.slice(k))), await root(leaves.slice(0, k))]
}

async function growth(m: number, leaves: Octets[], whole: boolean): Promise<Octets[]> {
  if (m === leaves.length) return whole ? [] : [await root(leaves)]
  const k = split(leaves.length)
  return m <= k ? [...(await growth(m, leaves.slice(0, k), whole)), await root(leaves.slice(k))] : [...(await growth(m - k, leaves.slice(k), false)), await root(leaves.slice(0, k))]
}

const bytes = (text: string) => new Uint8Array(text.match(/../g)?.map((pair) => parseInt(pair, 16)) ?? [])

// Leaves and roots published with Certificate Transparency's own tests.
const contents = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(bytes)
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

describe('the tree of RFC 6962', () => {
  test('gives the published roots', async () => {
    const leaves = await Promise.all(contents.map(leafHash))
    for (let size = 1; size <= 8; size++) expect(hex(await root(leaves.slice(0, size)))).toBe(roots[size - 1])
  })

  test('proves every leaf of every size, and nothing else', async () => {
    const leaves = await Promise.all(Array.from({ length: 21 }, (_, n) => leafHash(new Uint8Array([n]))))
    for (let size = 1; size <= leaves.length; size++) {
      const tree = leaves.slice(0, size)
      const top = await root(tree)
      for (let m = 0; m < size; m++) {
        const proof = await path(m, tree)
        expect(await included(tree[m], m, size, proof, top)).toBe(true)
        expect(await included(leaves[(m + 1) % leaves.length], m, size, proof, top)).toBe(false)
        expect(await included(tree[m], m, size, [...proof, top], top)).toBe(false)
        if (size > 1) expect(await included(tree[m], m, size, proof.slice(1), top)).toBe(false)
        if (size > 1) expect(await included(tree[m], (m + 1) % size, size, proof, top)).toBe(false)
      }
    }
    expect(await included(leaves[0], 1, 1, [], leaves[0])).toBe(false)
    expect(await included(leaves[0], -1, 1, [], leaves[0])).toBe(false)
  })

  test('proves every growth, and no rewriting', async () => {
    const leaves = await Promise.all(Array.from({ length: 19 }, (_, n) => leafHash(new Uint8Array([n]))))
    for (let size = 1; size <= leaves.length; size++) {
      const top = await root(leaves.slice(0, size))
      for (let old = 1; old <= size; old++) {
        const proof = old === size ? [] : await growth(old, leaves.slice(0, size), true)
        const before = await root(leaves.slice(0, old))
        expect(await grown(old, before, size, top, proof)).toBe(true)
        expect(await grown(old, leaves[18], size, top, proof)).toBe(false)
        if (old < size) {
          expect(await grown(old, before, size, before, proof)).toBe(false)
          expect(await grown(old, before, size, top, proof.slice(1))).toBe(false)
          expect(await grown(old, before, size, top, [...proof, top])).toBe(false)
        }
      }
    }
  })
})

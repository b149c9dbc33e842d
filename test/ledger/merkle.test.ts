import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { EMPTY_FRONTIER, extend, hashChildren, hashLeaf, rootOf } from '../../src/ledger/merkle.ts'

/** RFC 6962 §2.1 word for word: split at the largest power of two below the count. */
function rootByDefinition(leafHashes: readonly Buffer[]): Buffer {
  const [only] = leafHashes
  if (only === undefined) return createHash('sha256').digest()
  if (leafHashes.length === 1) return only
  let split = 1
  while (split * 2 < leafHashes.length) split *= 2
  return hashChildren(rootByDefinition(leafHashes.slice(0, split)), rootByDefinition(leafHashes.slice(split)))
}

describe('merkle tree', () => {
  const leaves = (count: number) =>
    Array.from({ length: count }, (_, place) => hashLeaf(Buffer.from(`leaf ${place}`)))

  it('hashes leaves and nodes as RFC 6962 §2.1 says', () => {
    expect(hashLeaf(Buffer.alloc(0)).toString('hex')).to.equal(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
    // Root of the first two leaves of the RFC 6962 test log of certificate-transparency ("" and 0x00).
    const root = rootOf(extend(EMPTY_FRONTIER, [hashLeaf(Buffer.alloc(0)), hashLeaf(Buffer.from([0]))]))
    expect(root.toString('hex')).to.equal('fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125')
  })

  it('has the hash of nothing as the root of an empty log', () => {
    expect(rootOf(EMPTY_FRONTIER).toString('hex')).to.equal(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
  })

  it('gives the root of the definition, however the leaves arrive in batches', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 }), (batches) => {
        const all = leaves(batches.reduce((sum, size) => sum + size, 0))
        let frontier = EMPTY_FRONTIER
        for (const size of batches)
          frontier = extend(frontier, all.slice(frontier.size, frontier.size + size))
        expect(frontier.size).to.equal(all.length)
        expect(rootOf(frontier).equals(rootByDefinition(all))).to.equal(true)
      }),
    )
  })

  it('refuses a frontier whose peaks do not fit its size', () => {
    expect(() => extend({ size: 3, peaks: leaves(1) }, leaves(1))).to.throw(RangeError)
  })
})

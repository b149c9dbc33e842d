import { expect } from 'chai'
import fc from 'fast-check'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from '../../src/ledger/merkle.ts'
import { isConsistent, rootOfInclusion } from '../../src/ledger/proof.ts'
import {
  consistencySpans,
  createTileEdge,
  formatTileNumber,
  HASH_BYTES,
  hashOfSpan,
  inclusionSpans,
  parseTilePath,
  TILE_WIDTH,
  type Tile,
  tilesOf,
  widthOf,
} from '../../src/ledger/tile.ts'

const { hash } = NODE_CRYPTO
const MAX = 70_000
const leafHashes = Array.from({ length: MAX }, (_, place) => hashLeaf(Buffer.from(`leaf ${place}`)))
const joined = Buffer.concat(leafHashes)
const rootAt = (size: number) => rootOf(extend(EMPTY_FRONTIER, leafHashes.slice(0, size)))

/** Tiles of a log that has grown to `size` in pieces. */
function grow(sizes: readonly number[]) {
  const tiles = new Map<string, Tile>()
  const edge = createTileEdge(0, () => Buffer.alloc(0))
  for (const size of sizes) {
    for (const tile of edge.append(joined.subarray(edge.size() * HASH_BYTES, size * HASH_BYTES)))
      tiles.set(`${tile.level}/${tile.n}`, tile)
  }
  const read = ({ level, n }: { level: number; n: number }) =>
    tiles.get(`${level}/${n}`)?.hashes ?? Buffer.alloc(0)
  return { edge, tiles, read }
}

describe('tiles', () => {
  const { tiles, read } = grow([MAX])

  it('lead to the same root as the frontier, however the log grew', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 6 }), (steps) => {
        let size = 0
        const { edge } = grow(steps.map((step) => (size += step)))
        expect(edge.root().equals(rootAt(size))).to.equal(true)
      }),
      { numRuns: 30 },
    )
  })

  it('are as wide as the specification says of a log of 70 000 leaves', () => {
    expect(widthOf({ level: 0, n: 273 }, MAX)).to.equal(112)
    expect(widthOf({ level: 1, n: 1 }, MAX)).to.equal(17)
    expect(widthOf({ level: 2, n: 0 }, MAX)).to.equal(1)
    for (const { level, n, hashes } of tiles.values()) {
      expect(hashes.length / HASH_BYTES, `${level}/${n}`).to.equal(widthOf({ level, n }, MAX))
    }
    expect([...tiles.values()].filter(({ level }) => level === 0)).to.have.length(274)
  })

  it('let a log be taken up again where it was left', () => {
    for (const size of [1, 255, 256, 257, 65_535, 65_536, 65_792, 69_999]) {
      const edge = createTileEdge(size, read)
      expect(edge.root().equals(rootAt(size)), String(size)).to.equal(true)
      edge.append(joined.subarray(size * HASH_BYTES, (size + 1) * HASH_BYTES))
      expect(edge.root().equals(rootAt(size + 1)), String(size + 1)).to.equal(true)
    }
  })

  it('give inclusion proofs that verify, and that no other leaf, place or flipped bit passes', async () => {
    const cases = fc
      .integer({ min: 1, max: MAX })
      .chain((size) =>
        fc.record({ size: fc.constant(size), index: fc.integer({ min: 0, max: size - 1 }), bit: fc.nat() }),
      )
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, index, bit }) => {
        const path = inclusionSpans(index, size).map((span) => hashOfSpan(span, read))
        const leafHash = leafHashes[index] ?? Buffer.alloc(0)
        const root = rootAt(size)
        const found = await rootOfInclusion({ index, size, leafHash, path }, hash)
        expect(found && root.equals(found)).to.equal(true)
        const bytes = Buffer.concat([leafHash, ...path])
        const at = Math.floor(bit / 8) % bytes.length
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at)
        const parts = Array.from({ length: path.length + 1 }, (_, place) =>
          bytes.subarray(place * 32, place * 32 + 32),
        )
        const [leaf = leafHash, ...flipped] = parts
        const wrong = await rootOfInclusion({ index, size, leafHash: leaf, path: flipped }, hash)
        expect(wrong && root.equals(wrong)).to.not.equal(true)
        if (size > 1) {
          const elsewhere = await rootOfInclusion({ index: (index + 1) % size, size, leafHash, path }, hash)
          expect(elsewhere && root.equals(elsewhere)).to.not.equal(true)
          const short = await rootOfInclusion({ index, size, leafHash, path: path.slice(1) }, hash)
          expect(short && root.equals(short)).to.not.equal(true)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('give consistency proofs that verify, and that no flipped bit passes', async () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: MAX }), fc.integer({ min: 1, max: MAX }), fc.nat())
    await fc.assert(
      fc.asyncProperty(sizes, async ([one, other, bit]) => {
        const from = { size: Math.min(one, other), root: rootAt(Math.min(one, other)) }
        const to = { size: Math.max(one, other), root: rootAt(Math.max(one, other)) }
        const path = consistencySpans(from.size, to.size).map((span) => hashOfSpan(span, read))
        expect(await isConsistent({ from, to, path }, hash)).to.equal(true)
        const bytes = Buffer.concat([from.root, to.root, ...path])
        const at = Math.floor(bit / 8) % bytes.length
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at)
        const part = (place: number) => bytes.subarray(place * 32, place * 32 + 32)
        const wrong = {
          from: { ...from, root: part(0) },
          to: { ...to, root: part(1) },
          path: path.map((_, place) => part(place + 2)),
        }
        expect(await isConsistent(wrong, hash)).to.equal(false)
      }),
      { numRuns: 25 },
    )
  })

  it('need few tiles for a proof', () => {
    expect(tilesOf(inclusionSpans(12_345_678, 100_000_000)).length).to.be.at.most(8)
  })

  it('have one path each', () => {
    expect(formatTileNumber(1_234_067)).to.equal('x001/x234/067')
    expect(parseTilePath('0/x001/x234/067')).to.deep.equal({ level: 0, n: 1_234_067, width: TILE_WIDTH })
    expect(parseTilePath('entries/000.p/5')).to.deep.equal({ level: 'entries', n: 0, width: 5 })
    for (const path of [
      '00/000',
      '0/0',
      '0/x000/001',
      '64/000',
      '0/000.p/0',
      '0/000.p/256',
      '0/000.p/01',
      '0/001/',
      '-1/000',
    ])
      expect(parseTilePath(path), path).to.equal(undefined)
  })
})

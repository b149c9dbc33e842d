import { decodeBase64, decodeHash, encodeBase64, equalBytes, parseDecimal } from './base64.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import type { Hash } from './note.ts'

/** Checking Merkle proofs (RFC 6962 §2.1, by the algorithms of RFC 9162 §2.1.3). Runs in browsers. */

/** @returns SHA-256(0x00 ‖ leaf). */
export async function leafHashOf(leaf: Uint8Array, hash: Hash): Promise<Uint8Array> {
  const data = new Uint8Array(leaf.length + 1)
  data.set(leaf, 1)
  return hash(data)
}

/** @returns SHA-256(0x01 ‖ left ‖ right). */
export async function nodeHashOf(left: Uint8Array, right: Uint8Array, hash: Hash): Promise<Uint8Array> {
  const data = new Uint8Array(65)
  data[0] = 1
  data.set(left, 1)
  data.set(right, 33)
  return hash(data)
}

/** What is to be shown: that a leaf stands at an index of a tree. */
export interface Inclusion {
  readonly index: number
  readonly size: number
  readonly leafHash: Uint8Array
  readonly path: readonly Uint8Array[]
}

const half = (value: number) => Math.floor(value / 2)

/** @returns the root that the path leads to; undefined where it has not the length such a path has. */
export async function rootOfInclusion(proof: Inclusion, hash: Hash): Promise<Uint8Array | undefined> {
  const { index, size, leafHash, path } = proof
  if (index < 0 || index >= size) return undefined
  let place = index
  let last = size - 1
  let node = leafHash
  for (const sibling of path) {
    if (last === 0) return undefined
    if (place % 2 === 1 || place === last) {
      node = await nodeHashOf(sibling, node, hash)
      while (place % 2 === 0 && place !== 0) {
        place = half(place)
        last = half(last)
      }
    } else {
      node = await nodeHashOf(node, sibling, hash)
    }
    place = half(place)
    last = half(last)
  }
  return last === 0 ? node : undefined
}

/** What is to be shown: that the larger tree begins with the smaller one. */
export interface Consistency {
  readonly from: { readonly size: number; readonly root: Uint8Array }
  readonly to: { readonly size: number; readonly root: Uint8Array }
  readonly path: readonly Uint8Array[]
}

/** @returns whether the larger tree begins with the smaller. Every tree begins with the empty one. */
export async function isConsistent({ from, to, path }: Consistency, hash: Hash): Promise<boolean> {
  if (from.size > to.size) return false
  if (from.size === to.size) return path.length === 0 && equalBytes(from.root, to.root)
  if (from.size === 0) return path.length === 0
  // Of a whole power of two the smaller root is itself the first node.
  const isWhole = 2 ** Math.floor(Math.log2(from.size)) === from.size
  const [first, ...rest] = isWhole ? [from.root, ...path] : path
  if (first === undefined) return false
  let place = from.size - 1
  let last = to.size - 1
  while (place % 2 === 1) {
    place = half(place)
    last = half(last)
  }
  let older = first
  let newer = first
  for (const node of rest) {
    if (last === 0) return false
    if (place % 2 === 1 || place === last) {
      older = await nodeHashOf(node, older, hash)
      newer = await nodeHashOf(node, newer, hash)
      while (place % 2 === 0 && place !== 0) {
        place = half(place)
        last = half(last)
      }
    } else {
      newer = await nodeHashOf(newer, node, hash)
    }
    place = half(place)
    last = half(last)
  }
  return last === 0 && equalBytes(older, from.root) && equalBytes(newer, to.root)
}

/** A proof that somebody can check without asking anybody (c2sp.org/tlog-proof@v1). */
export interface LogProof {
  readonly index: number
  readonly path: readonly Uint8Array[]
  readonly checkpoint: Checkpoint
  /** Opaque, not authenticated. */
  readonly extra?: Uint8Array | undefined
}

const HEADER = 'c2sp.org/tlog-proof@v1'
const MAX_PATH = 63

/** @param checkpoint the signed note, as it is. */
export function formatProof(proof: {
  readonly index: number
  readonly path: readonly Uint8Array[]
  readonly checkpoint: string
}): string {
  const hashes = proof.path.map((node) => `${encodeBase64(node)}\n`).join('')
  return `${HEADER}\nindex ${proof.index}\n${hashes}\n${proof.checkpoint}`
}

/** @returns undefined where the text is no such proof. */
export function parseProof(text: string): LogProof | undefined {
  const split = text.indexOf('\n\n')
  if (split < 0) return undefined
  const [header, ...lines] = text.slice(0, split).split('\n')
  const extraText = lines[0]?.startsWith('extra ') ? lines.shift()?.slice(6) : undefined
  const extra = extraText === undefined ? undefined : decodeBase64(extraText)
  const index = parseDecimal(/^index (.+)$/.exec(lines.shift() ?? '')?.[1] ?? '')
  const path = lines.map(decodeHash).filter((node) => node !== undefined)
  const checkpoint = parseCheckpoint(text.slice(split + 2))
  const isWhole = header === HEADER && path.length === lines.length && path.length <= MAX_PATH
  if (!isWhole || index === undefined || checkpoint === undefined) return undefined
  if (extraText !== undefined && extra === undefined) return undefined
  return { index, path, checkpoint, extra }
}

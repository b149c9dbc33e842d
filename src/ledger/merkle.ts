import { hash } from 'node:crypto'

/** RFC 6962 §2.1: the tree that makes the log append-only. All hashes are SHA-256, 32 bytes. */

const LEAF = Buffer.from([0])

function sha256(data: Uint8Array): Buffer {
  // Asked for a Buffer, Node allocates outside its pool for each: by way of text it is 1.5 µs cheaper.
  return Buffer.from(hash('sha256', data, 'binary'), 'latin1')
}

export function hashLeaf(leaf: Uint8Array): Buffer {
  return sha256(Buffer.concat([LEAF, leaf]))
}

export function hashChildren(left: Uint8Array, right: Uint8Array): Buffer {
  const node = Buffer.allocUnsafe(65)
  node[0] = 1
  node.set(left, 1)
  node.set(right, 33)
  return sha256(node)
}

/**
 * The roots of the perfect subtrees a log of `size` leaves consists of, largest first: one for each bit
 * set in `size`. It is all that appending needs to know of the leaves before.
 */
export interface Frontier {
  readonly size: number
  readonly peaks: readonly Uint8Array[]
}

export const EMPTY_FRONTIER: Frontier = { size: 0, peaks: [] }

/** @returns the frontier after `leafHashes` were appended, in order. */
export function extend(frontier: Frontier, leafHashes: readonly Uint8Array[]): Frontier {
  const peaks = [...frontier.peaks]
  let size = frontier.size
  for (const leafHash of leafHashes) {
    let node = leafHash
    // Each trailing 1 bit of the size is a peak of the same height as the node growing beside it.
    for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = peaks.pop()
      if (left === undefined) throw new RangeError('frontier has fewer peaks than its size says')
      node = hashChildren(left, node)
    }
    peaks.push(node)
    size += 1
  }
  return { size, peaks }
}

/** @returns the root hash; of no leaves it is the hash of nothing. */
export function rootOf(frontier: Frontier): Buffer {
  const last = frontier.peaks.at(-1)
  if (last === undefined) return sha256(new Uint8Array(0))
  return Buffer.from(
    frontier.peaks.slice(0, -1).reduceRight((right, left) => hashChildren(left, right), last),
  )
}

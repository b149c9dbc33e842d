import type { ReceiptPromise } from '../model/exchange.ts'
import { hashChildren } from './merkle.ts'
import type { NoteSigner } from './note.ts'
import { PROMISE_SECONDS, promiseText } from './receipt.ts'

/** The levels of the Merkle tree over some hashes; a node without a neighbour moves up as it is. */
function levelsOf(hashes: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const levels = [hashes]
  let below = hashes
  while (below.length > 1) {
    const above: Uint8Array[] = []
    for (let place = 0; place < below.length; place += 2) {
      const [left, right] = [below[place], below[place + 1]]
      if (left) above.push(right ? hashChildren(left, right) : left)
    }
    levels.push(above)
    below = above
  }
  return levels
}

function pathOf(levels: readonly (readonly Uint8Array[])[], place: number): Uint8Array[] {
  const path: Uint8Array[] = []
  let at = place
  for (const level of levels) {
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1]
    if (sibling) path.push(sibling)
    at = Math.floor(at / 2)
  }
  return path
}

/** Signs one promise for all records of a batch. @returns each record's part of it, by its place. */
export type PromiseBatch = (
  first: number,
  leafHashes: readonly Uint8Array[],
  atMs: number,
) => Promise<(place: number) => ReceiptPromise>

/** One signature for a batch, however many its records. */
export function createPromiseBatch({ key, sign }: NoteSigner): PromiseBatch {
  return async (first, leafHashes, atMs) => {
    const levels = levelsOf(leafHashes)
    const [root] = levels.at(-1) ?? []
    if (root === undefined) throw new RangeError('a batch is empty')
    const dueSeconds = Math.floor(atMs / 1000) + PROMISE_SECONDS
    const count = leafHashes.length
    const signature = await sign(promiseText({ origin: key.name, first, count, root, dueSeconds }))
    return (place) => ({ first, count, dueSeconds, path: pathOf(levels, place), signature })
  }
}

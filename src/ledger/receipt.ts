import { decodeBase64, decodeHash, encodeBase64, parseDecimal } from './base64.ts'
import type { Crypto, NoteKey } from './note.ts'
import { rootOfInclusion } from './proof.ts'

/**
 * Receipts: the log's signed promise that a record will be in a checkpoint in time. One signature covers all
 * records that were made durable together; each receipt carries its path to what was signed. Runs in browsers.
 */

/** How long after a record its checkpoint may take; a receipt without one by then is proof of omission. */
export const PROMISE_SECONDS = 10

/** The records that one signature covers: as leaves of a Merkle tree of their own. */
export interface Batch {
  readonly origin: string
  /** Index of its first leaf in the log. */
  readonly first: number
  readonly count: number
  /** Root over the batch's leaf hashes (RFC 6962 §2.1). */
  readonly root: Uint8Array
  /** By when they are in a checkpoint, Unix seconds. */
  readonly dueSeconds: number
}

/**
 * What the log signs for a batch. Its first line can be that of no checkpoint of this log, so neither signature
 * can be passed off as the other.
 */
export function promiseText({ origin, first, count, root, dueSeconds }: Batch): Uint8Array {
  const lines = [
    'lienthong.vn/receipt/v1',
    origin,
    `${first} ${count}`,
    encodeBase64(root),
    `due ${dueSeconds}`,
  ]
  return new TextEncoder().encode(`${lines.join('\n')}\n`)
}

/** `Exchange-Receipt`, read. */
export interface ReceiptFacts {
  readonly origin: string
  readonly index: number
  readonly leafHash: Uint8Array
  /** Of the digests of request and answer in the record. */
  readonly salt: Uint8Array
  readonly first: number
  readonly count: number
  readonly dueSeconds: number
  readonly path: readonly Uint8Array[]
  readonly signature: Uint8Array
}

/**
 * The field's value: a Structured Field dictionary (RFC 9651).
 * @param encode base 64; a faster one than the browsers'.
 */
export function formatReceipt(receipt: ReceiptFacts, encode = encodeBase64): string {
  const bytesItem = (bytes: Uint8Array) => `:${encode(bytes)}:`
  const { origin, index, leafHash, salt, first, count, dueSeconds, path, signature } = receipt
  return [
    `log="${origin}"`,
    `index=${index}`,
    `leaf=${bytesItem(leafHash)}`,
    `salt=${bytesItem(salt)}`,
    `first=${first}`,
    `count=${count}`,
    `due=${dueSeconds}`,
    `path=(${path.map(bytesItem).join(' ')})`,
    `signature=${bytesItem(signature)}`,
  ].join(', ')
}

const RECEIPT =
  /^log="([!#-[\]-~]+)", index=(\d+), leaf=:([^:]*):, salt=:([^:]*):, first=(\d+), count=(\d+), due=(\d+), path=\(([^)]*)\), signature=:([^:]*):$/

/** @returns undefined where the text is no receipt as the gateway writes them. */
export function parseReceipt(text: string): ReceiptFacts | undefined {
  const [match, origin = '', indexText = '', leafText = '', saltText = '', ...rest] = RECEIPT.exec(text) ?? []
  const [firstText = '', countText = '', dueText = '', pathText = '', signatureText = ''] = rest
  const [index, first, count, dueSeconds] = [indexText, firstText, countText, dueText].map(parseDecimal)
  const items = pathText === '' ? [] : pathText.split(' ')
  const path = items.flatMap((item) => decodeHash(/^:([^:]*):$/.exec(item)?.[1] ?? '') ?? [])
  const leafHash = decodeHash(leafText)
  const salt = decodeBase64(saltText)
  const signature = decodeBase64(signatureText)
  const isWhole = match !== undefined && path.length === items.length
  if (!isWhole || index === undefined || first === undefined || count === undefined) return undefined
  if (dueSeconds === undefined || !leafHash || !salt || signature?.length !== 64) return undefined
  return { origin, index, leafHash, salt, first, count, dueSeconds, path, signature }
}

/** Whether the log's key signed the promise for just this leaf at just this place. */
export async function isPromised(receipt: ReceiptFacts, key: NoteKey, crypto: Crypto): Promise<boolean> {
  const { origin, first, count, index, leafHash, path, dueSeconds, signature } = receipt
  if (origin !== key.name || key.kind !== 'note') return false
  const root = await rootOfInclusion({ index: index - first, size: count, leafHash, path }, crypto.hash)
  if (root === undefined) return false
  return crypto.verifyEd25519(
    key.publicKey,
    promiseText({ origin, first, count, root, dueSeconds }),
    signature,
  )
}

import { createCipheriv, hash, hkdfSync } from 'node:crypto'

/** What a tag stands for; the kinds never share a value, so tags of one cannot be compared with another's. */
export type TagKind = 'subject' | 'officer' | 'dossier'

/** Gives the HMAC key of a month (`yyyy-mm`, UTC); a month's key destroyed makes its tags unlinkable. */
export type TagKeys = (month: string) => Promise<Uint8Array>

/**
 * Tags a value: HMAC-SHA256 under the month's key over `kind ‖ 0x00 ‖ value`, cut to 16 bytes, base64url.
 * A plain hash would not do: there are few enough personal ids to try them all.
 */
export interface Tagger {
  (kind: TagKind, value: string): string
  readonly ofBatch: SubjectTagger
}

/** Identifiers are compared without case, outer space and Unicode form. */
function normalise(value: string): string {
  return value.normalize('NFC').trim().toUpperCase()
}

const BLOCK_BYTES = 64
const HASH_BYTES = 32
const TAG_BYTES = 16

/** The key as HMAC mixes it into its two hashes (RFC 2104 §2), with `room` for what is hashed after it. */
function padded(key: Uint8Array, pad: number, room: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES + room, pad)
  for (const [place, byte] of key.entries()) block[place] = byte ^ pad
  return block.fill(0, BLOCK_BYTES)
}

/**
 * Node makes a stream with a native handle of each `createHmac`, which costs an exchange 24 µs; HMAC written out
 * as its two hashes gives the same bytes for 5 µs.
 * @param key at most 64 bytes.
 */
export function tagWith(key: Uint8Array): Tagger {
  if (key.length > BLOCK_BYTES) throw new RangeError('a tag key is longer than a block of SHA-256')
  const inner = padded(key, 0x36, 0)
  const outer = padded(key, 0x5c, HASH_BYTES)
  const tag = (kind: TagKind, value: string) => {
    const text = Buffer.from(`${kind}\0${normalise(value)}`)
    outer.write(hash('sha256', Buffer.concat([inner, text]), 'binary'), BLOCK_BYTES, 'latin1')
    return Buffer.from(hash('sha256', outer, 'binary').slice(0, TAG_BYTES), 'latin1').toString('base64url')
  }
  return Object.assign(tag, { ofBatch: subjectTagsWith(key) })
}

/** Bytes of each tag that `SubjectTagger` gives. */
export const SUBJECT_TAG_BYTES = 16

/** Tags everybody of a batch at once: their tags in order, one behind the other. */
export type SubjectTagger = (subjects: readonly string[]) => Buffer

/** One block says one identifier: its length and itself, or where it is longer the beginning of its hash. */
function writeBlock(blocks: Buffer, at: number, identifier: string): void {
  const bytes = Buffer.from(identifier)
  const isShort = bytes.length < SUBJECT_TAG_BYTES
  blocks[at] = isShort ? bytes.length : 0xff
  blocks.set(isShort ? bytes : hash('sha256', bytes, 'buffer').subarray(0, SUBJECT_TAG_BYTES - 1), at + 1)
}

/** An identifier that is its own normal form and short, as nearly all are. */
const PLAIN = /^[0-9A-Z]{0,15}$/

/** The same block as `writeBlock` makes of it, for a tenth of the time. */
function writePlain(blocks: Buffer, at: number, identifier: string): void {
  blocks[at] = identifier.length
  for (let place = 0; place < identifier.length; place += 1) {
    blocks[at + 1 + place] = identifier.charCodeAt(place)
  }
}

/**
 * The tags of a batch's subjects, a thousand in one call of the cipher where an HMAC for each would cost as much as all
 * else that is done for a record: AES-256 of one block, a permutation under a key of the month, so that equal
 * identifiers have equal tags, different ones never, and without the key none can be told.
 * @param key the month's; with it these tags die too.
 */
export function subjectTagsWith(key: Uint8Array): SubjectTagger {
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'lienthong subjects of batches', 32))
  return (subjects) => {
    const blocks = Buffer.alloc(subjects.length * SUBJECT_TAG_BYTES)
    let at = 0
    for (const subject of subjects) {
      if (PLAIN.test(subject)) writePlain(blocks, at, subject)
      else writeBlock(blocks, at, normalise(subject))
      at += SUBJECT_TAG_BYTES
    }
    const cipher = createCipheriv('aes-256-ecb', derived, null).setAutoPadding(false)
    return Buffer.concat([cipher.update(blocks), cipher.final()])
  }
}

/** @returns the tagger of a moment's month; synchronous but for a month's first use. */
export function createTaggers(keys: TagKeys): (atMs: number) => Tagger | Promise<Tagger> {
  let fromMs = 0
  let untilMs = 0
  let tagger: Tagger | undefined
  return (atMs) => {
    if (tagger !== undefined && atMs >= fromMs && atMs < untilMs) return tagger
    const at = new Date(atMs)
    const first = Date.UTC(at.getUTCFullYear(), at.getUTCMonth())
    const next = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1)
    return keys(at.toISOString().slice(0, 7)).then((key) => {
      fromMs = first
      untilMs = next
      tagger = tagWith(key)
      return tagger
    })
  }
}

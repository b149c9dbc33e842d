import { createPrivateKey, createPublicKey, hash, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { encodeBase64 } from '../../src/ledger/base64.ts'
import { formatTreeHead } from '../../src/ledger/checkpoint.ts'
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from '../../src/ledger/merkle.ts'
import {
  createNoteKey,
  formatNote,
  formatVerifierKey,
  type NoteSigner,
  signNote,
} from '../../src/ledger/note.ts'
import { withhold } from '../../src/ledger/private-part.ts'
import { createPromiseBatch } from '../../src/ledger/promise.ts'
import { formatProof } from '../../src/ledger/proof.ts'
import { formatReceipt } from '../../src/ledger/receipt.ts'
import { encodeLeaf, recordOf } from '../../src/ledger/record.ts'
import { tagWith } from '../../src/ledger/tag.ts'
import { consistencySpans, hashOfSpan, inclusionSpans } from '../../src/ledger/tile.ts'
import type { ErrorCode } from '../../src/model/error-table.ts'
import type { Outcome } from '../../src/model/exchange.ts'
import { sampleFacts } from '../support/exchange-facts.ts'

/**
 * Writes `log-v1.json` beside it, the same bytes each time: `node test/vectors/make.ts`. The file is written once for
 * each version of the record; a change of it is a change of the format that others have implemented.
 */
const LEAVES = 11
const BATCH = { first: 8, count: 3 }
const FROM = Date.parse('2026-11-02T01:00:00Z')
/** Bytes that look random and are the same for all: SHA-256 of a text. */
const fixed = (text: string) => hash('sha256', text, 'buffer')

export async function vectorSigner(): Promise<{ readonly signer: NoteSigner; readonly seed: Buffer }> {
  const seed = fixed('lienthong test vectors: the key of a log that nobody trusts')
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(spki.subarray(-32))
  const name = 'vectors.lienthong.example/exchange-log/1'
  const noteKey = await createNoteKey({ name, kind: 'note', publicKey }, NODE_CRYPTO.hash)
  return { signer: { key: noteKey, sign: (message) => sign(null, message, key) }, seed }
}

function idOf(atMs: number, place: number): string {
  const hex = atMs.toString(16).padStart(12, '0') + fixed(`id ${place}`).toString('hex').slice(0, 20)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const ENDS: readonly (readonly [Outcome, ErrorCode | undefined])[] = [
  ['delivered', undefined],
  ['refused', 'field_not_agreed'],
  ['failed', 'provider_timeout'],
]

function recordAt(place: number) {
  const receivedAtMs = FROM + place * 1000
  const [outcome, code] = ENDS[place % ENDS.length] ?? ['delivered', undefined]
  const facts = sampleFacts({
    exchangeId: idOf(receivedAtMs, place),
    receivedAtMs,
    subject: `0990900000${10 + (place % 3)}`,
    ...(code && { code, answer: undefined }),
    ...(place === 5 && {
      service: 'audit',
      operation: 'search',
      reading: { found: 2, query: '{"by":"subject","purpose":"kiem-tra"}' },
    }),
  })
  let drawn = 0
  const part = withhold(facts, tagWith(fixed('tag key')), (bytes) => {
    drawn += 1
    return fixed(`salt ${place} ${drawn}`).subarray(0, bytes)
  })
  const record = { ...recordOf(facts, part?.digests, outcome), at: receivedAtMs + 40 }
  return { leaf: encodeLeaf(record), disclosures: part?.disclosures ?? [], digests: part?.digests ?? {} }
}

/** The vectors as they stand in the file. */
export async function makeVectors() {
  const { signer, seed } = await vectorSigner()
  const records = Array.from({ length: LEAVES }, (_, place) => recordAt(place))
  const hashes = records.map(({ leaf }) => hashLeaf(leaf))
  const base64 = (bytes: Uint8Array) => encodeBase64(bytes)
  const rootAt = (size: number) => rootOf(extend(EMPTY_FRONTIER, hashes.slice(0, size)))
  const pathOf = (spans: ReturnType<typeof inclusionSpans>) =>
    spans.map((span) => hashOfSpan(span, () => Buffer.concat(hashes)))
  const checkpointAt = async (size: number) => {
    const text = formatTreeHead({ origin: signer.key.name, size, root: rootAt(size) })
    return formatNote({ text, signatures: [await signNote(text, signer)] })
  }
  const checkpoint = await checkpointAt(LEAVES)
  const promise = await createPromiseBatch(signer)(
    BATCH.first,
    hashes.slice(BATCH.first),
    FROM + LEAVES * 1000,
  )
  const sizes = Array.from({ length: LEAVES + 1 }, (_, size) => size)
  return {
    about:
      'Of a log of eleven records. Bytes are base 64 where nothing else is said; a leaf is the UTF-8 text itself. See docs/auditors.md.',
    key: { seed: seed.toString('hex'), verifierKey: formatVerifierKey(signer.key) },
    leaves: records.map(({ leaf, disclosures, digests }, place) => ({
      leaf: leaf.toString('utf8'),
      leafHash: base64(hashes[place] ?? new Uint8Array()),
      disclosures: disclosures.map((disclosure) => ({
        disclosure,
        read: JSON.parse(Buffer.from(disclosure, 'base64url').toString('utf8')),
        digest: hash('sha256', disclosure, 'base64url'),
      })),
      private: digests,
    })),
    roots: sizes.map((size) => base64(rootAt(size))),
    inclusion: hashes.map((_, index) => pathOf(inclusionSpans(index, LEAVES)).map(base64)),
    consistency: sizes.slice(1, -1).map((from) => ({
      from,
      to: LEAVES,
      path: pathOf(consistencySpans(from, LEAVES)).map(base64),
    })),
    checkpoint,
    proofs: hashes.map((_, index) =>
      formatProof({ index, path: pathOf(inclusionSpans(index, LEAVES)), checkpoint }),
    ),
    receipts: hashes.slice(BATCH.first).map((leafHash, place) =>
      formatReceipt({
        ...promise(place),
        origin: signer.key.name,
        index: BATCH.first + place,
        leafHash,
        salt: fixed(`exchange salt ${place}`).subarray(0, 16),
      }),
    ),
  }
}

if (import.meta.main) {
  const text = `${JSON.stringify(await makeVectors(), null, 2)}\n`
  writeFileSync(join(import.meta.dirname, 'log-v1.json'), text)
}

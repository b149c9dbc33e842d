import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { QueryResultRow } from 'pg'
import { NODE_CRYPTO, openEd25519File } from '../../src/identity/log-key.ts'
import { createAnchorFile } from '../../src/ledger/anchor-file.ts'
import { formatTreeHead, parseCheckpoint } from '../../src/ledger/checkpoint.ts'
import { columnsOf, createFsckPass, type FsckCheck } from '../../src/ledger/fsck.ts'
import { createLogKeeper, type RefusalReason } from '../../src/ledger/keeper.ts'
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from '../../src/ledger/merkle.ts'
import { createNoteKey, formatNote, type NoteSigner, signNote } from '../../src/ledger/note.ts'
import { formatProof } from '../../src/ledger/proof.ts'
import {
  consistencySpans,
  createTileEdge,
  hashOfSpan,
  inclusionSpans,
  type Span,
  tilesOf,
} from '../../src/ledger/tile.ts'
import { verifyProof } from '../../src/ledger/verify.ts'
import { createWitness, type WitnessRefusal } from '../../src/ledger/witness.ts'
import { formatWitnessRequest } from '../../src/ledger/witness-request.ts'
import type { Outcome, Receipt } from '../../src/model/exchange.ts'
import { createLogReader, createLogStore } from '../../src/storage/log.ts'
import { createFsckStore } from '../../src/storage/log-audit.ts'
import { advanceRollups } from '../../src/storage/partitions.ts'
import { createVault } from '../../src/storage/vault.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createLogDatabase, type LogDatabase } from '../support/log-database.ts'
import { createTestSigner } from '../support/log-signer.ts'
import { createTestFolder } from '../support/postgres.ts'

const ORIGIN = 'log.example/drill'

/** Who notices, and what they call it. */
export interface Found {
  /** The running audit. */
  readonly audit: readonly FsckCheck[]
  /** The one who signs checkpoints, after a restart. */
  readonly signer?: RefusalReason | undefined
  /** An agency's witness, which remembers the checkpoint it cosigned last. */
  readonly witness?: 'rolled_back' | 'inconsistent' | 'foreign' | undefined
  /** A consumer that kept its receipts and asks for proofs of them. */
  readonly receipts?: 'omitted' | 'changed' | undefined
}

interface Kept extends Receipt {
  readonly exchange: string
}

/** A log with everything that watches over it, and whoever tampers holding the database and the log's key. */
export interface Drill {
  readonly log: LogDatabase
  readonly signer: NoteSigner
  readonly anchorFile: string
  readonly receipts: readonly Kept[]
  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** Appends exchanges of all outcomes and signs them, as an honest gateway does. */
  grow(records: number): Promise<void>
  /** Makes tree, columns, tiles and counts anew from the leaves as they stand now. */
  rebuild(): Promise<void>
  /** Signs the log as it stands, into database and anchor, and removes the checkpoints before. */
  forge(): Promise<void>
  look(): Promise<Found>
  close(): Promise<void>
}

const OUTCOMES: readonly Outcome[] = ['delivered', 'delivered', 'refused', 'delivered', 'failed']

const personOf = (number: number) => `0990900${String(number).padStart(5, '0')}`
/** Those among the first records that are batches', the second of nobody. */
const BATCHES: ReadonlyMap<number, readonly number[]> = new Map([
  [298, [1, 2, 3]],
  [293, []],
])

function factsOf(outcome: Outcome, subject: number) {
  const batch = BATCHES.get(subject)
  if (batch !== undefined) {
    const { subject: _, ...many } = sampleFacts({ subjects: batch.map(personOf) })
    return many
  }
  if (outcome === 'delivered') return sampleFacts({ subject: personOf(subject) })
  const code = outcome === 'refused' ? ('field_not_agreed' as const) : ('provider_timeout' as const)
  return sampleFacts({ code, answer: undefined })
}

/** A witness's words for what it will not cosign. */
const REFUSED: Readonly<Record<WitnessRefusal, NonNullable<Found['witness']>>> = {
  behind: 'rolled_back',
  forked: 'inconsistent',
  stale: 'inconsistent',
  unsigned: 'foreign',
  unknown_log: 'foreign',
  malformed: 'foreign',
}

export async function createDrill(): Promise<Drill> {
  const log = await createLogDatabase()
  const folder = await createTestFolder()
  const anchorFile = join(folder, 'anchor')
  const { publicKey, sign } = openEd25519File(join(folder, 'log.key'))
  const key = await createNoteKey({ name: ORIGIN, kind: 'note', publicKey }, NODE_CRYPTO.hash)
  const signer: NoteSigner = { key, sign }
  const reader = createLogReader(log.pool)
  const receipts: Kept[] = []
  let refused: WitnessRefusal | undefined
  const witness = createWitness({
    logs: [key],
    stateOf: () => createAnchorFile(join(folder, 'witness')),
    keepEvidence: async () => {},
    signer: await createTestSigner('nhan-chung.example', 'cosignature'),
    crypto: NODE_CRYPTO,
    now: Date.now,
    onCosigned: () => {},
    onRefused: (reason) => {
      refused = reason
    },
  })

  const query = async <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
    (await log.pool.query<Row>(text, [...values])).rows

  /** A signer that has just been started, for one step. */
  async function signOnce(): Promise<RefusalReason | undefined> {
    const store = createLogStore({ pool: log.pool, url: log.database.url })
    const keeper = createLogKeeper({
      store,
      anchor: createAnchorFile(anchorFile),
      signer,
      crypto: NODE_CRYPTO,
      now: Date.now,
      onSigned: () => {},
      onRefused: () => {},
    })
    await keeper.step().finally(() => store.close())
    return keeper.refusal()?.reason
  }

  async function pathOf(spans: readonly Span[]): Promise<Uint8Array[]> {
    const tiles = await reader.readTiles(tilesOf(spans))
    const stored = new Map(tiles.map(({ level, n, hashes }) => [`${level}/${n}`, hashes]))
    return spans.map((span) =>
      hashOfSpan(span, ({ level, n }) => stored.get(`${level}/${n}`) ?? Buffer.alloc(0)),
    )
  }

  /** Offers the witness the log's checkpoint, as the gateway does. */
  async function lookAsWitness(): Promise<Found['witness']> {
    const [{ size: cosigned } = { size: 0 }] = await witness.cosigned()
    const note = await reader.latestCheckpoint()
    if (note === undefined) return cosigned > 0 ? 'rolled_back' : undefined
    const size = parseCheckpoint(note)?.size ?? 0
    const oldSize = Math.min(cosigned, size)
    const path = await pathOf(consistencySpans(oldSize, size)).catch(() => [])
    refused = undefined
    await witness.addCheckpoint(formatWitnessRequest({ oldSize, path, note }))
    return refused && REFUSED[refused]
  }

  /** Not all are asked about: those that something is done to, and one in so many of the others. */
  const isShown = (_: Kept, place: number) =>
    [0, 10, 12, 21, receipts.length - 1].includes(place) || place % Math.ceil(receipts.length / 14) === 0

  async function lookAsConsumer(): Promise<Found['receipts']> {
    for (const { exchange, leafHash } of receipts.filter(isShown)) {
      const index = await reader.leafIndexOf(exchange)
      const over = index === undefined ? undefined : await reader.checkpointOver(index)
      if (index === undefined || over === undefined) return 'omitted'
      const path = await pathOf(inclusionSpans(index, over.size)).catch(() => [])
      const proof = formatProof({ index, path, checkpoint: over.note })
      const findings = await verifyProof(proof, Buffer.from(leafHash, 'base64url'), {
        key,
        crypto: NODE_CRYPTO,
      })
      if (!findings.every(({ ok }) => ok)) return 'changed'
    }
    return undefined
  }

  async function audit(): Promise<FsckCheck[]> {
    const pass = createFsckPass({
      store: createFsckStore(log.pool, createVault(Buffer.alloc(32, 7))),
      anchor: createAnchorFile(anchorFile).read,
      key,
      crypto: NODE_CRYPTO,
      countKey: randomBytes(32).toString('hex'),
    })
    while (await pass.next(64));
    return [...new Set(pass.faults().map(({ check }) => check))].sort()
  }

  return {
    log,
    signer,
    anchorFile,
    receipts,
    query,
    async grow(records) {
      const outcomes = Array.from(
        { length: records },
        (_, place) => OUTCOMES[place % OUTCOMES.length] ?? 'failed',
      )
      const made = await Promise.all(
        outcomes.map(async (outcome, place) => {
          const facts = factsOf(outcome, place)
          return { exchange: facts.exchangeId, ...(await log.ledger.complete(facts, outcome)) }
        }),
      )
      receipts.push(...made)
      await advanceRollups(log.pool)
      await signOnce()
      await lookAsWitness()
    },
    async rebuild() {
      const rows = await query<{ exchange_id: string; leaf: Buffer }>(
        'SELECT exchange_id, leaf FROM exchange_record ORDER BY leaf_index',
      )
      const leaves = rows.map(({ leaf }) => leaf)
      const hashes = leaves.map(hashLeaf)
      for (const [place, row] of rows.entries()) {
        const { exchange_id, at, ...columns } = columnsOf(JSON.parse(row.leaf.toString()))
        const names = Object.keys(columns)
        await query(
          `UPDATE exchange_record SET leaf_index = $1, leaf_hash = $2, exchange_id = $3, at = $4,
             ${names.map((name, n) => `${name} = $${n + 6}`).join(', ')} WHERE exchange_id = $5`,
          [place, hashes[place], exchange_id, new Date(at), row.exchange_id, ...Object.values(columns)],
        )
      }
      const frontier = extend(EMPTY_FRONTIER, hashes)
      await query('UPDATE ledger_head SET size = $1, root = $2, peaks = $3', [
        hashes.length,
        rootOf(frontier),
        Buffer.concat(frontier.peaks),
      ])
      await query(
        'TRUNCATE log_tile, exchange_hour, exchange_day, exchange_month, exchange_day_total, exchange_hour_total, exchange_connection',
      )
      await query('UPDATE rollup_progress SET counted = 0')
      for (const { level, n, hashes: bytes } of createTileEdge(0, () => Buffer.alloc(0)).append(
        Buffer.concat(hashes),
      ))
        await query('INSERT INTO log_tile VALUES ($1, $2, $3)', [level, n, bytes])
      await advanceRollups(log.pool)
    },
    async forge() {
      const [head] = await query<{ size: number; root: Buffer }>('SELECT size, root FROM ledger_head')
      const size = head?.size ?? 0
      const text = formatTreeHead({ origin: ORIGIN, size, root: head?.root ?? Buffer.alloc(0) })
      const note = formatNote({ text, signatures: [await signNote(text, signer)] })
      await query('TRUNCATE log_checkpoint')
      await query('INSERT INTO log_checkpoint VALUES ($1, $2, now(), false)', [size, note])
      await createAnchorFile(anchorFile).write(note)
    },
    async look() {
      // The signer comes last: where it finds the log as it was it serves its own checkpoint anew.
      const found = { audit: await audit(), receipts: await lookAsConsumer(), witness: await lookAsWitness() }
      return { ...found, signer: await signOnce() }
    },
    async close() {
      await log.close()
      await rm(folder, { recursive: true })
    },
  }
}

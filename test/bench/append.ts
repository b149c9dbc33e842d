import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from '../../src/ledger/merkle.ts'
import { encodeLeaf, recordOf } from '../../src/ledger/record.ts'
import type { LedgerHead, SequencedRecord } from '../../src/ledger/store.ts'
import { formatExchangeId } from '../../src/model/identifier.ts'
import { createLedgerStore } from '../../src/storage/ledger.ts'
import { ensurePartitions } from '../../src/storage/partitions.ts'
import { createVault } from '../../src/storage/vault.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createTestDatabase, stopTestServer } from '../support/postgres.ts'

/**
 * What the durable append costs PostgreSQL: processor time of the writer's backend and write-ahead log for each
 * record, and how long a batch takes, for batches of one and of many:
 *   node test/bench/append.ts [--bare]
 * `--bare` takes away the indexes that searches alone need.
 */
const SEARCH_INDEXES = [
  'consumer',
  'pair',
  'provider',
  'service',
  'agreement',
  'outcome',
  'code',
  'consumer_outcome',
  'provider_outcome',
  'consumer_code',
]
const PRIVATE_INDEXES = ['subject', 'officer', 'dossier']
const BATCHES = 300
const CONSUMERS = 50
const SERVICES = 20

const database = await createTestDatabase()
const pool = new pg.Pool({ connectionString: database.url, max: 2 })
pool.on('error', () => {})

function sampleRecord(index: number, atMs: number): SequencedRecord {
  const tag = randomBytes(16).toString('base64url')
  const facts = sampleFacts({
    exchangeId: formatExchangeId(atMs, randomBytes(16)),
    consumer: `H${10 + randomInt(CONSUMERS)}/mot-cua`,
    service: `G01/dan-cu/dich-vu-${randomInt(SERVICES)}/v1`,
    agreement: `TT-2026-${randomInt(CONSUMERS * SERVICES)}`,
  })
  const record = { ...recordOf(facts, { subjectTag: tag }, 'delivered'), at: atMs }
  const leaf = encodeLeaf(record)
  const privatePart = { disclosures: [tag.repeat(4)], tags: { subject: tag } }
  return { index, record, leaf, leafHash: hashLeaf(leaf), privatePart, subjects: undefined }
}

async function numberOf(text: string): Promise<number> {
  const { rows } = await pool.query<{ n: string }>(text)
  return Number(rows[0]?.n)
}

const store = createLedgerStore({
  pool,
  url: database.url,
  vault: createVault(randomBytes(32)),
  processNumber: randomInt(1, 2 ** 31 - 1),
})
try {
  await ensurePartitions(pool, Date.now())
  if (process.argv.includes('--bare')) {
    const names = [
      ...SEARCH_INDEXES.map((name) => `exchange_record_${name}`),
      ...PRIVATE_INDEXES.map((name) => `exchange_private_${name}`),
    ]
    await pool.query(`DROP INDEX ${names.join(', ')}`)
  }
  let head = await store.readHead()
  const backend = await numberOf(
    "SELECT pid AS n FROM pg_stat_activity WHERE application_name = 'lienthong-ledger' AND datname = current_database()",
  )
  const cpuUs = () => Number(readFileSync(`/proc/${backend}/schedstat`, 'utf8').split(' ')[0]) / 1000
  const walBytes = () => numberOf("SELECT pg_current_wal_insert_lsn() - '0/0' AS n")

  /** @returns the milliseconds it took. */
  const append = async (size: number): Promise<number> => {
    const before: LedgerHead = head
    const atMs = Date.now()
    const first = before.frontier.size
    const records = Array.from({ length: size }, (_, place) => sampleRecord(first + place, atMs))
    const hashes = records.map(({ leafHash }) => leafHash)
    const after = { frontier: extend(first === 0 ? EMPTY_FRONTIER : before.frontier, hashes), lastAt: atMs }
    const batch = { authority: undefined, before, after, root: rootOf(after.frontier), records }
    const startedMs = performance.now()
    const result = await store.append({ ...batch, closedIntents: [], settledReplies: [] })
    if (result !== 'appended') throw new Error(result)
    head = after
    return performance.now() - startedMs
  }

  for (const size of [1, 24]) {
    for (let batch = 0; batch < BATCHES / 4; batch += 1) await append(size)
    const [cpu, wal] = [cpuUs(), await walBytes()]
    const times: number[] = []
    for (let batch = 0; batch < BATCHES; batch += 1) times.push(await append(size))
    const records = BATCHES * size
    const median = times.toSorted((one, other) => one - other)[BATCHES >> 1] ?? 0
    console.log(
      `batches of ${String(size).padStart(2)}: ${((cpuUs() - cpu) / records).toFixed(0)} µs and ${(((await walBytes()) - wal) / records).toFixed(0)} bytes of WAL a record, ${median.toFixed(2)} ms a batch`,
    )
  }
} finally {
  await store.close()
  await pool.end()
  await database.drop()
  await stopTestServer()
}

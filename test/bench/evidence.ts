import pg from 'pg'
import { NODE_CRYPTO } from '../../src/identity/log-key.ts'
import { parseCheckpoint } from '../../src/ledger/checkpoint.ts'
import { createLogKeeper } from '../../src/ledger/keeper.ts'
import { EMPTY_FRONTIER, extend, hashLeaf, rootOf } from '../../src/ledger/merkle.ts'
import { hashOfSpan, inclusionSpans, tilesOf } from '../../src/ledger/tile.ts'
import { concludeAudit, createLogAudit } from '../../src/ledger/verify.ts'
import { createLogReader, createLogStore, newestCheckpoint } from '../../src/storage/log.ts'
import { createTestSigner } from '../support/log-signer.ts'
import { createTestDatabase, stopTestServer } from '../support/postgres.ts'

/**
 * Makes a log and measures what evidence costs: signing it from the start, proofs, and a full audit of its bytes:
 *   node test/bench/evidence.ts [thousands of records]
 * The database is an embedded one that is removed afterwards, or on the server DATABASE_URL_TEST names.
 */
const size = Number(process.argv[2] ?? 1000) * 1000
const STEP = 50_000
const PIECE = 2048
const PROOFS = 2000
const NOW = Date.UTC(2026, 10, 1)

/** 700 bytes, as records are. */
const leafOf = (index: number) =>
  Buffer.from(`{"at":${NOW + index},"exchange":"${index}","pad":"${'0123456789abcdef'.repeat(40)}"}`)

const idOf = (index: number) => {
  const [time, low] = [(NOW + index).toString(16).padStart(12, '0'), index.toString(16).padStart(12, '0')]
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${low}`
}

async function fill(pool: pg.Pool): Promise<void> {
  await pool.query('SELECT ensure_record_partition($1)', [new Date(NOW)])
  let frontier = EMPTY_FRONTIER
  for (let first = 0; first < size; first += STEP) {
    const leaves = Array.from({ length: Math.min(STEP, size - first) }, (_, place) => leafOf(first + place))
    const hashes = leaves.map(hashLeaf)
    frontier = extend(frontier, hashes)
    await pool.query(
      `INSERT INTO exchange_record (leaf_index, exchange_id, at, leaf, leaf_hash, consumer, service, outcome)
       SELECT i, id, $5, leaf, hash, 'H29/mot-cua', 'bench', 'delivered'
         FROM unnest($1::bigint[], $2::uuid[], $3::bytea[], $4::bytea[]) AS r (i, id, leaf, hash)`,
      [
        leaves.map((_, place) => first + place),
        leaves.map((_, place) => idOf(first + place)),
        leaves,
        hashes,
        new Date(NOW),
      ],
    )
  }
  await pool.query('UPDATE ledger_head SET size = $1, root = $2, peaks = $3', [
    size,
    rootOf(frontier),
    Buffer.concat(frontier.peaks),
  ])
}

async function timed<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()]
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(
    `${name.padEnd(32)} ${seconds.padStart(7)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU here`,
  )
  return result
}

const database = await createTestDatabase()
pg.types.setTypeParser(pg.types.builtins.INT8, Number)
const pool = new pg.Pool({ connectionString: database.url, max: 3 })
// Dropping the database at the end cuts what is idle.
pool.on('error', () => {})
const store = createLogStore({ pool, url: database.url })
try {
  const reader = createLogReader(pool)
  await timed(`${size} records made`, () => fill(pool))
  const signer = await createTestSigner()
  let anchor: string | undefined
  const keeper = createLogKeeper({
    store,
    anchor: {
      read: async () => anchor,
      write: async (note) => {
        anchor = note
      },
    },
    signer,
    crypto: NODE_CRYPTO,
    now: Date.now,
    onSigned: () => {},
    onRefused: ({ message }) => console.log(message),
  })
  await timed('tiles made and signed', () => keeper.step())

  const times: number[] = []
  for (let turn = 0; turn < PROOFS; turn += 1) {
    const index = (turn * 7919 * 127) % size
    const startedMs = performance.now()
    await reader.leafIndexOf(idOf(index))
    const checkpoint = await reader.checkpointOver(index)
    const spans = inclusionSpans(index, checkpoint?.size ?? 0)
    const tiles = new Map(
      (await reader.readTiles(tilesOf(spans))).map(({ level, n, hashes }) => [`${level}/${n}`, hashes]),
    )
    for (const span of spans)
      hashOfSpan(span, ({ level, n }) => tiles.get(`${level}/${n}`) ?? Buffer.alloc(0))
    times.push(performance.now() - startedMs)
  }
  times.sort((one, other) => one - other)
  const at = (share: number) => (times[Math.ceil(times.length * share) - 1] ?? 0).toFixed(1)
  console.log(`a proof: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)

  const head = parseCheckpoint((await newestCheckpoint(pool)) ?? '')
  if (head === undefined) throw new Error('the log was not signed')
  const log = createLogAudit([], NODE_CRYPTO)
  const findings = await timed('full audit', async () => {
    for (let start = 0; start < size; start += PIECE)
      for (const leaf of await reader.readEntries(start, Math.min(size, start + PIECE))) await log.add(leaf)
    return concludeAudit(log, head)
  })
  for (const { ok, detail } of findings) console.log(ok ? 'holds:' : 'does NOT hold:', detail.en)
} finally {
  await store.close()
  await pool.end()
  await database.drop()
  await stopTestServer()
}

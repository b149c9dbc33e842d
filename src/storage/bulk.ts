import type pg from 'pg'
import type { Appended, BulkAsk, BulkCounts, BulkJob, BulkState, BulkStore } from '../jobs/bulk.ts'
import { BULK_QUEUE, emptyCounts } from '../jobs/bulk.ts'
import type { ErrorCode } from '../model/error-table.ts'
import { addCleaning } from './cleaning.ts'
import { readRowBinary } from './copy-out.ts'
import type { StoredJobQueue } from './job-queue.ts'
import { LIVING_PROCESSES } from './process-lock.ts'
import { inTransaction } from './transaction.ts'
import type { Vault } from './vault.ts'

interface BulkStoreParts {
  readonly pool: pg.Pool
  readonly vault: Vault
  readonly queue: Pick<StoredJobQueue, 'sendWithin' | 'wake'>
  readonly processNumber: number
  /** How long a job is kept from its making on. */
  readonly keepDays: number
}

interface JobRow {
  readonly id: string
  readonly sealed_ask: Buffer
  readonly state: BulkState
  readonly code: ErrorCode | null
  readonly received_bytes: number
  readonly epoch: number
  readonly records: number
  readonly exchanges: number
  readonly counts: string | null
  readonly created_at: Date
  readonly finished_at: Date | null
  readonly expires_at: Date
}

const COLUMNS =
  'id, sealed_ask, state, code, received_bytes, epoch, records, exchanges, counts, created_at, finished_at, expires_at'

/** What one row of a file holds: as much as is read, decrypted and held at a time. */
const ROW_BYTES = 262_144

/** What came over the network as rows of `ROW_BYTES` or a little more; made one at a time. */
function* rowsOf(chunks: readonly Buffer[]): Iterable<Buffer> {
  let row: Buffer[] = []
  let bytes = 0
  for (const chunk of chunks) {
    row.push(chunk)
    bytes += chunk.length
    if (bytes < ROW_BYTES) continue
    yield Buffer.concat(row)
    row = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(row)
}

/** Where a sealed piece stands: it opens nowhere else. */
const contextOf = (kind: string, id: string, at = 0) => Buffer.from(`bulk ${kind} ${id} ${at}`)

const COMMIT = `WITH step AS (
    UPDATE bulk_job SET records = $4, exchanges = exchanges + $5, counts = $6
     WHERE id = $1 AND epoch = $2 AND records = $3 AND state IN ('running', 'paused') RETURNING id, state)
  , results AS (INSERT INTO bulk_result (job, after_record, sealed) SELECT id, $3, $7 FROM step)
  SELECT state FROM step`

/** Bulk jobs in PostgreSQL; what is personal of them is under the vault's key. */
export function createBulkStore(parts: BulkStoreParts): BulkStore {
  const { pool, vault, queue, processNumber } = parts

  function read(row: JobRow): BulkJob {
    const ask: BulkAsk = JSON.parse(vault.open(row.sealed_ask, contextOf('ask', row.id)).toString())
    return {
      id: row.id,
      ask,
      state: row.state,
      code: row.code ?? undefined,
      receivedBytes: row.received_bytes,
      records: row.records,
      exchanges: row.exchanges,
      createdAt: row.created_at,
      finishedAt: row.finished_at ?? undefined,
      expiresAt: row.expires_at,
    }
  }

  const countsOf = ({ counts }: Pick<JobRow, 'counts'>): BulkCounts =>
    counts === null ? emptyCounts() : JSON.parse(counts)

  /** One transaction; a job it sent is looked at as soon as it has committed. */
  async function within<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const result = await inTransaction(pool, work)
    queue.wake(BULK_QUEUE.name)
    return result
  }

  const enqueue = (client: pg.PoolClient, id: string) =>
    queue.sendWithin(client, BULK_QUEUE.name, { job: id })

  /** Pieces in their order, the next one fetched while one is worked on. */
  async function* pieces(table: 'bulk_input' | 'bulk_result', id: string): AsyncIterable<Buffer> {
    const [place, kind] = table === 'bulk_input' ? ['at_byte', 'input'] : ['after_record', 'result']
    // COPY takes no parameters.
    const job = id.replaceAll(/[^0-9a-f-]/g, '')
    const after = async (last: number) => {
      const fields = await readRowBinary(
        pool,
        `SELECT ${place}, sealed FROM ${table} WHERE job = '${job}' AND ${place} > ${Math.trunc(last)}
          ORDER BY ${place} LIMIT 1`,
      )
      const [at, sealed] = fields ?? []
      return at && sealed && { at: Number(at.readBigInt64BE()), sealed }
    }
    let next = after(-1)
    for (;;) {
      const row = await next
      if (row === undefined) return
      next = after(row.at)
      // Whoever stops early never looks at it.
      next.catch(() => {})
      yield vault.open(row.sealed, contextOf(kind ?? '', id, row.at))
    }
  }

  async function forget(client: pg.PoolClient, id: string): Promise<void> {
    await client.query('DELETE FROM bulk_input WHERE job = $1', [id])
    await client.query('DELETE FROM bulk_result WHERE job = $1', [id])
  }

  return {
    async create(id, ask) {
      const sealed = vault.seal(Buffer.from(JSON.stringify(ask)), contextOf('ask', id))
      await pool.query(
        `INSERT INTO bulk_job (id, consumer, sealed_ask, size_bytes, expires_at)
         VALUES ($1, $2, $3, $4, now() + make_interval(days => $5))`,
        [id, ask.consumer.id, sealed, ask.sizeBytes, parts.keepDays],
      )
    },
    async find(id) {
      const { rows } = await pool.query<JobRow>(`SELECT ${COLUMNS} FROM bulk_job WHERE id = $1`, [id])
      return rows[0] && read(rows[0])
    },
    async list(consumer) {
      const { rows } = await pool.query<JobRow>(
        `SELECT ${COLUMNS} FROM bulk_job WHERE consumer = $1 ORDER BY created_at DESC LIMIT 50`,
        [consumer],
      )
      return rows.map(read)
    },
    append: (id, offset, piece) =>
      within(async (client): Promise<Appended | undefined> => {
        const { rows } = await client.query<{ received_bytes: number; size_bytes: number; state: BulkState }>(
          'SELECT received_bytes, size_bytes, state FROM bulk_job WHERE id = $1 FOR UPDATE',
          [id],
        )
        const [row] = rows
        if (row === undefined) return undefined
        const receivedBytes = piece.reduce((sum, { length }) => sum + length, row.received_bytes)
        const isWrong =
          row.state !== 'uploading' || row.received_bytes !== offset || receivedBytes > row.size_bytes
        if (isWrong) return { conflict: true, receivedBytes: row.received_bytes }
        let at = offset
        for (const bytes of rowsOf(piece)) {
          const sealed = vault.seal(bytes, contextOf('input', id, at))
          await client.query('INSERT INTO bulk_input (job, at_byte, sealed) VALUES ($1, $2, $3)', [
            id,
            at,
            sealed,
          ])
          at += bytes.length
        }
        const isWhole = receivedBytes === row.size_bytes
        await client.query('UPDATE bulk_job SET received_bytes = $2, state = $3 WHERE id = $1', [
          id,
          receivedBytes,
          isWhole ? 'queued' : 'uploading',
        ])
        if (isWhole) await enqueue(client, id)
        return { receivedBytes, isWhole }
      }),
    async pause(id) {
      const { rowCount } = await pool.query(
        "UPDATE bulk_job SET state = 'paused', code = NULL WHERE id = $1 AND state IN ('queued', 'running')",
        [id],
      )
      return rowCount === 1
    },
    resume: (id) =>
      within(async (client) => {
        const { rowCount } = await client.query(
          `UPDATE bulk_job SET state = 'queued', code = NULL
            WHERE id = $1 AND state IN ('paused', 'stopped', 'failed')`,
          [id],
        )
        if (rowCount === 1) await enqueue(client, id)
        return rowCount === 1
      }),
    cancel: (id) =>
      within(async (client) => {
        const { rowCount } = await client.query(
          "UPDATE bulk_job SET state = 'cancelled', finished_at = coalesce(finished_at, now()) WHERE id = $1",
          [id],
        )
        await forget(client, id)
        return rowCount === 1
      }),
    async claim(id, queueJob) {
      const { rows } = await pool.query<JobRow>(
        `UPDATE bulk_job SET state = 'running', code = NULL, epoch = epoch + 1, process = $2, queue_job = $3
          WHERE id = $1 AND state IN ('queued', 'running') RETURNING ${COLUMNS}`,
        [id, processNumber, queueJob],
      )
      const [row] = rows
      return row && { job: read(row), counts: countsOf(row), epoch: row.epoch }
    },
    input: (id) => pieces('bulk_input', id),
    async commit({ id, epoch, from, to, exchanges, results, counts }) {
      const sealed = vault.seal(results, contextOf('result', id, from))
      const { rows } = await pool.query<{ state: BulkState }>({
        name: 'bulk-commit',
        text: COMMIT,
        values: [id, epoch, from, to, exchanges, JSON.stringify(counts), sealed],
      })
      return rows[0]?.state
    },
    async end(id, epoch, state, code) {
      const isDone = state === 'done'
      await within(async (client) => {
        const { rowCount } = await client.query(
          `UPDATE bulk_job SET state = $3, code = $4, process = NULL, finished_at = CASE WHEN $5 THEN now() END
            WHERE id = $1 AND epoch = $2 AND state = 'running'`,
          [id, epoch, state, code ?? null, isDone],
        )
        if (!isDone || rowCount !== 1) return
        // The file is of no more use.
        await client.query('DELETE FROM bulk_input WHERE job = $1', [id])
        const { rows } = await client.query<JobRow>(`SELECT ${COLUMNS} FROM bulk_job WHERE id = $1`, [id])
        for (const row of rows) {
          const { consumer, service, set } = read(row).ask
          if (set === undefined) await addCleaning(client, { consumer: consumer.id, service }, countsOf(row))
        }
      })
    },
    async counts(id) {
      const { rows } = await pool.query<JobRow>('SELECT counts FROM bulk_job WHERE id = $1', [id])
      return countsOf(rows[0] ?? { counts: null })
    },
    results: (id) => pieces('bulk_result', id),
    async releaseDead() {
      const { rows } = await pool.query<{ queue_job: string }>(
        `UPDATE bulk_job SET process = NULL
          WHERE state = 'running' AND process <> $1 AND process NOT IN (${LIVING_PROCESSES}) RETURNING queue_job`,
        [processNumber],
      )
      return rows.map(({ queue_job }) => queue_job)
    },
    async sweep() {
      const { rowCount } = await pool.query('DELETE FROM bulk_job WHERE expires_at <= now()')
      return rowCount ?? 0
    },
  }
}

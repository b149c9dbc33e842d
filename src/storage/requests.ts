import type pg from 'pg'
import {
  FIRST_PROGRESS,
  hasEnded,
  isToTell,
  type NewRequest,
  type RequestArchive,
  type RequestCount,
  type RequestOrder,
  type RequestProgress,
  type RequestState,
  type StoredRequest,
} from '../exchange/request.ts'
import { GatewayError } from '../model/errors.ts'
import type { StoredJobQueue } from './job-queue.ts'
import { createSealedWork } from './sealed-work.ts'
import { inTransaction } from './transaction.ts'
import type { Vault } from './vault.ts'

interface RequestStoreParts {
  readonly pool: pg.Pool
  readonly vault: Vault
  readonly jobs: Pick<StoredJobQueue, 'sendWithin' | 'wake'>
  /** The queue whose jobs carry requests on. */
  readonly queue: string
  /** Unix milliseconds. */
  readonly now: () => number
}

interface Row {
  readonly request_id: string
  readonly request_digest: string
  readonly consumer: string
  readonly service: string
  readonly operation: string
  readonly state: RequestState
  readonly revision: number
  readonly received_at: Date
  readonly due_at: Date
  readonly close_at: Date
  readonly sealed_order: Buffer | null
  readonly sealed_progress: Buffer | null
}

const INSERT = `INSERT INTO document_request (request_id, slot, request_digest, consumer, service, operation, state,
    received_at, due_at, close_at, next_at, sealed_order, sealed_progress, begun_by)
  VALUES ($1, $2, $3, $4, $5, $6, 'accepted', $7, $8, $9, $7, $10, $11, $12) ON CONFLICT (slot) DO NOTHING`
const SAVE = `UPDATE document_request SET state = $3, sealed_progress = $4, next_at = $5,
    erase_at = CASE WHEN hurried THEN least($6::timestamptz, $7::timestamptz + interval '1 day') ELSE $6::timestamptz END,
    revision = revision + 1 WHERE request_id = $1 AND revision = $2`
const ERASE = `UPDATE document_request SET sealed_order = NULL, sealed_progress = NULL, erase_at = NULL
  WHERE erase_at <= $1`
/** Later than any job would have taken it up: its job was lost, e.g. with a queue restored from an older copy. */
const OVERDUE = 'SELECT request_id FROM document_request WHERE next_at < $1 ORDER BY next_at LIMIT 1000'
const COUNTS = `SELECT service, state, count(*)::int AS count, count(*) FILTER (WHERE due_at <= $1)::int AS late
  FROM document_request WHERE state IN ('accepted', 'forwarded') GROUP BY service, state`
const OVERDUE_MS = 120_000
const DAY_MS = 86_400_000

/** Requests in PostgreSQL; each comes into being in one transaction with the job that carries it on. */
export function createRequestStore(parts: RequestStoreParts): RequestArchive {
  const { pool, vault, now } = parts
  const work = createSealedWork<RequestOrder, RequestProgress>(vault, 'document_request')

  function storedOf(row: Row): StoredRequest {
    const { request_id: id, sealed_order: order, sealed_progress: progress } = row
    const { state, revision, consumer, service, operation } = row
    return {
      id,
      revision,
      state,
      consumer,
      service,
      operation,
      receivedAtMs: row.received_at.getTime(),
      dueAtMs: row.due_at.getTime(),
      closeAtMs: row.close_at.getTime(),
      contents: work.open(id, { order, progress }),
    }
  }

  async function insert(made: NewRequest, key: Buffer, requestDigest: string): Promise<void> {
    const { id, order, receivedAtMs, dueAtMs, closeAtMs } = made
    const { consumer, service, operation } = order
    const times = [receivedAtMs, dueAtMs, closeAtMs].map((ms) => new Date(ms))
    const sealed = [work.sealOrder(id, order), work.sealProgress(id, FIRST_PROGRESS)]
    await inTransaction(pool, async (client) => {
      const values = [id, key, requestDigest, consumer.id, service, operation, ...times, ...sealed]
      const { rowCount } = await client.query(INSERT, [...values, order.exchangeId])
      if (rowCount === 1) await parts.jobs.sendWithin(client, parts.queue, { request: id })
    })
    parts.jobs.wake(parts.queue)
  }

  return {
    async begin(made, { slot, requestDigest }) {
      const key = Buffer.from(slot, 'base64url')
      try {
        await insert(made, key, requestDigest)
        const { rows } = await pool.query<Row>('SELECT * FROM document_request WHERE slot = $1', [key])
        const [row] = rows
        if (row === undefined) throw new RangeError('a request is gone')
        if (row.request_digest !== requestDigest) throw new GatewayError('idempotency_key_reused')
        return storedOf(row)
      } catch (cause) {
        if (cause instanceof GatewayError) throw cause
        throw new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
      }
    },
    async find(id) {
      const { rows } = await pool.query<Row>('SELECT * FROM document_request WHERE request_id = $1', [id])
      return rows[0] && storedOf(rows[0])
    },
    async save({ id, revision, state, contents }, progress, nextAtMs) {
      const isOver = hasEnded(progress.state)
      const isLeft = !isOver || (contents !== undefined && isToTell(contents.order, progress))
      const keepMs = (contents?.order.keepDays ?? 0) * DAY_MS
      const { rowCount } = await pool.query(SAVE, [
        id,
        revision,
        progress.state,
        work.sealProgress(id, progress),
        isLeft ? new Date(nextAtMs) : null,
        isOver ? new Date(now() + keepMs) : null,
        new Date(now()),
      ])
      // Whoever waits for it to end is told now, not when its job wakes.
      if (rowCount === 1 && isOver && isLeft && !hasEnded(state)) {
        await parts.jobs.sendWithin(pool, parts.queue, { request: id })
        parts.jobs.wake(parts.queue)
      }
      return rowCount === 1
    },
    async overdue() {
      const { rows } = await pool.query<{ request_id: string }>(OVERDUE, [new Date(now() - OVERDUE_MS)])
      return rows.map(({ request_id: id }) => id)
    },
    async erase() {
      await pool.query(ERASE, [new Date(now())])
    },
    async counts() {
      const { rows } = await pool.query<RequestCount>(COUNTS, [new Date(now())])
      return rows
    },
  }
}

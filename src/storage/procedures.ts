import type pg from 'pg'
import {
  firstProgress,
  type ProcedureArchive,
  type ProcedureOrder,
  type ProcedureState,
  type Progress,
  type StoredProcedure,
} from '../exchange/procedure.ts'
import { GatewayError } from '../model/errors.ts'
import type { StoredJobQueue } from './job-queue.ts'
import { createSealedWork } from './sealed-work.ts'
import { inTransaction } from './transaction.ts'
import type { Vault } from './vault.ts'

interface ProcedureStoreParts {
  readonly pool: pg.Pool
  readonly vault: Vault
  readonly jobs: Pick<StoredJobQueue, 'sendWithin'>
  /** The queue whose jobs carry procedures on. */
  readonly queue: string
  /** Unix milliseconds. */
  readonly now: () => number
}

interface Row {
  readonly procedure_id: string
  readonly request_digest: string
  readonly consumer: string
  readonly service: string
  readonly operation: string
  readonly state: ProcedureState
  readonly revision: number
  readonly started_at: Date
  readonly updated_at: Date
  readonly sealed_order: Buffer | null
  readonly sealed_progress: Buffer | null
}

const INSERT = `INSERT INTO linked_procedure (procedure_id, slot, request_digest, consumer, service, operation, state,
    started_at, updated_at, next_at, sealed_order, sealed_progress, begun_by)
  VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $7, $7, $8, $9, $10) ON CONFLICT (slot) DO NOTHING`
const SAVE = `UPDATE linked_procedure SET state = $3, sealed_progress = $4, updated_at = $5::timestamptz, next_at = $6,
    erase_at = CASE WHEN hurried THEN least($7::timestamptz, $5::timestamptz + interval '1 day') ELSE $7::timestamptz END,
    revision = revision + 1 WHERE procedure_id = $1 AND revision = $2`
const ERASE = `UPDATE linked_procedure SET sealed_order = NULL, sealed_progress = NULL, erase_at = NULL
  WHERE erase_at <= $1`
/** Later than any job would have taken it up: its job was lost, e.g. with a queue restored from an older copy. */
const OVERDUE = `SELECT procedure_id FROM linked_procedure WHERE next_at < $1 ORDER BY next_at LIMIT 1000`
const OVERDUE_MS = 120_000
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const DAY_MS = 86_400_000

/** Linked procedures in PostgreSQL; each comes into being in one transaction with the job that carries it on. */
export function createProcedureStore(parts: ProcedureStoreParts): ProcedureArchive {
  const { pool, vault, now } = parts
  const work = createSealedWork<ProcedureOrder, Progress>(vault, 'linked_procedure')

  function storedOf(row: Row): StoredProcedure {
    const { procedure_id: id, sealed_order: order, sealed_progress: progress } = row
    const { state, revision, consumer, service, operation } = row
    return {
      id,
      revision,
      state,
      consumer,
      service,
      operation,
      startedAtMs: row.started_at.getTime(),
      updatedAtMs: row.updated_at.getTime(),
      contents: work.open(id, { order, progress }),
    }
  }

  async function begin(
    id: string,
    order: ProcedureOrder,
    { slot, requestDigest }: { readonly slot: string; readonly requestDigest: string },
  ): Promise<StoredProcedure> {
    const key = Buffer.from(slot, 'base64url')
    await inTransaction(pool, async (client) => {
      const { consumer, service, operation, plan } = order
      const sealed = [work.sealOrder(id, order), work.sealProgress(id, firstProgress(plan))]
      const values = [id, key, requestDigest, consumer.id, service, operation, new Date(now()), ...sealed]
      const { rowCount } = await client.query(INSERT, [...values, order.exchangeId])
      if (rowCount === 1) await parts.jobs.sendWithin(client, parts.queue, { procedure: id })
    })
    const { rows } = await pool.query<Row>('SELECT * FROM linked_procedure WHERE slot = $1', [key])
    const [row] = rows
    if (row === undefined) throw new RangeError('a linked procedure is gone')
    if (row.request_digest !== requestDigest) throw new GatewayError('idempotency_key_reused')
    return storedOf(row)
  }

  return {
    begin: (id, order, submission) =>
      begin(id, order, submission).catch((cause: unknown) => {
        if (cause instanceof GatewayError) throw cause
        throw new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
      }),
    async find(id) {
      if (!UUID.test(id)) return undefined
      const { rows } = await pool.query<Row>('SELECT * FROM linked_procedure WHERE procedure_id = $1', [id])
      return rows[0] && storedOf(rows[0])
    },
    async save({ id, revision, contents }, progress, nextAtMs) {
      const hasEnded = progress.state !== 'running' && progress.state !== 'undoing'
      const keepMs = (contents?.order.plan.keepDays ?? 0) * DAY_MS
      const { rowCount } = await pool.query(SAVE, [
        id,
        revision,
        progress.state,
        work.sealProgress(id, progress),
        new Date(now()),
        hasEnded ? null : new Date(nextAtMs),
        hasEnded ? new Date(now() + keepMs) : null,
      ])
      return rowCount === 1
    },
    async overdue() {
      const { rows } = await pool.query<{ procedure_id: string }>(OVERDUE, [new Date(now() - OVERDUE_MS)])
      return rows.map(({ procedure_id: id }) => id)
    },
    async erase() {
      await pool.query(ERASE, [new Date(now())])
    },
  }
}

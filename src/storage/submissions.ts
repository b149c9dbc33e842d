import type pg from 'pg'
import type { SubmissionState, SubmissionStore } from '../exchange/submission.ts'
import { GatewayError } from '../model/errors.ts'
import { LIVING_PROCESSES } from './process-lock.ts'
import type { Vault } from './vault.ts'

interface SubmissionStoreParts {
  readonly pool: pg.Pool
  readonly vault: Vault
  readonly processNumber: number
  readonly keepHours: number
}

/** A slot is free where it has expired, or where the process that ran it died before it settled. */
const CLAIM = `INSERT INTO submission (slot, request_digest, process, expires_at, exchange_id)
  VALUES ($1, $2, $3, now() + make_interval(hours => $4), $5)
  ON CONFLICT (slot) DO UPDATE
     SET request_digest = $2, process = $3, status = NULL, sealed_body = NULL, expires_at = excluded.expires_at,
         exchange_id = $5
   WHERE submission.expires_at <= now()
      OR (submission.status IS NULL AND submission.process NOT IN (${LIVING_PROCESSES}))
  RETURNING true AS first`

/** Submissions by Idempotency-Key in PostgreSQL, replies encrypted, kept for `keepHours`. */
export function createSubmissionStore(
  parts: SubmissionStoreParts,
): SubmissionStore & { sweep(): Promise<void> } {
  const { pool, vault, processNumber, keepHours } = parts

  async function claim(slot: string, requestDigest: string, exchangeId: string): Promise<SubmissionState> {
    const key = Buffer.from(slot, 'base64url')
    for (;;) {
      const { rows } = await pool.query(CLAIM, [key, requestDigest, processNumber, keepHours, exchangeId])
      if (rows.length > 0) return { state: 'first' }
      const known = await pool.query<{
        request_digest: string
        status: number | null
        sealed_body: Buffer | null
      }>('SELECT request_digest, status, sealed_body FROM submission WHERE slot = $1', [key])
      const [row] = known.rows
      // Released in between: claim again.
      if (row === undefined) continue
      if (row.status === null) return { state: 'running', requestDigest: row.request_digest }
      if (row.sealed_body === null) return { state: 'erased', requestDigest: row.request_digest }
      return {
        state: 'settled',
        requestDigest: row.request_digest,
        status: row.status,
        body: vault.open(row.sealed_body, key).toString(),
      }
    }
  }

  async function release(slot: string): Promise<void> {
    await pool.query('DELETE FROM submission WHERE slot = $1 AND process = $2 AND status IS NULL', [
      Buffer.from(slot, 'base64url'),
      processNumber,
    ])
  }

  /** Slots whose release met an absent database: released at the next sweep. */
  const unreleased = new Set<string>()

  return {
    claim: (slot, requestDigest, exchangeId) =>
      claim(slot, requestDigest, exchangeId).catch((cause: unknown) => {
        throw new GatewayError('ledger_unavailable', { cause, retryAfterSeconds: 1 })
      }),
    async release(slot) {
      await release(slot).catch(() => unreleased.add(slot))
    },
    async sweep() {
      for (const slot of unreleased) {
        await release(slot)
        unreleased.delete(slot)
      }
      await pool.query('DELETE FROM submission WHERE expires_at < now()')
    },
  }
}

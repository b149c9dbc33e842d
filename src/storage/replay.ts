import { hash } from 'node:crypto'
import type pg from 'pg'
import type { ReplayKind, ReplayStore } from '../identity/replay.ts'
import { GatewayError } from '../model/errors.ts'

// Rows are inserted in the order of their digests: two processes that claim the same keys at once wait for
// each other in one order and can't deadlock.
const CLAIM = `INSERT INTO replay_claim (digest, expires_at)
  SELECT digest, to_timestamp(expires_at_ms / 1000.0)
    FROM unnest($1::bytea[], $2::float8[]) AS claimed (digest, expires_at_ms)
   ORDER BY digest
  ON CONFLICT DO NOTHING RETURNING digest`

const SWEEP = `DELETE FROM replay_claim WHERE digest IN (
  SELECT digest FROM replay_claim WHERE expires_at < to_timestamp($1 / 1000.0)
   ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

/** Claims of one statement at most. */
const BATCH_CLAIMS = 512
/** Claims that may wait; more are refused at once. */
const MAX_WAITING = 20_000
/** A statement that takes longer is given up, and its claims with it. */
const CLAIM_TIMEOUT_MS = 3000
const SWEEP_SLICE = 5000

interface Waiting {
  readonly expiresAtMs: number
  readonly resolve: (isFirst: boolean) => void
  readonly reject: (error: GatewayError) => void
}

/** The replay store on PostgreSQL. */
export interface StoredReplay extends ReplayStore {
  /** Deletes what expired before `nowMs`, in slices; for a timer. @returns the rows deleted. */
  sweep(nowMs: number): Promise<number>
}

function storeAway(cause: unknown): GatewayError {
  return new GatewayError('ledger_unavailable', {
    retryAfterSeconds: 1,
    cause,
    detail: {
      vi: 'Không kiểm tra được việc dùng lại, nên không nhận.',
      en: 'Reuse could not be ruled out, so nothing is accepted.',
    },
  })
}

/**
 * Claims that arrive while a statement runs are joined into the next one, so a claim costs a share of a
 * round trip and of a commit. Durable before it is answered: a claim survives a crash of either side.
 */
export function createReplayStore(pool: pg.Pool): StoredReplay {
  let waiting = new Map<string, Waiting>()
  let running = false

  async function insert(batch: ReadonlyMap<string, Waiting>): Promise<ReadonlySet<string>> {
    const query: pg.QueryConfig & { readonly query_timeout: number } = {
      name: 'replay-claim',
      text: CLAIM,
      values: [
        Array.from(batch.keys(), (digest) => Buffer.from(digest, 'hex')),
        Array.from(batch.values(), ({ expiresAtMs }) => expiresAtMs),
      ],
      query_timeout: CLAIM_TIMEOUT_MS,
    }
    const { rows } = await pool.query<{ digest: Buffer }>(query)
    return new Set(rows.map(({ digest }) => digest.toString('hex')))
  }

  function takeBatch(): ReadonlyMap<string, Waiting> {
    if (waiting.size <= BATCH_CLAIMS) {
      const all = waiting
      waiting = new Map()
      return all
    }
    const batch = new Map([...waiting].slice(0, BATCH_CLAIMS))
    for (const digest of batch.keys()) waiting.delete(digest)
    return batch
  }

  async function run(): Promise<void> {
    running = true
    while (waiting.size > 0) {
      const batch = takeBatch()
      try {
        const claimed = await insert(batch)
        for (const [digest, { resolve }] of batch) resolve(claimed.has(digest))
      } catch (cause) {
        const error = storeAway(cause)
        for (const { reject } of batch.values()) reject(error)
      }
    }
    running = false
  }

  return {
    claim(kind: ReplayKind, key: string, expiresAtMs: number): Promise<boolean> {
      const digest = hash('sha256', `${kind}\n${key}`, 'hex')
      // The first of two in one batch stands for both: if its claim fails, neither was accepted.
      if (waiting.has(digest)) return Promise.resolve(false)
      if (waiting.size >= MAX_WAITING) {
        return Promise.reject(new GatewayError('gateway_overloaded', { retryAfterSeconds: 1 }))
      }
      return new Promise((resolve, reject) => {
        waiting.set(digest, { expiresAtMs, resolve, reject })
        if (!running) void run()
      })
    },
    async sweep(nowMs) {
      let deleted = 0
      for (;;) {
        const { rowCount } = await pool.query(SWEEP, [nowMs, SWEEP_SLICE])
        deleted += rowCount ?? 0
        if ((rowCount ?? 0) < SWEEP_SLICE) return deleted
      }
    },
  }
}

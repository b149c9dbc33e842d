import type pg from 'pg'
import { type AuthorityStore, LEASE_MS, type RevokedToken } from '../registry/authority.ts'

// Where the row is gone nothing is returned: the process is not waited for, so it may hold no lease.
const BEAT = `UPDATE gateway_process SET beat = beat + 1, authority = $2 WHERE process = $1
  RETURNING (SELECT authority FROM ledger_head) AS number,
            (SELECT coalesce(max(version), 0) FROM registry_version) AS "registryVersion"`
const REVOKED_SINCE = `SELECT token_digest AS "tokenDigest", expires_at AS "expiresAt" FROM token_revocation
  WHERE authority > $1 AND expires_at > now()`
const UNCONFIRMED = 'SELECT process, beat FROM gateway_process WHERE authority < $1'
const FORGET = 'DELETE FROM gateway_process WHERE process = $1 AND beat = $2'
/** The row's number is that of the authority that takes the token away, also where it was revoked before. */
const REVOKE = `INSERT INTO token_revocation (token_digest, authority, expires_at)
  SELECT digest, number, to_timestamp(expires_at_ms / 1000.0)
    FROM unnest($1::text[], $2::float8[]) AS revoked (digest, expires_at_ms), authority_advance() AS number
  ON CONFLICT (token_digest) DO UPDATE SET authority = excluded.authority RETURNING authority`
const SWEEP = `DELETE FROM token_revocation WHERE expires_at < now() - interval '1 minute'`

/** Clocks of two machines may run this much apart in speed: far more than any that works. */
const WAIT_MS = LEASE_MS * 1.1
const POLL_MS = 10
const BEAT_TIMEOUT_MS = LEASE_MS / 2

/** What this process tells and reads of authority. */
export function createAuthorityStore(pool: pg.Pool, processNumber: number): AuthorityStore {
  return {
    async enrol() {
      await pool.query('INSERT INTO gateway_process (process) VALUES ($1) ON CONFLICT DO NOTHING', [
        processNumber,
      ])
    },
    async beat(confirmed) {
      const query: pg.QueryConfig & { readonly query_timeout: number } = {
        name: 'authority-beat',
        text: BEAT,
        values: [processNumber, confirmed],
        query_timeout: BEAT_TIMEOUT_MS,
      }
      const { rows } = await pool.query<{ number: string; registryVersion: number }>(query)
      const [row] = rows
      return row && { number: Number(row.number), registryVersion: row.registryVersion }
    },
    async revokedSince(number) {
      const { rows } = await pool.query<{ tokenDigest: string; expiresAt: Date }>(REVOKED_SINCE, [number])
      return rows.map(({ tokenDigest, expiresAt }) => ({ tokenDigest, expiresAtMs: expiresAt.getTime() }))
    },
    async withdraw() {
      await pool.query('DELETE FROM gateway_process WHERE process = $1', [processNumber])
    },
  }
}

/** Waiting, by a clock that does not jump; both in milliseconds. */
export interface Waiting {
  readonly clock: () => number
  readonly sleep: (ms: number) => Promise<unknown>
}

const realWaiting: Waiting = {
  clock: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

interface ProcessRow {
  readonly process: number
  readonly beat: string | number
}

/**
 * Resolves once no process releases anything judged under less than `number`, which was committed before the call:
 * each has confirmed it, or the leases of those that did not are over. Never rejects: after a lease's time it holds
 * even where the database cannot be asked.
 */
export async function whenInForce(
  pool: pg.Pool,
  number: number,
  { clock, sleep }: Waiting = realWaiting,
): Promise<void> {
  const startedMs = clock()
  const look = () =>
    pool.query<ProcessRow>(UNCONFIRMED, [number]).then(
      ({ rows }) => rows,
      () => undefined,
    )
  const first = await look()
  for (let waitedFor = first; waitedFor?.length !== 0; waitedFor = await look()) {
    if (clock() - startedMs >= WAIT_MS) break
    await sleep(POLL_MS)
  }
  if (clock() - startedMs < WAIT_MS) return
  // A process that has not moved since the first look holds no lease: the next revocation need not wait for it.
  for (const { process, beat } of first ?? []) {
    await pool.query(FORGET, [process, beat]).catch(() => {})
  }
}

/** Revokes access tokens for all processes of the database. */
export interface TokenRevocations {
  /** Resolves once no later answer is released under the token, in any process. */
  revoke(token: RevokedToken): Promise<void>
  /** Deletes what has expired; for a timer. */
  sweep(): Promise<void>
}

/**
 * One revocation at a time and those that arrive meanwhile together: each makes every process judge anew what it
 * has under way, so a flood of them may not keep the log from growing.
 */
export function createTokenRevocations(pool: pg.Pool): TokenRevocations {
  let waiting: { readonly token: RevokedToken; readonly done: PromiseWithResolvers<void> }[] = []
  let running = false

  async function revokeAll(tokens: readonly RevokedToken[]): Promise<void> {
    const distinct = new Map(tokens.map(({ tokenDigest, expiresAtMs }) => [tokenDigest, expiresAtMs]))
    const values = [[...distinct.keys()], [...distinct.values()]]
    const { rows } = await pool.query<{ authority: string | number }>(REVOKE, values)
    await whenInForce(pool, Number(rows[0]?.authority))
  }

  async function run(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      await revokeAll(batch.map(({ token }) => token)).then(
        () => batch.forEach(({ done }) => void done.resolve()),
        (error: unknown) => batch.forEach(({ done }) => void done.reject(error)),
      )
    }
    running = false
  }

  return {
    revoke(token) {
      const done = Promise.withResolvers<void>()
      waiting.push({ token, done })
      if (!running) void run()
      return done.promise
    },
    async sweep() {
      await pool.query(SWEEP)
    },
  }
}

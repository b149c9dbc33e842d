import type pg from 'pg'

/** Months that have a partition before their first exchange arrives. */
const MONTHS_AHEAD = 3

/**
 * Makes the partitions of this month and the next ones. It may run in several processes at once, and every so
 * often: what is there stays as it is.
 * @returns how many were made.
 */
export async function ensurePartitions(pool: pg.Pool, nowMs: number): Promise<number> {
  const now = new Date(nowMs)
  let made = 0
  for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead += 1) {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead))
    const { rows } = await pool.query<{ made: boolean }>(
      "SELECT ensure_record_partition($1, parent) AS made FROM unnest(ARRAY['exchange_record', 'exchange_private']) AS parent",
      [month],
    )
    if (rows.some((row) => row.made)) made += 1
  }
  return made
}

/** Records counted in one transaction: some tens of milliseconds. */
const COUNTED_AT_ONCE = 5000

/** Brings the counts up to the log's end, a short transaction at a time. @returns how many records it counted. */
export async function advanceRollups(pool: pg.Pool, signal?: AbortSignal): Promise<number> {
  let counted = 0
  for (;;) {
    const { rows } = await pool.query<{ n: number }>('SELECT rollup_advance($1) AS n', [COUNTED_AT_ONCE])
    const n = Number(rows[0]?.n ?? 0)
    counted += n
    if (n < COUNTED_AT_ONCE || signal?.aborted === true) return counted
  }
}

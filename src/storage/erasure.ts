import pg from 'pg'
import {
  type DueSpan,
  type Erasure,
  type ErasureStore,
  type LegalHold,
  type PersonTag,
  type PersonTraces,
  settledUntil,
} from '../ledger/retention.ts'
import { SUBJECT_TAG_BYTES } from '../ledger/tag.ts'
import { eraseCopies, noteErased } from './kept-copies.ts'
import { inTransaction } from './transaction.ts'

const HOLD_COLUMNS =
  'id, authority, from_month AS "fromMonth", to_month AS "toMonth", until_day::text AS "untilDay"'
/** The month (`yyyy-mm`, UTC) of an exchange. */
const monthOf = (id: string) => `to_char(exchange_time(${id}) AT TIME ZONE 'UTC', 'YYYY-MM')`
/** Whether a month is under a hold on a day. */
const held = (month: string, today: string) => `EXISTS (SELECT FROM legal_hold
  WHERE released_at IS NULL AND until_day >= ${today}::date AND ${month} BETWEEN from_month AND to_month)`

/** A provider's records of a span, none of a held month: `$1` provider, `$2` from, `$3` before, `$4` today. */
const IN_SPAN = (table: string) => `FROM exchange_record AS record JOIN ${table} AS part USING (exchange_id)
  WHERE record.provider = $1
    AND record.exchange_id >= exchange_id_from($2) AND record.exchange_id < exchange_id_from($3)
    AND part.exchange_id >= exchange_id_from($2) AND part.exchange_id < exchange_id_from($3)
    AND NOT ${held(monthOf('exchange_id'), '$4')}`
const DUE_PARTS = `SELECT exchange_id ${IN_SPAN('exchange_private')} AND part.sealed IS NOT NULL`
const DUE_BATCHES = `SELECT exchange_id ${IN_SPAN('exchange_subjects')}`
const COUNT_DUE = `SELECT count(*)::int AS count FROM (${DUE_PARTS} UNION ${DUE_BATCHES}) AS due`

/** Empties the rows that `due` names, and marks their months' tables to be written anew. */
const blank = (due: string, by: string) => `WITH due AS (${due}), erased AS (
    UPDATE exchange_private AS part
       SET subject_tag = NULL, officer_tag = NULL, dossier_tag = NULL, sealed = NULL, erased_by = ${by}
      FROM due WHERE part.exchange_id = due.exchange_id RETURNING part.exchange_id
  ), marked AS (
    UPDATE tag_key SET rewrite = true WHERE month IN (SELECT DISTINCT ${monthOf('exchange_id')} FROM erased)
  )
  SELECT count(*)::int AS count FROM erased`
const AT_ONCE = 5000
const ERASE_SPAN = blank(`${DUE_PARTS} LIMIT ${AT_ONCE}`, '$5')
const ERASE_BATCHES = `DELETE FROM exchange_subjects WHERE exchange_id IN (${DUE_BATCHES} LIMIT ${AT_ONCE})`
const ERASE_PARTS = blank(
  `SELECT exchange_id FROM exchange_private
    WHERE exchange_id = ANY ($1) AND sealed IS NOT NULL AND NOT ${held(monthOf('exchange_id'), '$2')}`,
  '$3',
)
const PARTS_OF = `SELECT exchange_id FROM unnest($1::text[], $2::text[]) AS sought (month, tag)
  CROSS JOIN LATERAL (SELECT exchange_id FROM exchange_private
    WHERE subject_tag = sought.tag AND exchange_id >= exchange_id_from((sought.month || '-01T00:00:00Z')::timestamptz)
      AND exchange_id < exchange_id_from((sought.month || '-01T00:00:00Z')::timestamptz + interval '1 month')) AS found`

const BATCHES_OF = `SELECT DISTINCT found.exchange_id FROM unnest($1::text[], $2::bytea[]) AS sought (month, tag)
  CROSS JOIN LATERAL (SELECT exchange_id FROM exchange_subjects
    WHERE position(sought.tag IN tags) > 0 AND exchange_id >= exchange_id_from((sought.month || '-01T00:00:00Z')::timestamptz)
      AND exchange_id < exchange_id_from((sought.month || '-01T00:00:00Z')::timestamptz + interval '1 month')) AS found`
const LOCK_BATCHES = `SELECT exchange_id, tags FROM exchange_subjects
  WHERE exchange_id = ANY ($1) AND NOT ${held(monthOf('exchange_id'), '$2')} FOR UPDATE`

/** Puts nothing in the place of a person's tags: the others keep theirs. @returns whether there was one. */
function blankTags(tags: Buffer, sought: readonly Uint8Array[]): boolean {
  let isFound = false
  for (let at = 0; at < tags.length; at += SUBJECT_TAG_BYTES) {
    const one = tags.subarray(at, at + SUBJECT_TAG_BYTES)
    if (!sought.some((tag) => one.equals(tag))) continue
    one.fill(0)
    isFound = true
  }
  return isFound
}

async function eraseFromBatches(
  pool: pg.Pool,
  { batches, tags }: PersonTraces,
  { by, today }: Erasure,
): Promise<number> {
  if (batches.length === 0) return 0
  const sought = tags.flatMap(({ inBatch }) => inBatch ?? [])
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ exchange_id: string; tags: Buffer }>(LOCK_BATCHES, [batches, today])
    const blanked = rows.filter((row) => blankTags(row.tags, sought))
    for (const row of blanked)
      await client.query('UPDATE exchange_subjects SET tags = $2, erased_by = $3 WHERE exchange_id = $1', [
        row.exchange_id,
        row.tags,
        by,
      ])
    await noteErased(client, blanked.length > 0 ? ['exchange_subjects'] : [])
    return blanked.length
  })
}

async function tracesOf(pool: pg.Pool, tags: readonly PersonTag[]): Promise<PersonTraces> {
  const ids = async (text: string, sought: readonly PersonTag[], values: readonly unknown[]) => {
    const { rows } = await pool.query<{ exchange_id: string }>(text, [
      sought.map(({ month }) => month),
      values,
    ])
    return rows.map(({ exchange_id }) => exchange_id)
  }
  const inBatch = tags.filter((each) => each.inBatch !== undefined)
  return {
    tags,
    exchanges: await ids(
      PARTS_OF,
      tags,
      tags.map(({ tag }) => tag),
    ),
    batches: await ids(
      BATCHES_OF,
      inBatch,
      inBatch.map((each) => each.inBatch),
    ),
  }
}

/** What is waited for a table's lock: whoever holds it longer is not kept waiting, it is tried again. */
const LOCK_TIMEOUT_MS = 5000

/** Writes a table anew; what was erased meanwhile, or could not be now, is noted again. */
async function rewriteTable(pool: pg.Pool, table: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('DELETE FROM erased_from WHERE table_name = $1', [table])
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await client.query(`VACUUM FULL ${pg.escapeIdentifier(table)}`)
    await client.query('RESET lock_timeout')
    client.release()
  } catch (error) {
    client.release(true)
    await noteErased(pool, [table])
    throw error
  }
}

const partitionOf = (month: string) => `exchange_private_${month.replace('-', '_')}`

async function isThere(client: Pick<pg.Pool, 'query'>, table: string): Promise<boolean> {
  const { rows } = await client.query<{ name: string | null }>('SELECT to_regclass($1) AS name', [table])
  return rows[0]?.name !== null
}

/** Takes a month's private parts and the tags of its batches' subjects away: a partition emptied is a file removed. */
async function emptyMonth(client: Pick<pg.Pool, 'query'>, month: string): Promise<void> {
  const partition = partitionOf(month)
  if (await isThere(client, partition)) await client.query(`TRUNCATE ${partition}`)
  for (const table of ['exchange_private_default', 'exchange_subjects'])
    await client.query(
      `DELETE FROM ${table}
      WHERE exchange_id >= exchange_id_from($1) AND exchange_id < exchange_id_from($1::timestamptz + interval '1 month')`,
      [`${month}-01T00:00:00Z`],
    )
}

/** How far each provider's records were looked through, so that a night looks at a day's worth. */
async function readProgress(pool: pg.Pool, providers: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await pool.query<{ provider: string; settled: Date }>(
    'SELECT provider, settled FROM retention_progress WHERE provider = ANY ($1)',
    [providers],
  )
  return new Map(rows.map(({ provider, settled }) => [provider, settled]))
}

const BEGINNING = new Date(0)

export function createErasureStore(pool: pg.Pool): ErasureStore {
  async function holds(): Promise<readonly LegalHold[]> {
    const { rows } = await pool.query<LegalHold>(
      `SELECT ${HOLD_COLUMNS} FROM legal_hold WHERE released_at IS NULL ORDER BY placed_at, id`,
    )
    return rows
  }

  /** Of the providers that have something left before the span's end. */
  async function remaining({ providers, beforeMs }: DueSpan) {
    const progress = await readProgress(pool, providers)
    const before = new Date(beforeMs)
    return providers
      .map((provider) => ({ provider, from: progress.get(provider) ?? BEGINNING, before }))
      .filter(({ from }) => from < before)
  }

  async function count(text: string, values: readonly unknown[]): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(text, [...values])
    return rows[0]?.count ?? 0
  }

  async function eraseBatches(span: readonly unknown[]): Promise<void> {
    for (let last = AT_ONCE; last === AT_ONCE; ) {
      last = (await pool.query(ERASE_BATCHES, [...span])).rowCount ?? 0
      if (last > 0) await noteErased(pool, ['exchange_subjects'])
    }
  }

  return {
    holds,
    async keyMonths() {
      const { rows } = await pool.query<{ month: string }>(
        'SELECT month FROM tag_key WHERE sealed_key IS NOT NULL ORDER BY month',
      )
      return rows.map(({ month }) => month)
    },
    async place({ id, authority, fromMonth, toMonth, untilDay }) {
      const { rowCount } = await pool.query(
        `INSERT INTO legal_hold (id, authority, from_month, to_month, until_day) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING`,
        [id, authority, fromMonth, toMonth, untilDay],
      )
      return rowCount === 1
    },
    async release(id) {
      const { rowCount } = await pool.query(
        'UPDATE legal_hold SET released_at = clock_timestamp() WHERE id = $1 AND released_at IS NULL',
        [id],
      )
      return rowCount === 1
    },
    async destroy(months, { by, today }: Erasure) {
      const erased = await inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ month: string }>(
          `UPDATE tag_key SET sealed_key = NULL, erased_by = $3, rewrite = false
            WHERE month = ANY($1) AND sealed_key IS NOT NULL AND NOT ${held('month', '$2')} RETURNING month`,
          [months, today, by],
        )
        for (const { month } of rows) await emptyMonth(client, month)
        return rows.map(({ month }) => month).sort()
      })
      // What an update leaves behind stays readable in the file until the table is written anew.
      if (erased.length > 0)
        await pool.query('VACUUM FULL tag_key, exchange_private_default, exchange_subjects')
      return erased
    },
    async countSpan(span, today) {
      let found = 0
      for (const { provider, from, before } of await remaining(span))
        found += await count(COUNT_DUE, [provider, from, before, today])
      return found
    },
    async eraseSpan(span, { by, today }) {
      let erased = 0
      const standing = await holds()
      for (const { provider, from, before } of await remaining(span)) {
        const span = [provider, from, before, today]
        erased += await count(COUNT_DUE, span)
        for (let last = AT_ONCE; last === AT_ONCE; ) last = await count(ERASE_SPAN, [...span, by])
        await eraseBatches(span)
        const settledMs = settledUntil(
          { fromMs: from.getTime(), beforeMs: before.getTime() },
          standing,
          today,
        )
        await pool.query(
          `INSERT INTO retention_progress (provider, settled) VALUES ($1, $2)
           ON CONFLICT (provider) DO UPDATE SET settled = greatest(retention_progress.settled, excluded.settled)`,
          [provider, new Date(settledMs)],
        )
      }
      return erased
    },
    tracesOf: (tags) => tracesOf(pool, tags),
    async eraseTraces(traces, { by, today }) {
      const erased = await count(ERASE_PARTS, [traces.exchanges, today, by])
      return erased + (await eraseFromBatches(pool, traces, { by, today }))
    },
    eraseCopies: ({ exchanges, batches }, today, isDry) =>
      eraseCopies(pool, [...exchanges, ...batches], { today, held: held(monthOf('origin.id'), '$2'), isDry }),
    async rewrite(presentMonth) {
      const { rows } = await pool.query<{ month: string }>(
        'SELECT month FROM tag_key WHERE rewrite AND month < $1 ORDER BY month',
        [presentMonth],
      )
      for (const { month } of rows) {
        const partition = partitionOf(month)
        // Unmarked before: what is erased meanwhile marks it again.
        await pool.query('UPDATE tag_key SET rewrite = false WHERE month = $1', [month])
        await pool.query(
          `VACUUM FULL ${(await isThere(pool, partition)) ? partition : 'exchange_private_default'}`,
        )
      }
    },
    async rewriteCopies() {
      const { rows } = await pool.query<{ table_name: string }>(
        'SELECT table_name FROM erased_from ORDER BY 1',
      )
      for (const { table_name: table } of rows) await rewriteTable(pool, table)
    },
  }
}

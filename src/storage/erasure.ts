import type pg from 'pg'
import type { LegalHold } from '../ledger/retention.ts'
import { inTransaction } from './transaction.ts'

/** Keys of tags and the holds over them. */
export interface ErasureStore {
  /** Months whose key is there. */
  keyMonths(): Promise<readonly string[]>
  /** Holds that were not released, ended ones included. */
  holds(): Promise<readonly LegalHold[]>
  /** @returns whether it was placed; false where the id is taken. */
  place(hold: LegalHold): Promise<boolean>
  /** @returns whether there was such a hold. */
  release(id: string): Promise<boolean>
  /**
   * Erases all private parts of the months but for those that a hold keeps by then: their keys, tags and disclosures,
   * so that no byte of them is left in the tables. @returns the months erased.
   */
  destroy(months: readonly string[], erasure: Erasure): Promise<readonly string[]>
}

/** Under what something is erased. */
export interface Erasure {
  /** Exchange id of the erasure's own record in the log. */
  readonly by: string
  /** `yyyy-mm-dd` in Vietnam: holds that ended before it keep nothing. */
  readonly today: string
}

/** Whether a month (`month`) is under a hold on the day `$2`. */
const HELD = `EXISTS (SELECT FROM legal_hold
  WHERE released_at IS NULL AND until_day >= $2::date AND month BETWEEN from_month AND to_month)`

/** Takes a month's private parts away: a partition emptied is a file removed. */
async function emptyMonth(client: Pick<pg.Pool, 'query'>, month: string): Promise<void> {
  const partition = `exchange_private_${month.replace('-', '_')}`
  const { rows } = await client.query<{ name: string | null }>('SELECT to_regclass($1) AS name', [partition])
  if (rows[0]?.name) await client.query(`TRUNCATE ${partition}`)
  await client.query(
    `DELETE FROM exchange_private_default
      WHERE exchange_id >= exchange_id_from($1) AND exchange_id < exchange_id_from($1::timestamptz + interval '1 month')`,
    [`${month}-01T00:00:00Z`],
  )
}

const HOLD_COLUMNS =
  'id, authority, from_month AS "fromMonth", to_month AS "toMonth", until_day::text AS "untilDay"'

export function createErasureStore(pool: pg.Pool): ErasureStore {
  return {
    async keyMonths() {
      const { rows } = await pool.query<{ month: string }>(
        'SELECT month FROM tag_key WHERE sealed_key IS NOT NULL ORDER BY month',
      )
      return rows.map(({ month }) => month)
    },
    async holds() {
      const { rows } = await pool.query<LegalHold>(
        `SELECT ${HOLD_COLUMNS} FROM legal_hold WHERE released_at IS NULL ORDER BY placed_at, id`,
      )
      return rows
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
    async destroy(months, { by, today }) {
      const erased = await inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ month: string }>(
          `UPDATE tag_key SET sealed_key = NULL, erased_by = $3
            WHERE month = ANY($1) AND sealed_key IS NOT NULL AND NOT ${HELD} RETURNING month`,
          [months, today, by],
        )
        for (const { month } of rows) await emptyMonth(client, month)
        return rows.map(({ month }) => month).sort()
      })
      // What an update leaves behind stays readable in the file until the table is written anew.
      if (erased.length > 0) await pool.query('VACUUM FULL tag_key, exchange_private_default')
      return erased
    },
  }
}

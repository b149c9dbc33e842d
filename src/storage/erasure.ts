import type pg from 'pg'
import type { LegalHold } from '../ledger/retention.ts'

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
   * Destroys the months' keys but for those that a hold keeps by then, and rewrites their table, so that no byte of
   * a destroyed one is left in it. @returns the months destroyed.
   */
  destroy(months: readonly string[], today: string): Promise<readonly string[]>
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
    async destroy(months, today) {
      const { rows } = await pool.query<{ month: string }>(
        `UPDATE tag_key SET sealed_key = NULL, destroyed_at = clock_timestamp()
          WHERE month = ANY($1) AND sealed_key IS NOT NULL
            AND NOT EXISTS (SELECT FROM legal_hold
                             WHERE released_at IS NULL AND until_day >= $2::date
                               AND month BETWEEN from_month AND to_month)
        RETURNING month`,
        [months, today],
      )
      // What an update leaves behind stays readable in the file until the table is written anew.
      if (rows.length > 0) await pool.query('VACUUM FULL tag_key')
      return rows.map(({ month }) => month).sort()
    },
  }
}

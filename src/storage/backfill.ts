import type pg from 'pg'
import { inTransaction } from './transaction.ts'

/** One row of the counts by day or, where `hour` is given, by hour. */
export interface RollupRow {
  /** `yyyy-mm-dd` in Vietnam, or the start of the hour in RFC 3339. */
  readonly at: string
  readonly consumer: string
  readonly provider: string
  readonly service: string
  readonly operation: string
  readonly outcome: string
  readonly code: string
  /** '' where none was named. */
  readonly purpose?: string
  readonly count: number
}

/** Marks counts that no record stands behind, so that they can be told and taken away again. */
export const SYNTHETIC_AGREEMENT = 'mo-phong'

const AT_ONCE = 20_000

const COLUMNS = [
  'at',
  'consumer',
  'provider',
  'service',
  'operation',
  'outcome',
  'code',
  'purpose',
  'count',
] as const satisfies readonly (keyof RollupRow)[]

function* batchesOf(rows: Iterable<RollupRow>): Generator<readonly RollupRow[]> {
  let batch: RollupRow[] = []
  for (const row of rows) {
    batch.push(row)
    if (batch.length < AT_ONCE) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/**
 * Adds synthetic counts, all or none: an audit that runs meanwhile sees them with what follows from them, or not at all.
 * Never for a gateway that carries real exchanges: its counts are its records'.
 */
export function writeSyntheticRollups(
  pool: pg.Pool,
  grain: 'day' | 'hour',
  rows: Iterable<RollupRow>,
): Promise<number> {
  return inTransaction(pool, async (client) => {
    let written = 0
    for (const batch of batchesOf(rows)) {
      const column = (name: keyof RollupRow) => batch.map((row) => row[name] ?? '')
      await client.query(
        `INSERT INTO exchange_${grain} (${grain}, consumer, provider, service, operation, outcome, code, agreement, purpose, count)
         SELECT at, consumer, provider, service, operation, outcome, code, '${SYNTHETIC_AGREEMENT}', purpose, sum(count)
           FROM unnest($1::${grain === 'day' ? 'date' : 'timestamptz'}[], $2::text[], $3::text[], $4::text[], $5::text[],
                       $6::text[], $7::text[], $8::text[], $9::bigint[])
             AS given (at, consumer, provider, service, operation, outcome, code, purpose, count)
          GROUP BY 1, 2, 3, 4, 5, 6, 7, 9
         ON CONFLICT (${grain}, consumer, provider, service, operation, outcome, code, agreement, purpose)
         DO UPDATE SET count = exchange_${grain}.count + excluded.count`,
        COLUMNS.map(column),
      )
      written += batch.length
    }
    await client.query('SELECT rollup_derive()')
    return written
  })
}

/** @returns how many exchanges of this database are synthetic counts, which have no records. */
export async function countSynthetic(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: string }>(
    'SELECT coalesce(sum(count), 0)::text AS n FROM exchange_day WHERE agreement = $1',
    [SYNTHETIC_AGREEMENT],
  )
  return Number(rows[0]?.n ?? 0)
}

import type pg from 'pg'
import type { BulkCounts } from '../jobs/bulk.ts'
import { CRITERIA, emptyTally, GROUP_NUMBERS, RECORD_OUTCOMES, type Tally } from '../jobs/data-quality.ts'
import type { Parties } from '../reporting/figures.ts'
import type { Period } from '../reporting/period.ts'
import type { CleaningRow } from '../reporting/quality.ts'

type Count = (tally: Tally) => number

/** Every count of a tally, under the name of its column. */
const COUNTS: readonly (readonly [column: string, count: Count])[] = [
  ['records', ({ records }) => records],
  ...RECORD_OUTCOMES.map((outcome) => [outcome, ({ outcomes }: Tally) => outcomes[outcome]] as const),
  ...GROUP_NUMBERS.map((group) => [`group_${group}`, ({ groups }: Tally) => groups[group]] as const),
  ...CRITERIA.map(({ id }) => [id, ({ failing }: Tally) => failing[id]] as const),
]
const COLUMNS = COUNTS.map(([column]) => column)

const ADD = `INSERT INTO cleaning_day (day, consumer, service, unit, jobs, ${COLUMNS.join(', ')})
  SELECT (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, $1, $2, given.*
    FROM unnest($3::text[], $4::bigint[], ${COLUMNS.map((_, place) => `$${place + 5}::bigint[]`).join(', ')})
      AS given (unit, jobs, ${COLUMNS.join(', ')}) ORDER BY unit
  ON CONFLICT (day, consumer, service, unit)
  DO UPDATE SET ${['jobs', ...COLUMNS].map((name) => `${name} = cleaning_day.${name} + excluded.${name}`).join(', ')}`

/** A job's result by unit, what belongs to no unit under ''. */
function partsOf({
  total,
  units,
}: BulkCounts): readonly (readonly [unit: string, counts: readonly number[]])[] {
  const named = Object.entries(units).map(
    ([unit, tally]) => [unit, COUNTS.map(([, of]) => of(tally))] as const,
  )
  const rest = COUNTS.map(([, of], place) =>
    named.reduce((left, [, counts]) => left - (counts[place] ?? 0), of(total)),
  )
  return [['', rest], ...named]
}

/** Adds a job's result to the day's, in the transaction that says it is done. */
export async function addCleaning(
  client: pg.PoolClient,
  of: { readonly consumer: string; readonly service: string },
  counts: BulkCounts,
): Promise<void> {
  const parts = partsOf(counts)
  const units = parts.map(([unit]) => unit)
  await client.query(ADD, [
    of.consumer,
    of.service,
    units,
    units.map((unit) => (unit === '' ? 1 : 0)),
    ...COUNTS.map((_, place) => parts.map(([, own]) => own[place] ?? 0)),
  ])
}

type Row = Readonly<Record<string, string>>

function tallyOf(row: Row): Tally {
  const tally = emptyTally()
  const read = (column: string) => Number(row[column] ?? 0)
  tally.records = read('records')
  for (const outcome of RECORD_OUTCOMES) tally.outcomes[outcome] = read(outcome)
  for (const group of GROUP_NUMBERS) tally.groups[group] = read(`group_${group}`)
  for (const { id } of CRITERIA) tally.failing[id] = read(id)
  return tally
}

export async function readCleaning(
  pool: pg.Pool,
  { from, until }: Period,
  parties: Parties,
): Promise<readonly CleaningRow[]> {
  const { rows } = await pool.query<Row>(
    `SELECT consumer, service, unit, ${['jobs', ...COLUMNS].map((name) => `sum(${name})::text AS ${name}`).join(', ')}
       FROM cleaning_day WHERE day >= $1 AND day < $2
        AND ($3::text[] IS NULL OR consumer = ANY ($3)
             OR array_to_string((string_to_array(service, '/'))[1:2], '/') = ANY ($3))
      GROUP BY consumer, service, unit ORDER BY consumer, service, unit`,
    [from, until, parties ?? null],
  )
  return rows.map((row) => ({
    consumer: row['consumer'] ?? '',
    service: row['service'] ?? '',
    unit: row['unit'] ?? '',
    jobs: Number(row['jobs']),
    tally: tallyOf(row),
  }))
}

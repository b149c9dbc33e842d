import type pg from 'pg'
import type { ExchangeRecord } from '../ledger/record.ts'
import type { OperationalStore, ServiceEvents } from '../reporting/operational-desk.ts'
import { createParameters } from './audit-conditions.ts'
import { planned } from './log.ts'

/** Readings of the log are recorded too, but are no exchanges of a service. */
const EXCHANGES = "(service LIKE '%/%' OR service = 'xroad')"
/** Of each service, among which its last successful and unsuccessful exchange is looked for. */
const NEWEST = 20

/** Whether a record (as `leaf`) is of an exchange that X-Road calls successful. */
const SUCCEEDED = "outcome = 'delivered' AND (leaf #>> '{answer,status}')::int < 400"

const HEALTH = `
  WITH period AS MATERIALIZED (
    SELECT service, outcome, exchange_time(exchange_id) AS received, at,
           convert_from(leaf, 'UTF8')::jsonb AS leaf
      FROM exchange_record WHERE leaf_index >= $1 AND service = ANY ($2::text[])
  ), facts AS (
    SELECT service, ${SUCCEEDED} AS ok, extract(epoch FROM at - received) * 1000 AS ms,
           (leaf #>> '{request,bytes}')::bigint AS request, (leaf #>> '{answer,bytes}')::bigint AS response
      FROM period
  ), counts AS (
    SELECT service, count(*) FILTER (WHERE ok) AS successful, count(*) FILTER (WHERE NOT ok) AS unsuccessful,
           ${['ms', 'request', 'response']
             .flatMap((each) =>
               ['min', 'avg', 'max', 'stddev_pop'].map(
                 (of) => `${of}(${each}) FILTER (WHERE ok)::double precision AS ${each}_${of}`,
               ),
             )
             .join(', ')}
      FROM facts GROUP BY service
  ), last AS (
    SELECT named.service, max(newest.received) FILTER (WHERE newest.ok) AS last_ok,
           max(newest.received) FILTER (WHERE NOT newest.ok) AS last_not_ok
      FROM unnest($2::text[]) AS named (service) CROSS JOIN LATERAL (
        SELECT received, ${SUCCEEDED} AS ok FROM (
          SELECT outcome, exchange_time(exchange_id) AS received, convert_from(leaf, 'UTF8')::jsonb AS leaf
            FROM exchange_record WHERE service = named.service ORDER BY exchange_id DESC LIMIT ${NEWEST}
        ) AS newest_records
      ) AS newest GROUP BY named.service
  )
  SELECT last.service, last_ok, last_not_ok, counts.* FROM last LEFT JOIN counts USING (service) ORDER BY 1`

type HealthRow = Readonly<Record<string, number | null>> & {
  readonly service: string
  readonly last_ok: Date | null
  readonly last_not_ok: Date | null
}

function spreadOf(row: HealthRow, of: string) {
  const [min, average, max, deviation] = ['min', 'avg', 'max', 'stddev_pop'].map(
    (each) => row[`${of}_${each}`],
  )
  if (typeof min !== 'number' || typeof average !== 'number') return undefined
  return { min, average, max: max ?? min, deviation: deviation ?? 0 }
}

/** Reads the log in the order of its records, whose times never decrease. */
export function createOperationalStore(pool: pg.Pool): OperationalStore {
  /** The log has no index on its time: it is sorted by it, so a few steps find the place. */
  async function firstAt(instant: Date): Promise<number> {
    const { rows } = await pool.query<{ size: number }>('SELECT size FROM ledger_head')
    let low = 0
    let high = Number(rows[0]?.size ?? 0)
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const found = await pool.query<{ leaf_index: number; at: Date }>(
        planned(
          'first-from',
          'SELECT leaf_index, at FROM exchange_record WHERE leaf_index >= $1 ORDER BY leaf_index LIMIT 1',
          [middle],
        ),
      )
      const [record] = found.rows
      if (record === undefined || record.at >= instant) high = middle
      // Records dropped after their time are in nobody's way.
      else low = Number(record.leaf_index) + 1
    }
    return low
  }

  return {
    async records({ fromSeconds, untilSeconds, provider, parties, limit }) {
      const [first, end] = [
        await firstAt(new Date(fromSeconds * 1000)),
        await firstAt(new Date(untilSeconds * 1000)),
      ]
      const parameters = createParameters()
      const conditions = [
        EXCHANGES,
        `leaf_index >= ${parameters.add(first)}`,
        `leaf_index < ${parameters.add(end)}`,
      ]
      if (provider !== undefined) conditions.push(`provider = ${parameters.add(provider)}`)
      if (parties !== undefined) {
        const own = `ANY (${parameters.add([...parties])}::text[])`
        conditions.push(`(consumer = ${own} OR provider = ${own})`)
      }
      const bound = limit === undefined ? '' : ` LIMIT ${parameters.add(limit)}`
      const { rows } = await pool.query<{ leaf: Buffer }>(
        `SELECT leaf FROM exchange_record WHERE ${conditions.join(' AND ')} ORDER BY leaf_index${bound}`,
        parameters.values,
      )
      // Leaves are written by `encodeLeaf` alone.
      return rows.map(({ leaf }) => JSON.parse(leaf.toString('utf8')) as ExchangeRecord)
    },
    async health(since, services) {
      const { rows } = await pool.query<HealthRow>(HEALTH, [await firstAt(since), [...services]])
      return rows.map(
        (row): ServiceEvents => ({
          service: row.service,
          lastSuccessful: row.last_ok ?? undefined,
          lastUnsuccessful: row.last_not_ok ?? undefined,
          successful: Number(row['successful'] ?? 0),
          unsuccessful: Number(row['unsuccessful'] ?? 0),
          duration: spreadOf(row, 'ms'),
          requestSize: spreadOf(row, 'request'),
          responseSize: spreadOf(row, 'response'),
        }),
      )
    },
  }
}

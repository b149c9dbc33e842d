import type pg from 'pg'
import type { Connection, FigureScope, FigureStore, Latency, Refusal } from '../reporting/figures.ts'
import { branchConditions, createParameters, idsFrom } from './audit-conditions.ts'
import { UNCOUNTED } from './audit-counts.ts'
import { readPackages } from './handovers.ts'

/** Exchanges that a latency is told of: the latest, so that the answer takes the same time however many there are. */
const LATENCY_SAMPLE = 10_000

const PARTY = '($1::text[] IS NULL OR consumer = ANY ($1) OR provider = ANY ($1))'

interface ConnectionRow {
  readonly consumer: string
  readonly provider: string
  readonly service: string
  readonly delivered: string
  readonly last: string | null
}

/**
 * Each way a record can belong is walked along its own index, so that few are read however many there are.
 * @returns undefined where nothing can belong.
 */
function latencyStatement(since: Date, { parties, service }: FigureScope) {
  const parameters = createParameters()
  const shared = [
    ...idsFrom(parameters, since),
    service === undefined
      ? "service NOT IN ('audit', 'erasure', 'application')"
      : `service = ${parameters.add(service)}`,
  ]
  const branches = branchConditions({ parties }, parameters).map(
    (branch) => `(SELECT exchange_id, at FROM exchange_record WHERE ${[...shared, ...branch].join(' AND ')}
                   ORDER BY exchange_id DESC LIMIT ${LATENCY_SAMPLE})`,
  )
  if (branches.length === 0) return undefined
  return {
    text: `SELECT count(*) AS exchanges, percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
                  percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) AS p95,
                  percentile_disc(0.99) WITHIN GROUP (ORDER BY ms) AS p99
             FROM (SELECT round(extract(epoch FROM at - exchange_time(exchange_id)) * 1000)::integer AS ms
                     FROM (${branches.join(' UNION ')}) AS latest (exchange_id, at)
                    ORDER BY exchange_id DESC LIMIT ${LATENCY_SAMPLE}) AS taken`,
    values: parameters.values,
  }
}

/** Days are walked from the first on, and only for what is known to have been delivered since. */
const FIRST_DELIVERED = `SELECT CASE WHEN EXISTS (
      SELECT FROM exchange_connection c WHERE c.service = a.service AND c.consumer = coalesce(a.consumer, c.consumer)
         AND c.last_delivered >= a.since)
    THEN (SELECT d.day::text FROM exchange_day d WHERE d.day >= a.since AND d.service = a.service
             AND d.consumer = coalesce(a.consumer, d.consumer) AND d.outcome = 'delivered' ORDER BY d.day LIMIT 1)
    END AS day
  FROM unnest($1::text[], $2::text[], $3::date[]) WITH ORDINALITY AS a (service, consumer, since, place) ORDER BY place`

/** What the figures need beside counts. Readings of the log are no exchanges here. */
export function createFigureStore(pool: pg.Pool): FigureStore {
  return {
    async opening() {
      const { rows } = await pool.query<{ day: string | null }>(
        `SELECT least((SELECT min(day) FROM exchange_day_total WHERE service NOT IN ('audit', 'erasure', 'application')),
                      (SELECT (min(received) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date FROM countable_record
                        WHERE ${UNCOUNTED} AND service NOT IN ('audit', 'erasure', 'application')))::text AS day`,
      )
      return rows[0]?.day ?? undefined
    },
    async connections(parties): Promise<readonly Connection[]> {
      const { rows } = await pool.query<ConnectionRow>(
        `SELECT consumer, provider, service, delivered::text, last_delivered::text AS last
           FROM exchange_connection WHERE service NOT IN ('audit', 'erasure', 'application', '') AND ${PARTY} ORDER BY consumer, service`,
        [parties ?? null],
      )
      return rows.map(({ last, delivered, ...row }) => ({
        ...row,
        delivered: Number(delivered),
        lastDelivered: last ?? undefined,
      }))
    },
    async firstDelivered(asked) {
      if (asked.length === 0) return []
      const { rows } = await pool.query<{ day: string | null }>(FIRST_DELIVERED, [
        asked.map(({ service }) => service),
        asked.map(({ consumer }) => consumer ?? null),
        asked.map(({ since }) => since),
      ])
      return rows.map(({ day }) => day ?? undefined)
    },
    async refusals({ from, until }, { parties, service }) {
      const { rows } = await pool.query<Omit<Refusal, 'count'> & { readonly n: string }>(
        `SELECT provider, code, agreement, sum(count)::text AS n, count(DISTINCT day)::int AS days, max(day)::text AS last
           FROM exchange_day
          WHERE outcome = 'refused' AND day >= $2 AND day < $3 AND service NOT IN ('audit', 'erasure', 'application') AND ${PARTY}
            AND ($4::text IS NULL OR service = $4)
          GROUP BY provider, code, agreement ORDER BY sum(count) DESC, provider, code LIMIT 500`,
        [parties ?? null, from, until, service ?? null],
      )
      return rows.map(({ n, ...row }) => ({ ...row, count: Number(n) }))
    },
    packages: (period, scope) => readPackages(pool, period, scope),
    async latency(since, scope) {
      const statement = latencyStatement(since, scope)
      if (statement === undefined) return undefined
      const { text, values } = statement
      const { rows } = await pool.query<{ [member in keyof Latency]: number | null }>(text, [...values])
      const { exchanges, p50, p95, p99 } = rows[0] ?? {}
      if (!exchanges || p50 === null || p50 === undefined) return undefined
      return { exchanges: Number(exchanges), p50, p95: p95 ?? p50, p99: p99 ?? p50 }
    },
  }
}

import type pg from 'pg'
import type { ContractFault } from '../jobs/contract-faults.ts'
import type { FreshnessRow, QualityStore } from '../reporting/quality.ts'
import { readCleaning } from './cleaning.ts'

/** What is written of broken contracts, and of how they were mended. */
export interface ContractFaultStore {
  add(faults: readonly ContractFault[]): Promise<void>
  /**
   * Closes incidents whose operation answered on so many finished days after the last break, none of them with it.
   * @param today `yyyy-mm-dd`: a day that still runs shows nothing yet. @returns how many.
   */
  close(today: string, cleanDays: number): Promise<number>
}

const ADD = `WITH seen AS (
    SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[])
      AS given (day, direction, service, operation, party, field, rule, count)
  ), counted AS (
    INSERT INTO contract_fault SELECT day, direction, service, operation, party, field, rule, count FROM seen
      ORDER BY 1, 2, 3, 4, 5, 6, 7
    ON CONFLICT (day, direction, service, operation, party, field, rule)
    DO UPDATE SET count = contract_fault.count + excluded.count
  )
  INSERT INTO data_incident (service, operation, field, rule, opened_on, last_on, count)
    SELECT service, operation, field, rule, min(day), max(day), sum(count) FROM seen WHERE direction = 'answer'
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (service, operation, field, rule) WHERE closed_on IS NULL
  DO UPDATE SET last_on = greatest(data_incident.last_on, excluded.last_on),
                count = data_incident.count + excluded.count`

const CLOSE = `UPDATE data_incident AS i SET closed_on = mended.day
   FROM data_incident AS o CROSS JOIN LATERAL (
     SELECT DISTINCT d.day FROM exchange_day d
      WHERE d.day > o.last_on AND d.day < $1 AND d.service = o.service AND d.operation = o.operation
        AND d.outcome = 'delivered'
      ORDER BY d.day OFFSET $2 LIMIT 1) AS mended
  WHERE o.closed_on IS NULL AND i.id = o.id AND i.closed_on IS NULL AND i.last_on = o.last_on`

const FAULTS = `SELECT direction, service, operation, party, field, rule, sum(count)::text AS n FROM contract_fault
  WHERE day >= $1 AND day < $2
    AND ($3::text[] IS NULL OR party = ANY ($3) OR array_to_string((string_to_array(service, '/'))[1:2], '/') = ANY ($3))
  GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY sum(count) DESC, 2, 3, 5, 6 LIMIT 500`

const INCIDENTS = `SELECT service, operation, field, rule, opened_on::text AS opened, last_on::text AS last,
    closed_on::text AS closed, count::text AS n FROM data_incident
  WHERE opened_on < $2 AND (closed_on IS NULL OR closed_on >= $1) ORDER BY opened_on, id LIMIT 2000`

const NEWEST = `SELECT service, type, extract(epoch FROM happened_at) * 1000 AS newest FROM event_newest ORDER BY 1, 2`

/** Publications that freshness is told of: the latest. */
const EVENT_SAMPLE = 100_000

const FRESHNESS = `WITH recent AS MATERIALIZED (
    SELECT e.sequence, e.service, e.type, e.happened_at, e.received_at, p.within
      FROM event e LEFT JOIN unnest($2::text[], $3::text[], $4::bigint[]) AS p (service, type, within)
        ON p.service = e.service AND p.type = e.type
     WHERE e.received_at >= $1 AND e.sequence IS NOT NULL ORDER BY e.received_at DESC LIMIT ${EVENT_SAMPLE}
  ), published AS (
    SELECT service, type, count(*) AS events,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY received_at - happened_at) AS p50,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY received_at - happened_at) AS p95
      FROM recent GROUP BY 1, 2
  ), taken AS (
    SELECT r.service, r.type, r.within, extract(epoch FROM d.ended_at - r.happened_at) * 1000 AS ms
      FROM recent r JOIN event_delivery d USING (sequence) WHERE d.state = 'delivered' AND NOT d.replayed
  ), delivered AS (
    SELECT service, type, count(*) AS deliveries, percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) AS p95, count(*) FILTER (WHERE ms > within) AS late
      FROM taken GROUP BY 1, 2
  )
  SELECT n.service, n.type, extract(epoch FROM n.happened_at) * 1000 AS newest, coalesce(p.events, 0)::int AS events,
         extract(epoch FROM p.p50) * 1000 AS published_p50, extract(epoch FROM p.p95) * 1000 AS published_p95,
         coalesce(d.deliveries, 0)::int AS deliveries, d.p50 AS delivered_p50, d.p95 AS delivered_p95,
         coalesce(d.late, 0)::int AS late
    FROM event_newest n LEFT JOIN published p USING (service, type) LEFT JOIN delivered d USING (service, type)
   ORDER BY 1, 2`

export function createContractFaultStore(pool: pg.Pool): ContractFaultStore {
  return {
    async add(faults) {
      const column = (name: keyof ContractFault) => faults.map((fault) => fault[name])
      const names = [
        'day',
        'direction',
        'service',
        'operation',
        'party',
        'field',
        'rule',
        'count',
      ] as const satisfies readonly (keyof ContractFault)[]
      await pool.query(ADD, names.map(column))
    },
    async close(today, cleanDays) {
      const { rowCount } = await pool.query(CLOSE, [today, cleanDays - 1])
      return rowCount ?? 0
    },
  }
}

interface FreshnessColumns {
  readonly service: string
  readonly type: string
  readonly newest: string
  readonly events: number
  readonly published_p50: string | null
  readonly published_p95: string | null
  readonly deliveries: number
  readonly delivered_p50: string | null
  readonly delivered_p95: string | null
  readonly late: number
}

const whole = (ms: string | null) => (ms === null ? undefined : Math.round(Number(ms)))

function freshnessOf(row: FreshnessColumns): FreshnessRow {
  const { service, type, events, deliveries, late } = row
  return {
    service,
    type,
    newestMs: whole(row.newest) ?? 0,
    events,
    publishedP50: whole(row.published_p50),
    publishedP95: whole(row.published_p95),
    deliveries,
    deliveredP50: whole(row.delivered_p50),
    deliveredP95: whole(row.delivered_p95),
    late,
  }
}

/** Reads what there is on the quality of data. */
export function createQualityStore(pool: pg.Pool): QualityStore {
  return {
    async faults({ from, until }, parties) {
      const { rows } = await pool.query<Omit<ContractFault, 'day' | 'count'> & { readonly n: string }>(
        FAULTS,
        [from, until, parties ?? null],
      )
      return rows.map(({ n, ...row }) => ({ ...row, count: Number(n) }))
    },
    async incidents({ from, until }) {
      interface Row {
        readonly service: string
        readonly operation: string
        readonly field: string
        readonly rule: string
        readonly opened: string
        readonly last: string
        readonly closed: string | null
        readonly n: string
      }
      const { rows } = await pool.query<Row>(INCIDENTS, [from, until])
      return rows.map(({ n, closed, ...row }) => ({ ...row, closed: closed ?? undefined, count: Number(n) }))
    },
    async newest() {
      const { rows } = await pool.query<Pick<FreshnessColumns, 'service' | 'type' | 'newest'>>(NEWEST)
      return rows.map(({ newest, ...row }) => ({ ...row, newestMs: whole(newest) ?? 0 }))
    },
    cleaning: (period, parties) => readCleaning(pool, period, parties),
    async freshness(since, promised) {
      const { rows } = await pool.query<FreshnessColumns>(FRESHNESS, [
        since,
        promised.map(({ service }) => service),
        promised.map(({ type }) => type),
        promised.map(({ withinMs }) => withinMs),
      ])
      return rows.map(freshnessOf)
    },
  }
}

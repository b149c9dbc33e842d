import type pg from 'pg'
import type { ExchangeRecord } from '../ledger/record.ts'
import type { DelayedDisclosure } from '../model/reader.ts'
import type { UsageQuery, UsageStore } from '../reporting/usage.ts'
import { branchConditions, createParameters, idsFrom, idsUntil, type Parameters } from './audit-conditions.ts'
import { readKeptParts } from './private-parts.ts'
import type { Open } from './vault.ts'

function withheldConditions({ withheld }: UsageQuery, parameters: Parameters): string[] {
  return withheld.map(({ agreement, purposes, after }) => {
    const [younger = 'true'] = idsFrom(parameters, after)
    const forPurpose =
      purposes === undefined ? '' : ` AND coalesce(purpose, '') = ANY (${parameters.add(purposes)})`
    return `NOT (coalesce(agreement, '') = ${parameters.add(agreement)}${forPurpose} AND ${younger})`
  })
}

const DELAYS = `SELECT DISTINCT id, body FROM registry_document
  WHERE kind IN ('Agreement', 'Reader') AND body::jsonb ? 'delayedDisclosure'`

/** A person's own exchanges in the log, by tag: one index range a month. */
export function createUsageStore(pool: pg.Pool, open: Open): UsageStore {
  return {
    async usages(query) {
      const parameters = createParameters()
      const shared = [
        "outcome = 'delivered'",
        // What an agency brings of its own (an event, a document asked for before) is no use of data by anybody.
        'consumer IS DISTINCT FROM provider',
        ...idsFrom(parameters, query.since),
        ...idsUntil(parameters, query.until),
        ...withheldConditions(query, parameters),
      ]
      const branches = branchConditions({ tagged: { kind: 'subject', tags: query.tags } }, parameters)
      if (branches.length === 0) return { total: 0, records: [] }
      const found = branches
        .map(
          (branch) =>
            `SELECT exchange_id, leaf FROM exchange_record WHERE ${[...shared, ...branch].join(' AND ')}`,
        )
        .join(' UNION ALL ')
      const { rows } = await pool.query<{ total: number; leaf: Buffer | null }>(
        `WITH found AS (${found}), page AS (
           SELECT leaf, exchange_id FROM found ORDER BY exchange_id DESC
           OFFSET ${parameters.add(query.offset)} LIMIT ${parameters.add(query.limit)}
         )
         SELECT (SELECT count(*) FROM found) AS total, leaf FROM (SELECT true) AS always
           LEFT JOIN page ON true ORDER BY exchange_id DESC NULLS LAST`,
        parameters.values,
      )
      // Leaves are written by `encodeLeaf` alone.
      const records = rows.flatMap(({ leaf }) =>
        leaf === null ? [] : (JSON.parse(leaf.toString()) as ExchangeRecord),
      )
      const ids = records.map(({ exchange }) => exchange)
      const parts = await readKeptParts(pool, ids, open)
      return {
        total: Number(rows[0]?.total ?? 0),
        records: records.map((record) => ({ record, part: parts.get(record.exchange) })),
      }
    },
    async delays() {
      const { rows } = await pool.query<{ id: string; body: string }>(DELAYS)
      return rows.flatMap(({ id, body }) => {
        const { delayedDisclosure } = JSON.parse(body) as { delayedDisclosure?: DelayedDisclosure }
        return delayedDisclosure === undefined
          ? []
          : [{ agreement: id, purposes: delayedDisclosure.purposes, days: delayedDisclosure.days }]
      })
    },
    async firstInstant() {
      const { rows } = await pool.query<{ first: Date | null }>(
        `SELECT exchange_time(exchange_id) AS first FROM exchange_record
          WHERE exchange_id >= coalesce(
                  (SELECT exchange_id_from((min(month) || '-01T00:00:00Z')::timestamptz) FROM tag_key
                    WHERE sealed_key IS NOT NULL), '00000000-0000-0000-0000-000000000000')
          ORDER BY exchange_id LIMIT 1`,
      )
      return rows[0]?.first ?? undefined
    },
  }
}

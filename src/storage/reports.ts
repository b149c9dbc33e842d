import type pg from 'pg'
import type { ExchangeRecord } from '../ledger/record.ts'
import { tagWith } from '../ledger/tag.ts'
import type { AuditEntry, AuditQuery, AuditStore, TimeSpan } from '../reporting/audit-query.ts'
import type { Vault } from './vault.ts'

interface ReportParts {
  readonly pool: pg.Pool
  /** Called when a tag is asked for: it opens the months' tag keys. */
  readonly openVault: () => Pick<Vault, 'open'>
}

interface RecordRow {
  readonly leaf_index: number
  readonly leaf: Buffer
  readonly leaf_hash: Buffer
}

const TAG_COLUMNS = { subject: 'subject_tag', officer: 'officer_tag', dossier: 'dossier_tag' } as const

/** Conditions with their parameters; names of columns are our own, values never stand in the text. */
function conditionsOf(query: AuditQuery): { readonly text: string; readonly values: readonly unknown[] } {
  const values: unknown[] = []
  const conditions: string[] = []
  const add = (condition: string, value: unknown) => {
    if (value === undefined) return
    values.push(value)
    conditions.push(`${condition} $${values.length}`)
  }
  const { tagged } = query
  add('consumer =', query.consumer)
  add('provider =', query.provider)
  add('service =', query.service)
  add('operation =', query.operation)
  add('outcome =', query.outcome)
  add('code =', query.code)
  add('agreement =', query.agreement)
  add('purpose =', query.purpose)
  add('exchange_id =', query.exchange)
  add('at >=', query.since)
  add('at <', query.until)
  add('leaf_index <', query.before)
  if (tagged) {
    values.push(tagged.tags)
    conditions.push(`${TAG_COLUMNS[tagged.kind]} = ANY ($${values.length})`)
  }
  return { text: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, values }
}

function entryOf({ leaf_index, leaf, leaf_hash }: RecordRow): AuditEntry {
  return {
    leafIndex: leaf_index,
    leafHash: leaf_hash.toString('base64url'),
    // Leaves are written by `encodeLeaf` alone.
    record: JSON.parse(leaf.toString('utf8')) as ExchangeRecord,
  }
}

/** The month (`yyyy-mm`, UTC, as tag keys are named) of the last instant that belongs to a span. */
function lastMonth({ until }: TimeSpan): string | undefined {
  return until && new Date(until.getTime() - 1).toISOString().slice(0, 7)
}

/** Searches over the exchange log's derived columns. */
export function createAuditStore({ pool, openVault }: ReportParts): AuditStore {
  return {
    async search(query) {
      const { text, values } = conditionsOf(query)
      const { rows } = await pool.query<RecordRow>(
        `SELECT leaf_index, leaf, leaf_hash FROM exchange_record ${text}
          ORDER BY leaf_index DESC LIMIT $${values.length + 1}`,
        [...values, query.limit + 1],
      )
      return { entries: rows.slice(0, query.limit).map(entryOf), more: rows.length > query.limit }
    },
    async tagsOf(kind, identifier, span) {
      const vault = openVault()
      const { rows } = await pool.query<{ month: string; sealed_key: Buffer }>(
        // A tag is of the month its exchange was received in. One that was cut off is recorded when a gateway
        // finds it, whenever that is: no earlier month can be left out.
        'SELECT month, sealed_key FROM tag_key WHERE month <= coalesce($1, month) ORDER BY month',
        [lastMonth(span)],
      )
      return rows.map(({ month, sealed_key }) => {
        const key = vault.open(sealed_key, Buffer.from(`tag_key/${month}`))
        return tagWith(key)(kind, identifier)
      })
    },
  }
}

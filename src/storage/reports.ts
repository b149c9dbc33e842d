import pg from 'pg'
import type { ExchangeRecord } from '../ledger/record.ts'
import { tagWith } from '../ledger/tag.ts'
import { GatewayError } from '../model/errors.ts'
import type { AuditEntry, AuditPage, AuditQuery, AuditStore, TimeSpan } from '../reporting/audit-query.ts'
import { branchConditions, createParameters, recordConditions } from './audit-conditions.ts'
import { countExchanges, UNCOUNTED } from './audit-counts.ts'
import { readKeptParts } from './private-parts.ts'
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

const RECORD_COLUMNS = 'leaf_index, leaf, leaf_hash, exchange_id'

/** The search as one statement; undefined where nothing can match. */
export function searchStatement(
  query: AuditQuery,
): { readonly text: string; readonly values: readonly unknown[] } | undefined {
  const parameters = createParameters()
  const shared = recordConditions(query, parameters)
  if (query.before !== undefined) shared.push(`exchange_id < ${parameters.add(query.before)}`)
  const branches = branchConditions(query, parameters)
  const limit = parameters.add(query.limit + 1)
  const select = (conditions: readonly string[]) =>
    `SELECT ${RECORD_COLUMNS} FROM exchange_record
      ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY exchange_id DESC LIMIT ${limit}`
  const [first, ...others] = branches.map((branch) => select([...shared, ...branch]))
  if (first === undefined) return undefined
  const { values } = parameters
  if (others.length === 0) return { text: first, values }
  const union = [first, ...others].map((branch) => `(${branch})`).join(' UNION ALL ')
  return {
    text: `SELECT DISTINCT ON (exchange_id) ${RECORD_COLUMNS} FROM (${union}) AS found
      ORDER BY exchange_id DESC LIMIT ${limit}`,
    values,
  }
}

function entryOf({ leaf_index, leaf, leaf_hash }: RecordRow): AuditEntry {
  return {
    leafIndex: leaf_index,
    leafHash: leaf_hash.toString('base64url'),
    // Leaves are written by `encodeLeaf` alone.
    record: JSON.parse(leaf.toString('utf8')) as ExchangeRecord,
  }
}

/** The month (`yyyy-mm`, UTC, as tag keys are named) of an instant. */
function monthOf(instant: Date): string {
  return instant.toISOString().slice(0, 7)
}

function monthsOf({ since, until }: TimeSpan): readonly (string | undefined)[] {
  return [since && monthOf(since), until && monthOf(new Date(until.getTime() - 1))]
}

const JUDGED_REGISTRY = `SELECT version, applied_at AS "appliedAt" FROM registry_version
  WHERE digest = $1 AND applied_at <= $2 ORDER BY version DESC LIMIT 1`
const JUDGED_AGREEMENT = `SELECT body FROM registry_document
  WHERE kind IN ('Agreement', 'Reader') AND id = $1 AND digest = $2 LIMIT 1`

/** As many exchanges of one trace as are told. */
const TRACE_LEAVES = 1000
/** The job notes traces of what it has counted; the few records after that are looked at themselves. */
const LEAVES_OF = `SELECT leaf_index FROM (
    SELECT leaf_index FROM exchange_trace WHERE trace = $1::uuid
    UNION
    SELECT leaf_index FROM exchange_record
     WHERE ${UNCOUNTED} AND trace_of(leaf) = $1::uuid) AS found
  ORDER BY leaf_index DESC LIMIT ${TRACE_LEAVES}`

async function searchRecords({ pool, openVault }: ReportParts, query: AuditQuery): Promise<AuditPage> {
  const statement = searchStatement(query)
  if (statement === undefined) return { entries: [], more: false }
  const { rows } = await pool.query<RecordRow>(statement.text, [...statement.values])
  const entries = rows.slice(0, query.limit).map(entryOf)
  const more = rows.length > query.limit
  if (query.discloses !== true) return { entries, more }
  const withPart = entries.filter(({ record }) => record.private !== undefined)
  const kept = await readKeptParts(
    pool,
    withPart.map(({ record }) => record.exchange),
    (sealed, context) => openVault().open(sealed, context),
  )
  return { entries: entries.map((each) => ({ ...each, privatePart: kept.get(each.record.exchange) })), more }
}

const QUERY_CANCELED = '57014'

/** A statement that the server broke off for its time was too wide a question, no fault of the gateway. */
async function withinTime<Result>(answer: Promise<Result>): Promise<Result> {
  return answer.catch((cause: unknown) => {
    const isLate = cause instanceof pg.DatabaseError && cause.code === QUERY_CANCELED
    throw isLate ? new GatewayError('search_too_wide', { cause }) : cause
  })
}

/** Searches over the exchange log's derived columns. */
export function createAuditStore(parts: ReportParts): AuditStore {
  const { pool, openVault } = parts
  return {
    search: (query) => withinTime(searchRecords(parts, query)),
    count: (conditions, by) => withinTime(countExchanges(pool, conditions, by)),
    async leavesOf(trace) {
      const { rows } = await withinTime(pool.query<{ leaf_index: number }>(LEAVES_OF, [trace]))
      return rows.map(({ leaf_index }) => Number(leaf_index))
    },
    async judgedUnder({ registry, agreement, at }) {
      const versions = await pool.query<{ version: number; appliedAt: Date }>(JUDGED_REGISTRY, [
        registry,
        new Date(at),
      ])
      const texts =
        agreement === undefined
          ? undefined
          : await pool.query<{ body: string }>(JUDGED_AGREEMENT, [agreement.id, agreement.digest])
      const body = texts?.rows[0]?.body
      return { registry: versions.rows[0], agreement: body === undefined ? undefined : JSON.parse(body) }
    },
    async treeSize() {
      const { rows } = await pool.query<{ size: number }>('SELECT size FROM ledger_head')
      return Number(rows[0]?.size ?? 0)
    },
    async tagsOf(kind, identifier, span) {
      const vault = openVault()
      const { rows } = await pool.query<{ month: string; sealed_key: Buffer }>(
        // A tag, like an exchange's id, is of the month the exchange was received in.
        `SELECT month, sealed_key FROM tag_key
          WHERE sealed_key IS NOT NULL AND month >= coalesce($1, month) AND month <= coalesce($2, month) ORDER BY month`,
        [...monthsOf(span)],
      )
      return rows.map(({ month, sealed_key }) => {
        const key = vault.open(sealed_key, Buffer.from(`tag_key/${month}`))
        const tagger = tagWith(key)
        const inBatch = kind === 'subject' ? tagger.ofBatch([identifier]) : undefined
        return { month, tag: tagger(kind, identifier), inBatch }
      })
    },
  }
}

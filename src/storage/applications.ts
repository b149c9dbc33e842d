import type pg from 'pg'
import type {
  Application,
  ApplicationContent,
  ApplicationEvent,
  ApplicationState,
  DecisionText,
} from '../model/application.ts'
import type { ServiceId, SubsystemId } from '../model/identifier.ts'
import type { ApplicationStore } from '../reporting/application-desk.ts'

interface ApplicationStoreParts {
  readonly pool: pg.Pool
  /** Unix milliseconds. */
  readonly now: () => number
}

interface Row {
  /** A bigint is a text to some pools. */
  readonly number: number | string
  readonly revision: number
  readonly state: ApplicationState
  readonly consumer: SubsystemId
  readonly provider: SubsystemId
  readonly service: ServiceId
  readonly filed_at: Date
  readonly due_at: Date | null
  readonly content: ApplicationContent
  readonly events: readonly ApplicationEvent[]
  /** Not of a list. */
  readonly decision_text?: string | null
  readonly decision_signature?: Uint8Array | null
  readonly decision_chain?: string | null
}

const FILE = `INSERT INTO connection_application (state, consumer, provider, service, filed_at, due_at, content, events)
  VALUES ('filed', $1, $2, $3, $4, $5, $6, $7) RETURNING *`
const SAVE = `UPDATE connection_application SET revision = $2, state = $3, due_at = $4, content = $5, events = $6,
    decision_text = $7, decision_signature = $8, decision_chain = $9
  WHERE number = $1 AND revision = $2 - 1`
const LIST = `SELECT number, revision, state, consumer, provider, service, filed_at, due_at, content, events
  FROM connection_application
  WHERE ($1::text[] IS NULL OR consumer = ANY ($1) OR provider = ANY ($1)) AND ($2::text IS NULL OR state = $2)
  ORDER BY due_at NULLS LAST, number DESC LIMIT 1000`
const COUNTS = `SELECT state, count(*)::int AS count, count(*) FILTER (WHERE due_at <= $1)::int AS overdue
  FROM connection_application WHERE state IN ('filed', 'incomplete') GROUP BY state`

function decisionOf(row: Row): DecisionText | undefined {
  const { decision_text: text, decision_signature: signature, decision_chain: chain } = row
  if (!text) return undefined
  return { text, ...(signature && chain && { signed: { signature, chain } }) }
}

function applicationOf(row: Row): Application {
  const { revision, state, consumer, provider, service, content, events } = row
  return {
    number: `DN-${String(row.number).padStart(6, '0')}`,
    revision,
    state,
    consumer,
    provider,
    service,
    filedAtMs: row.filed_at.getTime(),
    dueAtMs: row.due_at?.getTime(),
    content,
    events,
    decision: decisionOf(row),
  }
}

function instant(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms)
}

/** Applications for connection in PostgreSQL. Nothing in them is personal but the certificate of a leader who signed. */
export function createApplicationStore({ pool, now }: ApplicationStoreParts): ApplicationStore {
  const keyOf = (number: string) => number.slice('DN-'.length)
  return {
    async file({ consumer, provider, service, filedAtMs, dueAtMs, content, events }) {
      const parties = [consumer, provider, service, instant(filedAtMs), instant(dueAtMs)]
      const { rows } = await pool.query<Row>(FILE, [...parties, content, JSON.stringify(events)])
      const [row] = rows
      if (row === undefined) throw new RangeError('an application that was filed is not there')
      return applicationOf(row)
    },
    async find(number) {
      const { rows } = await pool.query<Row>('SELECT * FROM connection_application WHERE number = $1', [
        keyOf(number),
      ])
      return rows[0] && applicationOf(rows[0])
    },
    async list({ parties, state }) {
      const { rows } = await pool.query<Row>(LIST, [parties ?? null, state ?? null])
      return rows.map(applicationOf)
    },
    async save({ number, revision, state, dueAtMs, content, events, decision }) {
      const { text, signed } = decision ?? {}
      const values = [keyOf(number), revision, state, instant(dueAtMs), content, JSON.stringify(events)]
      const kept = [text ?? null, signed?.signature ?? null, signed?.chain ?? null]
      const { rowCount } = await pool.query(SAVE, [...values, ...kept])
      return rowCount === 1
    },
    async counts() {
      const { rows } = await pool.query(COUNTS, [new Date(now())])
      return rows
    },
  }
}

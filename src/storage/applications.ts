import type pg from 'pg'
import type {
  Application,
  ApplicationContent,
  ApplicationEvent,
  ApplicationState,
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
}

const FILE = `INSERT INTO connection_application (state, consumer, provider, service, filed_at, due_at, content, events)
  VALUES ('filed', $1, $2, $3, $4, $5, $6, $7) RETURNING *`
const SAVE = `UPDATE connection_application SET revision = $2, state = $3, due_at = $4, content = $5, events = $6
  WHERE number = $1 AND revision = $2 - 1`
const LIST = `SELECT * FROM connection_application
  WHERE ($1::text[] IS NULL OR consumer = ANY ($1) OR provider = ANY ($1)) AND ($2::text IS NULL OR state = $2)
  ORDER BY due_at NULLS LAST, number DESC LIMIT 1000`
const COUNTS = `SELECT state, count(*)::int AS count, count(*) FILTER (WHERE due_at <= $1)::int AS overdue
  FROM connection_application WHERE state IN ('filed', 'incomplete') GROUP BY state`

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
  }
}

function instant(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms)
}

/** Applications for connection in PostgreSQL. Nothing in them is anybody's personal data. */
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
    async save({ number, revision, state, dueAtMs, content, events }) {
      const values = [keyOf(number), revision, state, instant(dueAtMs), content, JSON.stringify(events)]
      const { rowCount } = await pool.query(SAVE, values)
      return rowCount === 1
    },
    async counts() {
      const { rows } = await pool.query(COUNTS, [new Date(now())])
      return rows
    },
  }
}

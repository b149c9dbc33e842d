import { connect as connectSocket, type Socket } from 'node:net'
import { createPool, type PoolConnection, type QueryError } from 'mysql2'
import {
  type SqlConnection,
  type SqlDatabase,
  SqlFault,
  type SqlFaultKind,
  type SqlQuestion,
  type SqlRow,
} from '../provider/sql-database.ts'
import { askWithin } from './agency-socket.ts'

/** 1969, 3024: the statement's own time limit; 1205 waiting for a lock. */
const SLOW: ReadonlySet<number> = new Set([1969, 3024, 1205])
/** Too many connections, shutting down, killed. */
const GONE: ReadonlySet<number> = new Set([1040, 1053, 1080, 1203, 1226, 1927])

function kindOf(error: unknown): SqlFaultKind {
  const number = error instanceof Error && 'errno' in error ? Number(error.errno) : Number.NaN
  // Above the server's own numbers are the operating system's, negative or none.
  if (!(number >= 1000 && number < 10_000) || GONE.has(number)) return 'gone'
  return SLOW.has(number) ? 'slow' : 'failed'
}

function textOf(value: unknown): string | null {
  if (value === null) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return String(value)
  // Bytes, geometry: nothing a mapping knows to read.
  throw new SqlFault('failed')
}

function rowOf(value: unknown): SqlRow {
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return Object.fromEntries(members.map(([name, each]) => [name, textOf(each)]))
}

/** Set when a session begins: it reads only, gives up in time, and writes times in UTC. */
function prepare(session: PoolConnection, { timeoutMs }: SqlConnection): Promise<void> {
  const statements = [
    'SET SESSION TRANSACTION READ ONLY',
    `SET SESSION max_statement_time = ${timeoutMs / 1000}, time_zone = '+00:00'`,
  ]
  const one = (text: string) =>
    new Promise<void>((resolve, reject) => {
      session.query(text, (error: QueryError | null) => (error ? reject(error) : resolve()))
    })
  return statements.reduce((before, text) => before.then(() => one(text)), Promise.resolve())
}

function run(
  session: PoolConnection,
  question: SqlQuestion,
  end: (fault: unknown) => void,
): Promise<readonly SqlRow[]> {
  const { text, values, maxRows, maxBytes } = question
  return new Promise((resolve, reject) => {
    const rows: SqlRow[] = []
    let bytes = 0
    const numbers = values.map((value) => (typeof value === 'boolean' ? Number(value) : value))
    const command = session.execute(text, numbers)
    command.on('result', (value: unknown) => {
      try {
        const row = rowOf(value)
        rows.push(row)
        for (const each of Object.values(row)) bytes += each === null ? 0 : Buffer.byteLength(each)
        if (rows.length > maxRows || bytes > maxBytes) end(new SqlFault('excess'))
      } catch (thrown) {
        end(thrown)
      }
    })
    command.on('end', () => resolve(rows))
    command.on('error', reject)
  })
}

/** An agency's MariaDB. Only what the account may read can be read, in sessions that only read. */
export function openAgencyMariadb(connection: SqlConnection): SqlDatabase {
  const { host, port, database, user, password, timeoutMs, connections, tls, lookup, assertReachable } =
    connection
  const prepared = new WeakSet<PoolConnection>()
  const sockets = new WeakMap<PoolConnection, Socket>()
  let latest: Socket | undefined
  const pool = createPool({
    host,
    port,
    database,
    user,
    password,
    connectionLimit: connections,
    connectTimeout: timeoutMs,
    stream: () => {
      assertReachable()
      latest = connectSocket({ host, port, lookup: lookup as never, noDelay: true })
      return latest
    },
    ...(tls && {
      ssl: {
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(tls.certificate !== undefined && { cert: tls.certificate }),
        ...(tls.key !== undefined && { key: tls.key }),
        rejectUnauthorized: true,
        verifyIdentity: true,
        minVersion: 'TLSv1.2',
      },
    }),
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    jsonStrings: true,
    multipleStatements: false,
    // No code is made of what a server says its columns are, and none of our files are sent where it asks for them.
    disableEval: true,
    flags: ['-LOCAL_FILES'],
  })
  pool.on('connection', (session) => {
    if (latest !== undefined) sockets.set(session, latest)
  })

  function connect(): Promise<PoolConnection> {
    return new Promise((resolve, reject) => {
      pool.getConnection((error, session) => (error ? reject(error) : resolve(session)))
    })
  }

  async function open(): Promise<PoolConnection> {
    try {
      const session = await connect()
      session.on('error', () => {})
      if (prepared.has(session)) return session
      await prepare(session, connection)
      prepared.add(session)
      return session
    } catch (thrown) {
      throw new SqlFault(kindOf(thrown), thrown)
    }
  }

  return {
    async ask(question) {
      const session = await open()
      return askWithin(question, {
        socket: sockets.get(session),
        run: (end) => run(session, question, end),
        kindOf,
        release: (isSound) => (isSound ? session.release() : session.destroy()),
      })
    },
    close: () => new Promise((resolve) => pool.end(() => resolve())),
  }
}

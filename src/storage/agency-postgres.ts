import { Socket, type TcpSocketConnectOpts } from 'node:net'
import pg from 'pg'
import {
  type SqlConnection,
  type SqlDatabase,
  SqlFault,
  type SqlFaultKind,
  type SqlQuestion,
  type SqlRow,
} from '../provider/sql-database.ts'
import { askWithin } from './agency-socket.ts'

/** Set when a session begins: it reads only, gives up in time, and writes days and times in one way. */
function sessionOf({ timeoutMs }: SqlConnection): string {
  const settings = {
    default_transaction_read_only: 'on',
    lock_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    IntervalStyle: 'iso_8601',
    bytea_output: 'hex',
  }
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
}

/** A socket whose address is judged as it is connected to. */
function createSocket({ lookup, assertReachable }: SqlConnection): Socket {
  const socket = new Socket()
  const connect: (options: TcpSocketConnectOpts) => Socket = socket.connect.bind(socket)
  // node-postgres calls it with port and host.
  const guarded = (port: number, host: string) => {
    try {
      assertReachable()
      return connect({ port, host, lookup: lookup as never })
    } catch (thrown) {
      queueMicrotask(() => socket.destroy(thrown instanceof Error ? thrown : undefined))
      return socket
    }
  }
  socket.connect = guarded as typeof socket.connect
  return socket
}

/** PostgreSQL's error classes: 57014 is the statement's own time limit, 08, 53 and 57P a server that is not there. */
function kindOf(error: unknown): SqlFaultKind {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === '57014' || code === '55P03') return 'slow'
  return /^[0-9A-Z]{5}$/.test(code) && !/^(?:08|53|57P)/.test(code) ? 'failed' : 'gone'
}

function run(
  client: pg.PoolClient,
  question: SqlQuestion,
  end: (fault: SqlFault) => void,
): Promise<readonly SqlRow[]> {
  const { text, values, maxRows, maxBytes } = question
  return new Promise((resolve, reject) => {
    const rows: SqlRow[] = []
    let bytes = 0
    const query = new pg.Query<SqlRow>({
      text,
      values: [...values],
      // Everything as the server writes it.
      types: { getTypeParser: () => (value: unknown) => String(value) } as never,
    })
    query.on('row', (row) => {
      rows.push(row)
      for (const value of Object.values(row)) bytes += value === null ? 0 : Buffer.byteLength(value)
      if (rows.length > maxRows || bytes > maxBytes) end(new SqlFault('excess'))
    })
    query.on('end', () => resolve(rows))
    query.on('error', reject)
    client.query(query)
  })
}

/** An agency's PostgreSQL. Only what the role may read can be read, in sessions that only read. */
export function openAgencyPostgres(connection: SqlConnection): SqlDatabase {
  const { host, port, database, user, password, timeoutMs, connections, tls } = connection
  const sockets = new WeakMap<object, Socket>()
  let latest: Socket | undefined
  const pool = new pg.Pool({
    host,
    port,
    database,
    user,
    password,
    max: connections,
    connectionTimeoutMillis: timeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: timeoutMs,
    application_name: 'lienthong',
    options: sessionOf(connection),
    stream: () => {
      latest = createSocket(connection)
      return latest
    },
    ssl: tls
      ? { ca: tls.ca, cert: tls.certificate, key: tls.key, rejectUnauthorized: true, minVersion: 'TLSv1.2' }
      : false,
  })
  // What breaks an idle connection is found out by the next query.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    if (latest !== undefined) sockets.set(client, latest)
  })

  async function connect(): Promise<pg.PoolClient> {
    try {
      return await pool.connect()
    } catch (thrown) {
      throw new SqlFault(kindOf(thrown), thrown)
    }
  }

  return {
    async ask(question) {
      const client = await connect()
      return askWithin(question, {
        socket: sockets.get(client),
        run: (end) => run(client, question, end),
        kindOf,
        release: (isSound) => client.release(!isSound),
      })
    },
    close: () => pool.end(),
  }
}

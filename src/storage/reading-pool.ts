import pg from 'pg'

/** Readers' connections of one process: however many ask, exchanges keep theirs. */
const READERS = 3
/** A search that takes longer is refused with advice; none of the typical ones comes near. */
const SEARCH_TIMEOUT_MS = 8000

/** Connections for those who read the log, apart from those that carry exchanges, and read-only. */
export function createReadingPool(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: READERS,
    application_name: 'lienthong-audit',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: SEARCH_TIMEOUT_MS,
    options: '-c default_transaction_read_only=on',
  })
  // A server that goes away is found out by the next statement; it must not end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

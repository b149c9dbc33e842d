import { Client, Pool, TypeOverrides, types } from 'pg'
import { startEmbedded } from './embedded.ts'
import { installJobQueue } from './job-queue.ts'
import { MIGRATIONS_FOLDER, migrate } from './migrate.ts'
import type { StorageLog } from './storage-event.ts'

/** No statement of an exchange is anywhere near this; one that is hangs, and gives its connection back. */
const STATEMENT_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 5000
/** How long close() waits for connections that are in use. */
const DRAIN_LIMIT_MS = 10_000

export interface DatabaseOptions {
  /** postgresql://…, of a PostgreSQL 15 or later; undefined: an embedded server in `dataDir`. */
  readonly url?: string | undefined
  /** The gateway's data folder; made if absent, unused where there is a `url`. */
  readonly dataDir: string
  /** Connections at most, of this process. */
  readonly poolSize: number
  readonly log: StorageLog
}

export interface Database {
  readonly pool: Pool
  /** With the password, so it is never logged; for other processes of the same gateway. */
  readonly url: string
  readonly embedded: boolean
  /** Resolves where the server answers. */
  ping(): Promise<void>
  /** Applies what is missing of the migrations in `folder` (the project's own by default, and the job queue's). */
  migrate(folder?: string): Promise<void>
  /** Ends the pool, and the embedded server if no other gateway uses it. */
  close(): Promise<void>
}

/** @throws RangeError where the value does not fit a number exactly. */
function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('a bigint of the database exceeds 2^53 - 1')
  return value
}

/**
 * How values come out: bigint as number (or an error), timestamptz as Date, date as `yyyy-mm-dd`, bytea as Buffer;
 * numeric (so sum() of bigint too) and bigint[] as text.
 */
function createTypes(): TypeOverrides {
  const overrides = new TypeOverrides()
  overrides.setTypeParser(types.builtins.INT8, parseInt8)
  overrides.setTypeParser(types.builtins.DATE, (text: string) => text)
  return overrides
}

/** The code of a lost connection (`ECONNRESET`, `57P01`), for the log. */
function readCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
}

function createPool(connectionString: string, { poolSize, log }: DatabaseOptions): Pool {
  const pool = new Pool({
    connectionString,
    max: poolSize,
    types: createTypes(),
    application_name: 'lienthong',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 2 * STATEMENT_TIMEOUT_MS,
  })
  // Without these a server that goes away would end the process: the pool listens to idle connections only.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', (error) => log({ event: 'connection_lost', code: readCode(error) }))
  })
  return pool
}

/** Ends the pool; connections still in use after the limit are left to the server. */
async function drain(pool: Pool): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DRAIN_LIMIT_MS)
  })
  await Promise.race([pool.end(), limit])
  clearTimeout(timer)
}

/**
 * Opens the gateway's database: by `url`, or embedded. With a `url` nothing is connected yet, so a server that is
 * away does not keep the gateway from starting.
 * @throws Error where the embedded server cannot be started; it says what to do.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const server = options.url === undefined ? await startEmbedded(options) : undefined
  const url = options.url ?? server?.url ?? ''
  const pool = createPool(url, options)
  let closing: Promise<void> | undefined
  return {
    pool,
    url,
    embedded: server !== undefined,
    async ping() {
      await pool.query('SELECT 1')
    },
    async migrate(folder = MIGRATIONS_FOLDER) {
      const client = new Client({
        connectionString: url,
        application_name: 'lienthong migrate',
        keepAlive: true,
      })
      client.on('error', () => {})
      await client.connect()
      try {
        await migrate(client, folder, options.log)
        if (folder === MIGRATIONS_FOLDER) await installJobQueue(client)
      } finally {
        await client.end()
      }
    },
    close() {
      closing ??= drain(pool).then(() => server?.stop())
      return closing
    },
  }
}

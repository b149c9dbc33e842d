import type pg from 'pg'

/** What an operator wants to know of the database server. */
export interface ServerFacts {
  /** `150004` is 15.4. */
  readonly version: number
  /** The server's clock, Unix milliseconds. */
  readonly clockMs: number
  /** Connections in use by anybody, and how many there may be. */
  readonly connections: number
  readonly maxConnections: number
}

export async function readServerFacts(pool: pg.Pool): Promise<ServerFacts> {
  const { rows } = await pool.query<{ version: number; at: Date; used: number; most: number }>(
    `SELECT current_setting('server_version_num')::int AS version, clock_timestamp() AS at,
            (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS used,
            current_setting('max_connections')::int AS most`,
  )
  const [row] = rows
  if (row === undefined) throw new Error('the database server answered nothing')
  return { version: row.version, clockMs: row.at.getTime(), connections: row.used, maxConnections: row.most }
}

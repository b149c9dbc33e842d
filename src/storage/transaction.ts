import type pg from 'pg'

/** Does work in one transaction on a connection of its own; whatever it throws undoes all of it. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    client.release()
    return result
  } catch (error) {
    // The connection may be in any state: it is closed, which undoes what was begun, and not used again.
    client.release(true)
    throw error
  }
}

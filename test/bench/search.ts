import pg from 'pg'
import { advanceRollups } from '../../src/storage/partitions.ts'
import { createAuditStore } from '../../src/storage/reports.ts'
import { createTestDatabase, stopTestServer } from '../support/postgres.ts'
import { loadRecords } from '../support/record-load.ts'
import { measureSearches } from './searches.ts'

/**
 * Loads a log with records of a year and measures how long readers wait:
 *   node test/bench/search.ts [millions] [rounds]
 * The database is an embedded one that is removed afterwards, or on the server DATABASE_URL_TEST names.
 */
const [millions = 1, rounds = 20] = process.argv.slice(2).map(Number)
const YEAR = { from: new Date('2025-12-01T00:00:00Z'), until: new Date('2026-12-01T00:00:00Z') }

const database = await createTestDatabase()
const pool = new pg.Pool({ connectionString: database.url, max: 3 })
// Dropping the database at the end cuts what is idle.
pool.on('error', () => {})
try {
  const startedMs = performance.now()
  const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(0)
  await loadRecords(pool, { records: millions * 1_000_000, ...YEAR }, (done) => {
    if (done % 1_000_000 === 0) console.error(`${done / 1_000_000} million after ${seconds()} s`)
  })
  const loadedMs = performance.now()
  await advanceRollups(pool)
  console.log(`counted ${millions} million in ${((performance.now() - loadedMs) / 1000).toFixed(0)} s`)
  await pool.query('VACUUM ANALYZE')
  const { rows } = await pool.query(
    'SELECT pg_database_size(current_database()) AS bytes, (SELECT count(*) FROM exchange_hour) AS hours, (SELECT count(*) FROM exchange_day) AS days',
  )
  const { bytes, hours, days } = rows[0]
  console.log(
    `${(Number(bytes) / millions / 1e6).toFixed(0)} bytes a record with everything; ${hours} rows by hour, ${days} by day`,
  )
  const store = createAuditStore({
    pool,
    openVault: () => {
      throw new Error('no tag key is needed')
    },
  })
  await measureSearches(store, YEAR, rounds)
} finally {
  await pool.end()
  await database.drop()
  await stopTestServer()
}

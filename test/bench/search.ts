import pg from 'pg'
import type { AuditConditions, AuditQuery, Dimension } from '../../src/reporting/audit-query.ts'
import { advanceRollups } from '../../src/storage/partitions.ts'
import { createAuditStore } from '../../src/storage/reports.ts'
import { createTestDatabase, stopTestServer } from '../support/postgres.ts'
import { loadRecords } from '../support/record-load.ts'

/**
 * Loads a log with records of a year and measures how long readers wait:
 *   node test/bench/search.ts [millions] [rounds]
 * The database is an embedded one that is removed afterwards, or on the server DATABASE_URL_TEST names.
 */
const [millions = 1, rounds = 20] = process.argv.slice(2).map(Number)
const FROM = new Date('2025-12-01T00:00:00Z')
const UNTIL = new Date('2026-12-01T00:00:00Z')
const MONTHS = Array.from({ length: 12 }, (_, place) =>
  new Date(Date.UTC(2025, 11 + place)).toISOString().slice(0, 7),
)

const dayOf = (turn: number) => {
  const since = new Date(FROM.getTime() + ((turn * 17) % 360) * 86_400_000 - 7 * 3_600_000)
  return { since, until: new Date(since.getTime() + 86_400_000) }
}
const consumerOf = (turn: number) => `H${10 + ((turn * 7) % 34)}/mot-cua`
const serviceOf = (turn: number) => {
  const s = turn % 60
  return `G${String(1 + (s % 12)).padStart(2, '0')}/he-thong-${s % 20}/dich-vu-${s}/v1`
}
const tagsOf = (tag: string) => MONTHS.map((month) => ({ month, tag }))

const SEARCHES: Readonly<Record<string, (turn: number) => Omit<AuditQuery, 'limit'>>> = {
  'latest of everybody': () => ({}),
  'a consumer, a day': (turn) => ({ consumer: consumerOf(turn), ...dayOf(turn) }),
  'a consumer, a service, a year': (turn) => ({
    consumer: consumerOf(turn),
    service: serviceOf(((turn * 7) % 34) * 5 + 1),
  }),
  'a provider, a day': (turn) => ({
    provider: serviceOf(turn).split('/').slice(0, 2).join('/'),
    ...dayOf(turn),
  }),
  'an agreement': (turn) => ({ agreement: `TT-${turn % 12}-${(turn % 12) * 5 + 1}` }),
  'what failed, a consumer': (turn) => ({ outcome: 'failed', consumer: consumerOf(turn) }),
  'a code, a day': (turn) => ({ code: 'provider_timeout', ...dayOf(turn) }),
  'a person, a year': (turn) => ({
    tagged: { kind: 'subject', tags: tagsOf(`subject-${(turn * 991) % 100_000}`) },
  }),
  'an officer, a year': (turn) => ({
    tagged: { kind: 'officer', tags: tagsOf(`officer-${(turn * 37) % 2000}`) },
  }),
  'a dossier, a month': (turn) => ({
    tagged: { kind: 'dossier', tags: [{ month: '2025-12', tag: `dossier-${turn * 13}` }] },
  }),
  'an agency’s own': (turn) => ({ parties: [consumerOf(turn), consumerOf(turn + 1), 'G02/he-thong-13'] }),
}

const COUNTS: Readonly<Record<string, [(turn: number) => AuditConditions, readonly Dimension[]]>> = {
  'a day': [dayOf, []],
  'a day by consumer and outcome': [dayOf, ['consumer', 'outcome']],
  'a year by day': [() => ({}), ['day']],
  'a year of a consumer by service': [(turn) => ({ consumer: consumerOf(turn) }), ['service']],
  'a person, a year': [SEARCHES['a person, a year'] ?? (() => ({})), []],
}

async function measure(ask: (turn: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = []
  for (let turn = 0; turn < rounds; turn += 1) {
    const startedMs = performance.now()
    await ask(turn)
    times.push(performance.now() - startedMs)
  }
  return times.sort((a, b) => a - b)
}

function tell(name: string, times: readonly number[]): void {
  const at = (share: number) =>
    (times[Math.min(Math.ceil(times.length * share) - 1, times.length - 1)] ?? 0).toFixed(1)
  console.log(`${name.padEnd(38)} p50 ${at(0.5).padStart(8)} ms   p95 ${at(0.95).padStart(8)} ms`)
}

const database = await createTestDatabase()
const pool = new pg.Pool({ connectionString: database.url, max: 3 })
// Dropping the database at the end cuts what is idle.
pool.on('error', () => {})
try {
  const startedMs = performance.now()
  const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(0)
  await loadRecords(pool, { records: millions * 1_000_000, from: FROM, until: UNTIL }, (done) => {
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
  for (const [name, query] of Object.entries(SEARCHES))
    tell(`search ${name}`, await measure((turn) => store.search({ ...query(turn), limit: 50 })))
  for (const [name, [conditions, by]] of Object.entries(COUNTS))
    tell(`count ${name}`, await measure((turn) => store.count(conditions(turn), by)))
} finally {
  await pool.end()
  await database.drop()
  await stopTestServer()
}

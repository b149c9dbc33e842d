import { expect } from 'chai'
import fc from 'fast-check'
import pg from 'pg'
import type { AuditConditions, AuditQuery, Dimension } from '../../src/reporting/audit-query.ts'
import { countStatement, cutSpan } from '../../src/storage/audit-counts.ts'
import { advanceRollups, ensurePartitions } from '../../src/storage/partitions.ts'
import { createAuditStore, searchStatement } from '../../src/storage/reports.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { loadRecords } from '../support/record-load.ts'

const FROM = new Date('2026-08-01T00:00:00Z')
const UNTIL = new Date('2026-11-01T00:00:00Z')
const RECORDS = 30_000

const TAGS = ['2026-08', '2026-09', '2026-10'].map((month) => ({ month, tag: 'subject-4711' }))
const OFFICER = ['2026-08', '2026-09', '2026-10'].map((month) => ({ month, tag: 'officer-17' }))
const DAY = { since: new Date('2026-09-14T17:00:00Z'), until: new Date('2026-09-15T17:00:00Z') }

const SEARCHES: Readonly<Record<string, Omit<AuditQuery, 'limit'>>> = {
  latest: {},
  'a day': DAY,
  'a consumer': { consumer: 'H10/mot-cua' },
  'a consumer on a day': { consumer: 'H10/mot-cua', ...DAY },
  'a consumer and a service': { consumer: 'H11/mot-cua', service: 'G10/he-thong-9/dich-vu-9/v1' },
  'a provider': { provider: 'G02/he-thong-13' },
  'a service': { service: 'G02/he-thong-13/dich-vu-13/v1' },
  'an agreement': { agreement: 'TT-3-16' },
  'an operation of a service': { service: 'G02/he-thong-13/dich-vu-13/v1', operation: 'verify' },
  'a purpose': { purpose: 'muc-dich-1' },
  'what failed': { outcome: 'failed' },
  'a code of a consumer': { code: 'field_not_agreed', consumer: 'H10/mot-cua' },
  'a person': { tagged: { kind: 'subject', tags: TAGS } },
  'an officer': { tagged: { kind: 'officer', tags: OFFICER } },
  'a dossier': { tagged: { kind: 'dossier', tags: [{ month: '2026-08', tag: 'dossier-17' }] } },
  'an exchange': { exchange: '01995a00-0000-7000-8000-000000000000' },
  'an agency’s own': { parties: ['H10/mot-cua', 'G02/he-thong-13'] },
  'a later page': { consumer: 'H10/mot-cua', before: '01a05000-0000-7000-8000-000000000000' },
}

describe('searching the log', () => {
  let database: TestDatabase
  let pool: pg.Pool

  before(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 2 })
    pool.on('error', () => {})
    await loadRecords(pool, { records: RECORDS, from: FROM, until: UNTIL })
    await advanceRollups(pool)
    await pool.query('ANALYZE')
  })

  after(async () => {
    await pool.end()
    await database.drop()
  })

  async function planOf(statement: { text: string; values: readonly unknown[] }): Promise<string> {
    const { rows } = await pool.query<Record<'QUERY PLAN', string>>(`EXPLAIN ${statement.text}`, [
      ...statement.values,
    ])
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }

  for (const [name, query] of Object.entries(SEARCHES)) {
    it(`finds ${name} without reading a whole partition`, async () => {
      const statement = searchStatement({ ...query, limit: 50 })
      if (statement === undefined) throw new Error('nothing to search')
      expect(await planOf(statement)).not.to.match(/Seq Scan on exchange_(?:record|private)_\d/)
    })
  }

  it('reads one partition where the time or the exchange id tells which', async () => {
    for (const name of ['a consumer on a day', 'an exchange', 'a dossier']) {
      const plan = await planOf(searchStatement({ ...SEARCHES[name], limit: 50 }) ?? { text: '', values: [] })
      expect(plan, name).to.match(/exchange_record_2026_\d\d|exchange_record_default/)
      expect(new Set(plan.match(/ on exchange_record_(?:\d{4}_\d\d|default)/g)).size, name).to.equal(1)
    }
  })

  it('counts a day and a year without reading records of either', async () => {
    for (const span of [DAY, { since: FROM, until: UNTIL }]) {
      const plan = await planOf(countStatement({ ...span, outcome: 'refused' }, ['consumer']))
      expect(plan).not.to.match(/Seq Scan on exchange_record_\d/)
    }
  })

  const store = () =>
    createAuditStore({
      pool,
      openVault: () => {
        throw new Error('no key is needed here')
      },
    })

  it('finds what a plain look at every record finds', async () => {
    for (const [name, query] of Object.entries(SEARCHES)) {
      const { entries } = await store().search({ ...query, limit: 1000 })
      const parts: [boolean, string, unknown][] = [
        [query.consumer !== undefined, 'consumer =', query.consumer],
        [query.provider !== undefined, 'provider =', query.provider],
        [query.service !== undefined, 'service =', query.service],
        [query.agreement !== undefined, 'agreement =', query.agreement],
        [query.operation !== undefined, 'operation =', query.operation],
        [query.purpose !== undefined, 'purpose =', query.purpose],
        [query.outcome !== undefined, 'outcome =', query.outcome],
        [query.code !== undefined, 'code =', query.code],
        [query.exchange !== undefined, 'exchange_id =', query.exchange],
        [query.before !== undefined, 'exchange_id <', query.before],
        [query.since !== undefined, 'exchange_time(exchange_id) >=', query.since],
        [query.until !== undefined, 'exchange_time(exchange_id) <', query.until],
        [query.tagged !== undefined, `${query.tagged?.kind}_tag =`, query.tagged?.tags[0]?.tag],
      ]
      const asked = parts.filter(([isAsked]) => isAsked)
      const own = query.parties
        ? [`(consumer = ANY ($${asked.length + 1}) OR provider = ANY ($${asked.length + 1}))`]
        : []
      const where = [...asked.map(([, condition], place) => `${condition} $${place + 1}`), ...own]
      const { rows } = await pool.query<{ index: number }>(
        `SELECT leaf_index::int AS index FROM exchange_record LEFT JOIN exchange_private USING (exchange_id) ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
          ORDER BY exchange_id DESC LIMIT 1000`,
        [...asked.map(([, , value]) => value), ...(query.parties ? [query.parties] : [])],
      )
      expect(
        entries.map(({ leafIndex }) => Number(leafIndex)),
        name,
      ).to.deep.equal(rows.map(({ index }) => index))
      if (name !== 'an exchange') expect(entries, name).not.to.have.length(0)
    }
  })

  const instants = fc.date({
    min: new Date(FROM.getTime() - 5e8),
    max: new Date(UNTIL.getTime() + 5e8),
    noInvalidDate: true,
  })

  it('counts exactly, whatever the span, the conditions and the grouping', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(instants, { nil: undefined }),
        fc.option(instants, { nil: undefined }),
        fc.subarray<Dimension>(['day', 'hour', 'consumer', 'outcome', 'code'], { maxLength: 2 }),
        fc.constantFrom<AuditConditions>(
          {},
          { tagged: { kind: 'officer', tags: OFFICER } },
          { consumer: 'H10/mot-cua' },
          { outcome: 'failed' },
          { parties: ['H11/mot-cua'] },
        ),
        async (since, until, by, conditions) => {
          const groups = await store().count({ ...conditions, since, until }, by)
          const total = groups.reduce((sum, { count }) => sum + count, 0)
          const { rows } = await pool.query<{ n: number }>(
            `SELECT count(*)::int AS n FROM exchange_record
              WHERE ($1::timestamptz IS NULL OR exchange_time(exchange_id) >= $1)
                AND ($2::timestamptz IS NULL OR exchange_time(exchange_id) < $2)
                AND ($3::text IS NULL OR consumer = $3) AND ($4::text IS NULL OR outcome = $4)
                AND ($6::text IS NULL OR exchange_id IN (SELECT exchange_id FROM exchange_private WHERE officer_tag = $6))
                AND ($5::text[] IS NULL OR consumer = ANY ($5) OR provider = ANY ($5))`,
            [
              since,
              until,
              conditions.consumer,
              conditions.outcome,
              conditions.parties,
              conditions.tagged?.tags[0]?.tag,
            ],
          )
          expect(total).to.equal(rows[0]?.n)
          expect(new Set(groups.map(({ values }) => values.join('\n'))).size).to.equal(groups.length)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('cuts a span without a gap and without an overlap', () => {
    fc.assert(
      fc.property(
        instants,
        instants,
        fc.constantFrom<'day' | 'hour'>('day', 'hour'),
        fc.constantFrom<'month' | 'day'>('month', 'day'),
        (one, other, finest, coarsest) => {
          const [from, until] = [one.getTime(), other.getTime()].sort((a, b) => a - b) as [number, number]
          let at = from
          for (const segment of cutSpan(from, until, { finest, coarsest })) {
            expect(segment.fromMs).to.equal(at)
            if (segment.grain === 'month') {
              const local = new Date(segment.fromMs + 7 * 3_600_000).toISOString()
              expect(local).to.match(/-01T00:00:00.000Z$/)
            }
            at = segment.untilMs
          }
          expect(at).to.equal(until)
        },
      ),
    )
  })
})

describe('keeping the counts', () => {
  let database: TestDatabase
  let pool: pg.Pool

  beforeEach(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 4 })
    pool.on('error', () => {})
  })

  afterEach(async () => {
    await pool.end()
    await database.drop()
  })

  const sumOf = async (table: string) =>
    Number((await pool.query(`SELECT coalesce(sum(count), 0) AS n FROM ${table}`)).rows[0].n)

  it('counts each record once, however often and by however many it is asked', async () => {
    await loadRecords(pool, { records: 12_000, from: FROM, until: new Date('2026-08-04T00:00:00Z') })
    const counted = await Promise.all([1, 2, 3].map(() => advanceRollups(pool)))
    expect(counted.reduce((sum, n) => sum + n, 0)).to.equal(12_000)
    expect(await advanceRollups(pool)).to.equal(0)
    for (const table of ['hour', 'day', 'month', 'day_total', 'hour_total'])
      expect(await sumOf(`exchange_${table}`), table).to.equal(12_000)
    const holds = async () => (await pool.query('SELECT rollup_holds() AS holds')).rows[0].holds
    expect(await holds()).to.equal(true)
    await pool.query("UPDATE exchange_connection SET delivered = 1 WHERE consumer = 'H10/mot-cua'")
    expect(await holds()).to.equal(false)
    await pool.query('SELECT rollup_derive()')
    expect(await holds()).to.equal(true)
  })

  it('counts nothing of a step that was cut off, and goes on from there', async () => {
    await loadRecords(pool, { records: 300, from: FROM, until: new Date('2026-08-02T00:00:00Z') })
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('SELECT rollup_advance(100)')
    await client.query('ROLLBACK')
    client.release()
    expect(await sumOf('exchange_hour')).to.equal(0)
    await pool.query('SELECT rollup_advance(100)')
    expect(await sumOf('exchange_day')).to.equal(100)
    expect(await advanceRollups(pool)).to.equal(200)
    expect(await sumOf('exchange_hour')).to.equal(300)
  })

  it('notes the trace of each record that has one, and is stopped by none that it cannot read', async () => {
    await loadRecords(pool, { records: 5, from: FROM, until: new Date('2026-08-01T00:30:00Z') })
    const traces = ['"trace":"4bf92f3577b34da6a3ce929d0e0e4736"', '"trace":"Ê"', '"trace":"4bf9', '"v":1']
    for (const [index, member] of traces.entries()) {
      await pool.query('UPDATE exchange_record SET leaf = $2 WHERE leaf_index = $1', [
        index,
        Buffer.from(`{"service":"\\"trace\\":",${member},"z":1}`),
      ])
    }
    expect(await advanceRollups(pool)).to.equal(5)
    expect((await pool.query('SELECT trace, leaf_index::int FROM exchange_trace')).rows).to.deep.equal([
      { trace: '4bf92f35-77b3-4da6-a3ce-929d0e0e4736', leaf_index: 0 },
    ])
  })

  it('lets no consumer make rows with names of its own invention', async () => {
    await loadRecords(pool, { records: 40, from: FROM, until: new Date('2026-08-01T00:30:00Z') })
    await pool.query(
      "UPDATE exchange_record SET provider = NULL, agreement = NULL, consumer = 'H10/mot-cua', operation = NULL, outcome = 'refused', code = 'service_unknown', service = 'X/y/' || leaf_index, purpose = 'p-' || leaf_index",
    )
    await advanceRollups(pool)
    expect((await pool.query('SELECT service, purpose, count::int FROM exchange_hour')).rows).to.deep.equal([
      { service: '', purpose: '', count: 40 },
    ])
  })

  it('makes the partitions of this month and three ahead, once', async () => {
    const now = Date.parse('2027-02-11T08:00:00Z')
    expect(await ensurePartitions(pool, now)).to.equal(4)
    expect(await ensurePartitions(pool, now)).to.equal(0)
    const { rows } = await pool.query(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'exchange_record'::regclass ORDER BY 1",
    )
    expect(rows.map(({ name }) => name)).to.include.members([
      'exchange_record_2027_02',
      'exchange_record_2027_05',
    ])
  })

  it('takes a record of a month without a partition, and moves it once the month has one', async () => {
    await loadRecords(pool, { records: 10, from: FROM, until: new Date('2026-08-02T00:00:00Z') })
    await pool.query(
      'UPDATE exchange_record SET exchange_id = overlay(exchange_id::text placing $1 from 1)::uuid',
      ['01b00000-0000'],
    )
    const count = async (table: string) =>
      (await pool.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n
    expect(await count('exchange_record_default')).to.equal(10)
    const { rows } = await pool.query('SELECT exchange_time(exchange_id) AS at FROM exchange_record LIMIT 1')
    await pool.query('SELECT ensure_record_partition($1)', [rows[0].at])
    expect([await count('exchange_record_default'), await count('exchange_record')]).to.deep.equal([0, 10])
  })
})

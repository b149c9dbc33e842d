import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { BulkAsk } from '../../src/jobs/bulk.ts'
import { emptyCounts } from '../../src/jobs/bulk.ts'
import type { ContractFault } from '../../src/jobs/contract-faults.ts'
import { count, groupBits, type Tally } from '../../src/jobs/data-quality.ts'
import { createBulkStore } from '../../src/storage/bulk.ts'
import { createContractFaultStore, createQualityStore } from '../../src/storage/data-quality.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { createFigureStore } from '../../src/storage/figures.ts'
import { createVault } from '../../src/storage/vault.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const SERVICE = 'G01/dan-cu/cong-dan/v1'
const YEAR = { id: '2026', from: '2026-01-01', until: '2027-01-01' }

describe('the quality of data in PostgreSQL', () => {
  let database: TestDatabase
  let opened: Database
  let pool: Database['pool']

  before(async () => {
    database = await createTestDatabase()
    opened = await openDatabase({ url: database.url, dataDir: '', poolSize: 2, log: () => {} })
    pool = opened.pool
  })
  after(async () => {
    await opened.close()
    await database.drop()
  })
  beforeEach(async () => {
    await pool.query(
      'TRUNCATE contract_fault, data_incident, cleaning_day, exchange_day, exchange_connection, event, event_newest, subscription CASCADE',
    )
  })

  const fault = (day: string, over: Partial<ContractFault> = {}): ContractFault => ({
    day,
    direction: 'answer',
    service: SERVICE,
    operation: 'lookUpCitizen',
    party: 'G01/dan-cu',
    field: '/fullName',
    rule: 'required',
    count: 1,
    ...over,
  })

  /** Exchanges of one outcome on some days, as the job counts them. */
  async function answered(days: readonly string[], outcome = 'delivered', operation = 'lookUpCitizen') {
    await pool.query(
      `INSERT INTO exchange_day SELECT day, 'H29/mot-cua', 'G01/dan-cu', $2, $3, $4, '', '', '', 5
         FROM unnest($1::date[]) AS day`,
      [days, SERVICE, operation, outcome],
    )
  }

  it('adds what processes saw, and tells whose documents broke which field', async () => {
    const { add } = createContractFaultStore(pool)
    await Promise.all([
      add([fault('2026-11-02', { count: 2 }), fault('2026-11-02', { field: '/sex', rule: 'enum' })]),
      add([fault('2026-11-02'), fault('2026-11-03', { direction: 'request', party: 'H29/mot-cua' })]),
    ])
    const store = createQualityStore(pool)
    const told = await store.faults(YEAR, undefined)
    expect(told.map(({ field, party, count: n }) => [field, party, n])).to.deep.equal([
      ['/fullName', 'G01/dan-cu', 3],
      ['/fullName', 'H29/mot-cua', 1],
      ['/sex', 'G01/dan-cu', 1],
    ])
    // The provider sees its service’s; another consumer sees none of them.
    expect(await store.faults(YEAR, ['G01/dan-cu'])).to.have.length(3)
    expect(await store.faults(YEAR, ['H26/mot-cua'])).to.deep.equal([])
    expect(
      await store.faults({ id: '2025', from: '2025-01-01', until: '2026-01-01' }, undefined),
    ).to.deep.equal([])
  })

  it('opens an incident at a provider’s first break, and none at a consumer’s', async () => {
    const { add } = createContractFaultStore(pool)
    await add([fault('2026-11-03', { direction: 'request', party: 'H29/mot-cua' })])
    await add([fault('2026-11-02')])
    await add([fault('2026-11-05', { count: 4 })])
    const incidents = await createQualityStore(pool).incidents(YEAR)
    expect(incidents).to.deep.equal([
      {
        service: SERVICE,
        operation: 'lookUpCitizen',
        field: '/fullName',
        rule: 'required',
        opened: '2026-11-02',
        last: '2026-11-05',
        closed: undefined,
        count: 5,
      },
    ])
  })

  it('closes it only after so many finished days with right answers of that operation, and then opens another', async () => {
    const { add, close } = createContractFaultStore(pool)
    const { incidents } = createQualityStore(pool)
    await add([fault('2026-11-02')])
    // Answers of the break’s own day, failures, and another operation prove nothing.
    await answered(['2026-11-02', '2026-11-03', '2026-11-06'])
    await answered(['2026-11-04', '2026-11-05'], 'failed')
    await answered(['2026-11-04', '2026-11-05'], 'delivered', 'verifyCitizen')
    expect(await close('2026-11-09', 3)).to.equal(0)
    // The third right day still runs.
    await answered(['2026-11-09'])
    expect(await close('2026-11-09', 3)).to.equal(0)
    expect(await close('2026-11-10', 3)).to.equal(1)
    expect(await close('2026-11-10', 3)).to.equal(0)
    await add([fault('2026-11-12')])
    const told = (await incidents(YEAR)).map(({ opened, last, closed }) => [opened, last, closed])
    expect(told).to.deep.equal([
      ['2026-11-02', '2026-11-02', '2026-11-09'],
      ['2026-11-12', '2026-11-12', undefined],
    ])
    // What was closed before a period is not told of in it; what is still open is.
    const after = { id: '2026-11-11', from: '2026-11-11', until: '2026-11-13' }
    expect((await incidents(after)).map(({ opened }) => opened)).to.deep.equal(['2026-11-12'])
  })

  it('takes a job’s results over as it ends, once, by unit, with what belongs to none', async () => {
    const vault = createVault(randomBytes(32))
    const queue = { sendWithin: async () => '1', wake: () => {} }
    const store = createBulkStore({ pool, vault, queue, processNumber: 1, keepDays: 7 } as never)
    const ask = { consumer: { id: 'H29/mot-cua' }, service: SERVICE, sizeBytes: 1 } as unknown as BulkAsk
    const counts = emptyCounts()
    const unit = (name: string): Tally => (counts.units[name] ??= emptyCounts().total)
    const one = (name: string | undefined, ...args: [Parameters<typeof count>[1], number]) => {
      count(counts.total, ...args)
      if (name !== undefined) count(unit(name), ...args)
    }
    one('79', 'matched', 0)
    one('79', 'differs', groupBits([8]))
    one('01', 'invalid', groupBits([1, 4]))
    one(undefined, 'not_found', groupBits([5]))
    for (const id of ['019a0000-0000-7000-8000-00000000bb01', '019a0000-0000-7000-8000-00000000bb02']) {
      await store.create(id, ask)
      await store.append(id, 0, [Buffer.from('x')])
      const claimed = await store.claim(id, '019a0000-0000-7000-8000-00000000cc01')
      const epoch = claimed?.epoch ?? 0
      await store.commit({ id, epoch, from: 0, to: 4, exchanges: 1, results: Buffer.from(''), counts })
      await store.end(id, epoch, 'done')
      // Its end was told: nothing is added twice.
      await store.end(id, epoch, 'done')
    }
    const year = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 4)
    const period = { id: year, from: `${year}-01-01`, until: `${Number(year) + 1}-01-01` }
    const told = await createQualityStore(pool).cleaning(period, undefined)
    expect(told.map(({ unit: name, jobs, tally: { records } }) => [name, jobs, records])).to.deep.equal([
      ['', 2, 2],
      ['01', 0, 2],
      ['79', 0, 4],
    ])
    const [none, hanoi, saigon] = told.map(({ tally }) => tally)
    expect(none?.outcomes).to.deep.include({ not_found: 2, matched: 0 })
    expect(none?.failing.accurate).to.equal(2)
    expect(hanoi?.groups).to.deep.include({ 1: 2, 4: 2, 8: 0 })
    expect(saigon?.outcomes).to.deep.include({ matched: 2, differs: 2 })
    expect(await createQualityStore(pool).cleaning(period, ['H26/mot-cua'])).to.deep.equal([])
    expect(await createQualityStore(pool).cleaning(period, ['G01/dan-cu'])).to.have.length(3)
  })

  it('counts nothing of a job that was stopped', async () => {
    const queue = { sendWithin: async () => '1', wake: () => {} }
    const vault = createVault(randomBytes(32))
    const store = createBulkStore({ pool, vault, queue, processNumber: 1, keepDays: 7 } as never)
    const id = '019a0000-0000-7000-8000-00000000bb03'
    await store.create(id, { consumer: { id: 'H29/mot-cua' }, service: SERVICE, sizeBytes: 1 } as never)
    await store.append(id, 0, [Buffer.from('x')])
    const claimed = await store.claim(id, '019a0000-0000-7000-8000-00000000cc02')
    await store.end(id, claimed?.epoch ?? 0, 'stopped', 'agreement_missing')
    expect((await pool.query('SELECT FROM cleaning_day')).rowCount).to.equal(0)
  })

  it('measures from when an event happened to its publication and its deliveries, repeats left out', async () => {
    const id = '019a0000-0000-7000-8000-00000000dd01'
    await pool.query(
      `INSERT INTO subscription (id, consumer, service, types, purpose, binding, token, mode, url, state, created_at, cursor)
       VALUES ($1, 'H29/mot-cua', $2, '{citizenMoved}', 'p', 'dpop', 't', 'push', 'https://nhan.example/', 'active', now(), 0)`,
      [id, SERVICE],
    )
    // Published 1, 2, 3 and 4 s after they happened, delivered 10, 20, 30 and (sent anew) 400 s after.
    await pool.query(
      `INSERT INTO event (slot, exchange_id, digest, sequence, service, type, order_key, happened_at, received_at, sealed)
       SELECT n::text::bytea, gen_random_uuid(), 'd', n, $1, 'citizenMoved', 'k', at, at + make_interval(secs => n), 's'
         FROM generate_series(1, 4) AS n, LATERAL (SELECT now() - make_interval(hours => n) AS at) AS t`,
      [SERVICE],
    )
    await pool.query(
      `INSERT INTO event_delivery (subscription, sequence, order_key, state, replayed, ended_at)
       SELECT $1, sequence, 'k', 'delivered', sequence = 4,
              happened_at + make_interval(secs => CASE sequence WHEN 4 THEN 400 ELSE sequence * 10 END) FROM event`,
      [id],
    )
    await pool.query(
      'INSERT INTO event_newest SELECT service, type, max(happened_at) FROM event GROUP BY 1, 2',
    )
    const promised = [{ service: SERVICE, type: 'citizenMoved', withinMs: 20_000 }]
    const since = new Date(Date.now() - 7 * 86_400_000)
    const [row] = await createQualityStore(pool).freshness(since, promised)
    expect(row).to.deep.include({
      events: 4,
      publishedP50: 2000,
      publishedP95: 4000,
      deliveries: 3,
      deliveredP50: 20_000,
      deliveredP95: 30_000,
      late: 1,
    })
    const [quiet] = await createQualityStore(pool).freshness(new Date(), [])
    expect(quiet).to.deep.include({ events: 0, deliveries: 0, publishedP50: undefined, late: 0 })
  })

  it('finds the first day a connection carried something since a day', async () => {
    await answered(['2026-03-02', '2026-05-04', '2026-06-01'])
    await answered(['2026-04-01'], 'refused')
    await pool.query('SELECT rollup_derive()')
    const { firstDelivered } = createFigureStore(pool)
    const since = '2026-03-03'
    expect(
      await firstDelivered([
        { service: SERVICE, consumer: 'H29/mot-cua', since },
        { service: SERVICE, since: '2026-01-01' },
        { service: SERVICE, consumer: 'H26/mot-cua', since },
        { service: 'G12/thue/nguoi-nop-thue/v1', since },
        { service: SERVICE, since: '2026-06-02' },
      ]),
    ).to.deep.equal(['2026-05-04', '2026-03-02', undefined, undefined, undefined])
  })
})

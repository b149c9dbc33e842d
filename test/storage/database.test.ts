import { expect } from 'chai'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import type { StorageEvent } from '../../src/storage/storage-event.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

describe('database', () => {
  let testDatabase: TestDatabase
  let database: Database
  let notice: (event: StorageEvent) => void

  before(async () => {
    testDatabase = await createTestDatabase({ empty: true })
    database = await openDatabase({
      url: testDatabase.url,
      dataDir: '',
      poolSize: 3,
      log: (event) => notice(event),
    })
  })

  beforeEach(() => {
    notice = () => {}
  })

  after(async () => {
    await database.close()
    await testDatabase.drop()
  })

  const value = async (expression: string): Promise<unknown> =>
    (await database.pool.query(`SELECT ${expression} AS value`)).rows[0].value

  it('by an address is not embedded', () => {
    expect(database.embedded).to.equal(false)
    expect(database.url).to.equal(testDatabase.url)
  })

  it('gives a bigint as a number where it is exact, and refuses it where it is not', async () => {
    expect(await value('9007199254740991::bigint')).to.equal(9007199254740991)
    expect(await value('-5::bigint')).to.equal(-5)
    const thrown = await value('9007199254740993::bigint').catch((error: unknown) => error)
    expect(thrown).to.be.instanceOf(RangeError)
    expect(await value('1')).to.equal(1)
  })

  it('gives an instant as a Date and a day as text', async () => {
    expect(await value("'2026-01-31T23:30:00+07:00'::timestamptz")).to.deep.equal(
      new Date('2026-01-31T16:30:00Z'),
    )
    expect(await value("'2026-01-31'::date")).to.equal('2026-01-31')
  })

  it('bounds every statement and every idle transaction, and says who is connected', async () => {
    expect(await value("current_setting('statement_timeout')")).to.equal('30s')
    expect(await value("current_setting('idle_in_transaction_session_timeout')")).to.equal('1min')
    expect(await value("current_setting('application_name')")).to.equal('lienthong')
  })

  it('outlives the loss of a connection that is idle', async () => {
    const client = await database.pool.connect()
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    client.release()
    const noticed = new Promise<StorageEvent>((resolve) => {
      notice = resolve
    })
    const other = await openDatabase({ url: testDatabase.url, dataDir: '', poolSize: 1, log: () => {} })
    await other.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await other.close()
    expect(await noticed).to.deep.equal({ event: 'connection_lost', code: '57P01' })
    expect(await value('1')).to.equal(1)
  })

  it('outlives the loss of a connection that is in use', async () => {
    const client = await database.pool.connect()
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    const noticed = new Promise<StorageEvent>((resolve) => {
      notice = resolve
    })
    await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    expect(await noticed).to.deep.equal({ event: 'connection_lost', code: '57P01' })
    client.release(true)
    expect(await value('1')).to.equal(1)
  })

  it('is opened while its server is away', async () => {
    const address = new URL(testDatabase.url)
    address.port = '1'
    const away = await openDatabase({ url: address.href, dataDir: '', poolSize: 1, log: () => {} })
    const thrown: unknown = await away.pool.query('SELECT 1').catch((error: unknown) => error)
    expect(thrown).to.have.property('code', 'ECONNREFUSED')
    await away.close()
  })

  it('may be closed twice', async () => {
    const other = await openDatabase({ url: testDatabase.url, dataDir: '', poolSize: 1, log: () => {} })
    await Promise.all([other.close(), other.close()])
  })
})

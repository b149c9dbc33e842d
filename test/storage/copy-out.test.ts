import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import pg from 'pg'
import { readRowBinary } from '../../src/storage/copy-out.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

describe('a row read by binary COPY', () => {
  let database: TestDatabase
  let pool: pg.Pool
  before(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 1 })
    pool.on('error', () => {})
    await pool.query('CREATE TABLE kept (place bigint, bytes bytea)')
  })
  after(async () => {
    await pool?.end()
    await database?.drop()
  })

  it('has the bytes that were written, however many, and is undefined where there is none', async () => {
    for (const size of [0, 1, 70_000, 3_000_000]) {
      const bytes = randomBytes(size)
      await pool.query('DELETE FROM kept')
      await pool.query('INSERT INTO kept VALUES ($1, $2)', [size, bytes])
      const row = await readRowBinary(pool, 'SELECT place, bytes FROM kept')
      expect(row?.[0]?.readBigInt64BE()).to.equal(BigInt(size))
      expect(row?.[1]?.equals(bytes), String(size)).to.equal(true)
    }
    expect(await readRowBinary(pool, 'SELECT place, bytes FROM kept WHERE place < 0')).to.equal(undefined)
  })

  it('has nothing where a column is null, and what follows it none the less', async () => {
    const row = await readRowBinary(pool, "SELECT NULL::bytea, '\\x0a'::bytea, NULL::bigint, 2::smallint")
    expect(row?.map((field) => field.toString('hex'))).to.deep.equal(['', '0a', '', '0002'])
  })

  it('that cannot be read says why, and the next one can', async () => {
    const failed = await readRowBinary(pool, 'SELECT nothing FROM kept').catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(pg.DatabaseError).with.property('code', '42703')
    expect(await readRowBinary(pool, 'SELECT 1::bigint')).to.have.length(1)
  })
})

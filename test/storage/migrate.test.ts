import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import type { StorageEvent } from '../../src/storage/storage-event.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

describe('migrations', () => {
  let folder: string
  let testDatabase: TestDatabase
  let database: Database
  let events: StorageEvent[]

  const open = () =>
    openDatabase({ url: testDatabase.url, dataDir: '', poolSize: 2, log: (event) => events.push(event) })
  const write = (name: string, sql: string) => writeFile(join(folder, name), sql)
  const select = async (sql: string) => (await database.pool.query(sql)).rows
  const fail = async (work: Promise<void>) => {
    try {
      await work
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown)
    }
    throw new Error('it did not fail')
  }

  beforeEach(async () => {
    events = []
    folder = await mkdtemp(join(tmpdir(), 'lienthong-migrations-'))
    testDatabase = await createTestDatabase({ empty: true })
    database = await open()
  })

  afterEach(async () => {
    await database.close()
    await testDatabase.drop()
    await rm(folder, { recursive: true })
  })

  it('are applied in the order of their numbers, each once', async () => {
    await write('0002-second.sql', 'INSERT INTO trace VALUES (2); CREATE TABLE later (id int);')
    await write('0001-first.sql', 'CREATE TABLE trace (step int); INSERT INTO trace VALUES (1);')
    await database.migrate(folder)
    await database.migrate(folder)
    expect(await select('SELECT step FROM trace')).to.deep.equal([{ step: 1 }, { step: 2 }])
    expect(await select('SELECT number, title FROM schema_migration ORDER BY applied_at')).to.deep.equal([
      { number: 1, title: 'first' },
      { number: 2, title: 'second' },
    ])
    expect(events.map((event) => event.event)).to.deep.equal(['migration_applied', 'migration_applied'])
  })

  it('that come later are applied to a database that has the earlier ones', async () => {
    await write('0001-first.sql', 'CREATE TABLE trace (step int)')
    await database.migrate(folder)
    await write('0002-second.sql', 'INSERT INTO trace VALUES (2)')
    await database.migrate(folder)
    expect(await select('SELECT step FROM trace')).to.deep.equal([{ step: 2 }])
  })

  it('that were changed after they were applied are refused, and nothing new is applied', async () => {
    await write('0001-first.sql', 'CREATE TABLE trace (step int)')
    await database.migrate(folder)
    await write('0001-first.sql', 'CREATE TABLE trace (step bigint)')
    await write('0002-second.sql', 'INSERT INTO trace VALUES (2)')
    expect(await fail(database.migrate(folder))).to.match(/0001-first\.sql was changed after it was applied/)
    expect(await select('SELECT step FROM trace')).to.deep.equal([])
  })

  it('have the same digest with the line ends of Windows', async () => {
    await write('0001-first.sql', 'CREATE TABLE trace (\n  step int\n);\n')
    await database.migrate(folder)
    await write('0001-first.sql', 'CREATE TABLE trace (\r\n  step int\r\n);\r\n')
    await database.migrate(folder)
  })

  it('that fail leave the database as it was, and what came before stays', async () => {
    await write('0001-first.sql', 'CREATE TABLE trace (step int)')
    await write('0002-second.sql', 'INSERT INTO trace VALUES (2); SELECT 1 / 0;')
    expect(await fail(database.migrate(folder))).to.match(/0002-second\.sql failed: division by zero/)
    expect(await select('SELECT step FROM trace')).to.deep.equal([])
    expect(await select('SELECT number FROM schema_migration')).to.deep.equal([{ number: 1 }])
    await write('0002-second.sql', 'INSERT INTO trace VALUES (2)')
    await database.migrate(folder)
    expect(await select('SELECT step FROM trace')).to.deep.equal([{ step: 2 }])
  })

  it('that end their transaction are refused', async () => {
    await write('0001-first.sql', 'CREATE TABLE trace (step int); COMMIT;')
    expect(await fail(database.migrate(folder))).to.match(
      /0001-first\.sql failed: it must not end its transaction/,
    )
    expect(await select('SELECT number FROM schema_migration')).to.deep.equal([])
  })

  it('that a newer version applied are refused', async () => {
    await write('0001-first.sql', 'CREATE TABLE trace (step int)')
    await write('0002-second.sql', 'SELECT 1')
    await database.migrate(folder)
    await rm(join(folder, '0002-second.sql'))
    expect(await fail(database.migrate(folder))).to.match(/has had migration 0002-second\.sql.*newer version/)
  })

  it('with a number below an applied one are refused', async () => {
    await write('0002-second.sql', 'SELECT 1')
    await database.migrate(folder)
    await write('0001-first.sql', 'SELECT 1')
    expect(await fail(database.migrate(folder))).to.match(/0001-first\.sql comes before 2/)
  })

  it('with the same number or another form of name are refused', async () => {
    await write('0001-first.sql', 'SELECT 1')
    await write('0001-other.sql', 'SELECT 1')
    expect(await fail(database.migrate(folder))).to.match(/two migrations numbered 0001/)
    await rm(join(folder, '0001-other.sql'))
    await write('2-second.sql', 'SELECT 1')
    expect(await fail(database.migrate(folder))).to.match(/2-second\.sql is not named as a migration/)
  })

  it('are applied once by gateways that start at the same time', async () => {
    // Without the lock the second runner would find no row of the first and apply the file again.
    await write('0001-first.sql', 'CREATE TABLE IF NOT EXISTS trace (step int)')
    await write('0002-second.sql', 'INSERT INTO trace VALUES (2)')
    const others = await Promise.all([open(), open(), open()])
    await Promise.all([database, ...others].map((each) => each.migrate(folder)))
    expect(await select('SELECT step FROM trace')).to.deep.equal([{ step: 2 }])
    expect(events).to.have.lengthOf(2)
    await Promise.all(others.map((other) => other.close()))
  })

  it('of the project itself can be applied', async () => {
    await database.migrate()
    await database.migrate()
    const [row] = await select('SELECT count(*) AS count FROM schema_migration')
    expect(row.count).to.be.greaterThan(0)
  })
})

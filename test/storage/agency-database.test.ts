import { expect } from 'chai'
import pg from 'pg'
import { createCanceller } from '../../src/model/cancellation.ts'
import type { SqlDialect } from '../../src/model/sql.ts'
import { createAddressGuard } from '../../src/provider/address.ts'
import {
  type SqlConnection,
  type SqlDatabase,
  SqlFault,
  type SqlQuestion,
} from '../../src/provider/sql-database.ts'
import { openAgencyDatabase } from '../../src/storage/agency-database.ts'
import { requireProgram } from '../support/debian-program.ts'
import { type MariadbServer, startMariadb } from '../support/mariadb.ts'
import { adminUrlOf, createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const PASSWORD = 'mật khẩu & "thử"'
const TABLE = `CREATE TABLE so (ma int, ten varchar(40), dien_tich decimal(10,4), ngay date, lon bigint, trong varchar(9))`
const ROWS = `INSERT INTO so VALUES (1, 'Đỗ ''Ơ'' <&>', 120.5000, '2026-02-03', 9007199254740993, NULL), (2, 'Y Thăng', 1, '2025-01-01', 2, NULL)`

type Change = Partial<Omit<SqlConnection, 'lookup' | 'assertReachable'>>

/** What each kind of database is held to. */
function holds(
  dialect: SqlDialect,
  sleepFor: (seconds: number) => string,
  connect: (change?: Change) => Promise<SqlDatabase>,
) {
  const mark = dialect === 'mariadb' ? '?' : '$1'
  const question = (text: string, change: Partial<SqlQuestion> = {}): SqlQuestion => ({
    text,
    values: [],
    maxRows: 10,
    maxBytes: 10_000,
    deadline: createCanceller(),
    ...change,
  })

  async function kindOf(work: Promise<unknown>): Promise<string> {
    try {
      return JSON.stringify(await work)
    } catch (thrown) {
      if (!(thrown instanceof SqlFault)) throw thrown
      return thrown.kind
    }
  }

  it('gives each column as text, exactly, and no value as null', async () => {
    const database = await connect()
    const text = `SELECT * FROM so WHERE ma = ${mark} ORDER BY ma`
    expect(await database.ask(question(text, { values: [1] }))).to.deep.equal([
      {
        ma: '1',
        ten: "Đỗ 'Ơ' <&>",
        dien_tich: '120.5000',
        ngay: '2026-02-03',
        lon: '9007199254740993',
        trong: null,
      },
    ])
    expect(await database.ask(question(text, { values: [7] }))).to.deep.equal([])
    await database.close()
  })

  it('binds values, whatever stands in them', async () => {
    const database = await connect()
    const text = `SELECT ma FROM so WHERE ten = ${mark}`
    for (const value of ["' OR '1'='1", "x'; DROP TABLE so; --", '\\', "Đỗ 'Ơ' <&>"]) {
      const rows = await database.ask(question(text, { values: [value] }))
      expect(rows).to.have.length(value.startsWith('Đỗ') ? 1 : 0)
    }
    await database.close()
  })

  it('reads only: the session refuses what the role itself could do', async () => {
    const database = await connect()
    for (const text of [
      'DELETE FROM so',
      'CREATE TABLE moi (a int)',
      "INSERT INTO so VALUES (9, 'x', 1, '2026-01-01', 1, NULL)",
    ]) {
      expect(await kindOf(database.ask(question(text))), text).to.equal('failed')
    }
    expect(await database.ask(question('SELECT count(*) AS so_dong FROM so'))).to.deep.equal([
      { so_dong: '2' },
    ])
    await database.close()
  })

  it('gives up in time: by the database’s own limit, and by the deadline', async () => {
    const database = await connect({ timeoutMs: 300 })
    expect(await kindOf(database.ask(question(sleepFor(30))))).to.equal('slow')
    const deadline = createCanceller()
    const asked = (await connect()).ask(question(sleepFor(2), { deadline }))
    deadline.abort('deadline')
    expect(await kindOf(asked)).to.equal('slow')
    await database.close()
  })

  it('refuses more rows and more bytes than the binding lets in, and goes on with the next question', async () => {
    const database = await connect({ connections: 1 })
    expect(await kindOf(database.ask(question('SELECT ma FROM so', { maxRows: 1 })))).to.equal('excess')
    expect(await kindOf(database.ask(question('SELECT ten FROM so', { maxBytes: 10 })))).to.equal('excess')
    expect(await database.ask(question('SELECT ma FROM so', { maxRows: 2 }))).to.have.length(2)
    await database.close()
  })

  it('is gone where nobody listens or the address is not allowed, and refuses a wrong password or statement', async () => {
    expect(await kindOf((await connect({ port: 1 })).ask(question('SELECT 1')))).to.equal('gone')
    expect(await kindOf((await connect({ host: '169.254.169.254' })).ask(question('SELECT 1')))).to.equal(
      'gone',
    )
    expect(await kindOf((await connect({ host: 'localhost.' })).ask(question('SELECT 1')))).to.equal('gone')
    expect(await kindOf((await connect({ password: 'x' })).ask(question('SELECT 1')))).to.equal('failed')
    expect(await kindOf((await connect()).ask(question('SELECT khong_co FROM so')))).to.equal('failed')
  })

  it('asks for TLS unless told otherwise', async () => {
    expect(await kindOf((await connect({ tls: {} })).ask(question('SELECT 1')))).to.equal('gone')
  })
}

/** Names lead to an address that is never allowed, so only the literal one is reached. */
function connecting(base: Omit<SqlConnection, 'lookup' | 'assertReachable'>, opened: SqlDatabase[]) {
  return async (change: Change = {}) => {
    const options = { ...base, ...change }
    const guard = createAddressGuard(true, (_, __, callback) => callback(null, '169.254.1.1', 4))
    const database = await openAgencyDatabase({
      ...options,
      lookup: guard.lookup,
      assertReachable: () => guard.assertHost(options.host),
    })
    opened.push(database)
    return database
  }
}

describe('an agency’s PostgreSQL', () => {
  let database: TestDatabase
  const opened: SqlDatabase[] = []
  let connect: ReturnType<typeof connecting>
  let role = ''

  before(async () => {
    database = await createTestDatabase()
    const { hostname: host, port, pathname } = new URL(database.url)
    role = `${pathname.slice(1)}_doc`
    const admin = new pg.Client({ connectionString: adminUrlOf(database.url) })
    await admin.connect()
    await admin.query(TABLE)
    await admin.query(ROWS)
    await admin.query(`CREATE ROLE ${pg.escapeIdentifier(role)} LOGIN PASSWORD ${pg.escapeLiteral(PASSWORD)}`)
    await admin.query(
      `GRANT ALL ON so TO ${pg.escapeIdentifier(role)}; GRANT CREATE ON SCHEMA public TO ${pg.escapeIdentifier(role)}`,
    )
    await admin.end()
    const base = {
      dialect: 'postgresql',
      host,
      port: Number(port),
      database: pathname.slice(1),
      user: role,
      password: PASSWORD,
      timeoutMs: 20_000,
      connections: 2,
    } as const
    connect = connecting(base, opened)
  })

  after(async () => {
    await Promise.allSettled(opened.map((each) => each.close()))
    const admin = new pg.Client({ connectionString: adminUrlOf(database.url) })
    await admin.connect()
    await admin.query(`DROP OWNED BY ${pg.escapeIdentifier(role)}; DROP ROLE ${pg.escapeIdentifier(role)}`)
    await admin.end()
    await database.drop()
  })

  holds(
    'postgresql',
    (seconds) => `SELECT pg_sleep(${seconds})`,
    (change) => connect(change),
  )
})

describe('an agency’s MariaDB', () => {
  let server: MariadbServer | undefined
  const opened: SqlDatabase[] = []
  let connect: ReturnType<typeof connecting>

  before(async function () {
    requireProgram(this, 'mariadbd', 'mariadb-server')
    const account = `'doc'@'%'`
    server = await startMariadb([
      'CREATE DATABASE dia_chinh CHARACTER SET utf8mb4',
      `CREATE USER ${account} IDENTIFIED BY '${PASSWORD.replaceAll("'", "''")}'`,
      `GRANT ALL ON dia_chinh.* TO ${account}`,
      'USE dia_chinh',
      TABLE,
      ROWS,
    ])
    const base = {
      dialect: 'mariadb',
      host: '127.0.0.1',
      port: server.port,
      database: 'dia_chinh',
      user: 'doc',
      password: PASSWORD,
      timeoutMs: 20_000,
      connections: 2,
    } as const
    connect = connecting(base, opened)
  })

  after(async () => {
    await Promise.allSettled(opened.map((each) => each.close()))
    await server?.stop()
  })

  holds(
    'mariadb',
    (seconds) => `SELECT sleep(${seconds})`,
    (change) => connect(change),
  )
})

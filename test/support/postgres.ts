import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import { openDatabase } from '../../src/storage/database.ts'
import { type EmbeddedServer, startEmbedded } from '../../src/storage/embedded.ts'

export interface TestDatabase {
  readonly url: string
  /** Ends what is still connected to it. */
  drop(): Promise<void>
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

interface TestServer {
  readonly url: string
  /** Connected for CREATE and DROP DATABASE. */
  readonly client: Client
  /** Name of a database with all migrations applied, made when first asked for. */
  template(): Promise<string>
  formatUrl(database: string): string
  stop(): Promise<void>
}

/** The one server of a mocha run, started by the first test that asks. */
let server: Promise<TestServer> | undefined

/** A folder of root's that others may walk through, so PostgreSQL's account reaches what is in it. */
export async function createTestFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lienthong-test-'))
  await chmod(folder, 0o711)
  return folder
}

/**
 * Ends `server` at once and removes its files when the run is broken off, so that Ctrl-C leaves nothing behind.
 * Call what it returns once the server has been stopped.
 */
export function endAtExit(server: Pick<EmbeddedServer, 'pid' | 'folder'>, dataDir: string): () => void {
  const pidFile = join(server.folder, 'cluster/postmaster.pid')
  const end = () => {
    if (existsSync(pidFile)) process.kill(server.pid, 'SIGQUIT')
    const pause = new Int32Array(new SharedArrayBuffer(4))
    for (let tries = 0; tries < 100 && existsSync(pidFile); tries += 1) Atomics.wait(pause, 0, 0, 20)
    for (const folder of [server.folder, dataDir]) rmSync(folder, { recursive: true, force: true })
  }
  // Mocha handles none of these signals, and without a handler no 'exit' is emitted.
  const exit = () => process.exit(130)
  process.once('exit', end)
  for (const signal of SIGNALS) process.once(signal, exit)
  return () => {
    process.off('exit', end)
    for (const signal of SIGNALS) process.off(signal, exit)
  }
}

/** For worker processes: the run's server and its migrated database, as JSON. */
const SHARED = 'TEST_SERVER'

interface StartedServer {
  readonly url: string
  stop(): Promise<void>
  /** The database with all migrations applied, where there is one already. */
  readonly made?: string
}

function takeShared(shared: string): StartedServer {
  return { ...(JSON.parse(shared) as { url: string; made: string }), async stop() {} }
}

async function startServer(): Promise<StartedServer> {
  const url = process.env['DATABASE_URL_TEST']
  if (url !== undefined) return { url, async stop() {} }
  const dataDir = await createTestFolder()
  const embedded = await startEmbedded({ dataDir, log: () => {} })
  const release = endAtExit(embedded, dataDir)
  return {
    url: embedded.url,
    async stop() {
      await embedded.stop()
      release()
      for (const folder of [embedded.folder, dataDir]) await rm(folder, { recursive: true, force: true })
    },
  }
}

async function open(): Promise<TestServer> {
  const shared = process.env[SHARED]
  const { url, stop, made } = shared === undefined ? await startServer() : takeShared(shared)
  const formatUrl = (database: string) => {
    const address = new URL(url)
    address.pathname = `/${database}`
    return address.href
  }
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  let template: Promise<string> | undefined
  return {
    url,
    client,
    template() {
      if (made !== undefined) return Promise.resolve(made)
      template ??= createTemplate(client, formatUrl)
      return template
    },
    formatUrl,
    async stop() {
      if (template !== undefined) await client.query(`DROP DATABASE ${await template}`)
      await client.end()
      await stop()
    },
  }
}

async function createTemplate(client: Client, formatUrl: (database: string) => string): Promise<string> {
  const name = `lienthong_template_${randomBytes(6).toString('hex')}`
  await client.query(`CREATE DATABASE ${name}`)
  const database = await openDatabase({ url: formatUrl(name), dataDir: '', poolSize: 1, log: () => {} })
  await database.migrate().finally(() => database.close())
  // A template is copied only while nobody is connected to it.
  await client.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`)
  return name
}

/** What PostgreSQL says where a process may not be ended. */
const INSUFFICIENT_PRIVILEGE = '42501'
const DROP_TRIES = 100
const DROP_PAUSE_MS = 100

/**
 * FORCE ends the sessions of our own role. One of the server's own (a worker of autovacuum runs as its superuser) may
 * not be ended by us, so it is waited for.
 */
async function dropDatabase(client: Client, name: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      return
    } catch (error) {
      const isBusy = error instanceof DatabaseError && error.code === INSUFFICIENT_PRIVILEGE
      if (!isBusy || tries === DROP_TRIES) throw error
      await sleep(DROP_PAUSE_MS)
    }
  }
}

/**
 * A fresh database of its own for one test file or test, with all migrations applied or, if `empty`, none. It is on
 * an embedded server, or on the server that `DATABASE_URL_TEST` names (the role may create databases).
 */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  server ??= open()
  const { client, template, formatUrl } = await server
  const name = `lienthong_test_${randomBytes(6).toString('hex')}`
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${empty ? 'template1' : await template()}`)
  return {
    url: formatUrl(name),
    drop: () => dropDatabase(client, name),
  }
}

/** The same database for who may make roles: the embedded server's superuser, or the role that was given. */
export function adminUrlOf(url: string): string {
  const address = new URL(url)
  if (process.env['DATABASE_URL_TEST'] === undefined) address.username = 'postgres'
  return address.href
}

/** For the hook before a run in several processes: they take their databases from one server. */
export async function shareTestServer(): Promise<void> {
  server ??= open()
  const { url, template } = await server
  process.env[SHARED] = JSON.stringify({ url, made: await template() })
}

/** For the root hooks alone. */
export async function stopTestServer(): Promise<void> {
  const running = await server
  server = undefined
  await running?.stop()
}

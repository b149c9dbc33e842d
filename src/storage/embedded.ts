import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import { type Binaries, openBinaries } from './embedded-binaries.ts'
import {
  initialiseCluster,
  isServerOf,
  type Postmaster,
  ROLE,
  readLogEnd,
  readPostmaster,
  spawnServer,
} from './embedded-cluster.ts'
import { type Home, type HomeOptions, hasCode, isPresent, openHome } from './embedded-home.ts'

/** Taken where it is free, so that the address stays the same over restarts. */
const PREFERRED_PORT = 54317

/** A server that recovers from a crash may take this long to be ready. */
const START_LIMIT_MS = 120_000
/** A server that was asked to stop writes a checkpoint first; after this it is told to drop everything. */
const STOP_LIMIT_MS = 30_000
const LOOK_AGAIN_MS = 20
/**
 * How often a server that ends at once is started again: its port may just have been taken, or processes of a
 * crashed server may still be ending.
 */
const START_ATTEMPTS = 5

/**
 * Each gateway holds this advisory lock (in the database `postgres`) shared while it uses the server; whoever gets
 * it exclusively on leaving is alone and stops the server. It goes with the connection, so a killed gateway counts
 * no more.
 */
const PRESENCE_LOCK = 7415

export interface EmbeddedServer {
  /** postgresql://lienthong:…@127.0.0.1:port/lienthong; holds the password, so it is never logged. */
  readonly url: string
  readonly port: number
  /** Of the server's first process. */
  readonly pid: number
  /** Where its files are, on this machine. */
  readonly folder: string
  /**
   * Stops the server if no other gateway uses it, else leaves it to the last of them; who started it does not
   * matter. At return no process of it is left, or another gateway holds it. Connections still open are ended.
   * @throws Error where it does not end within 40 seconds.
   */
  stop(): Promise<void>
}

/** The address of one database of the server, for the gateway's role. */
function formatUrl(home: Home, port: number, database: string): string {
  return `postgresql://${ROLE}:${home.password}@127.0.0.1:${port}/${database}`
}

/**
 * Connects with our password, which the server proves to know as well (SCRAM, RFC 5802 §3), and announces this
 * gateway; undefined where the server is just coming up or going down.
 */
async function enter(home: Home, { port }: Postmaster): Promise<Client | undefined> {
  const connectionString = formatUrl(home, port, 'postgres')
  const client = new Client({
    connectionString,
    application_name: 'lienthong presence',
    keepAlive: true,
    connectionTimeoutMillis: 5000,
  })
  // It ends with the server; until then the pool of the gateway notices what matters.
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query('SELECT pg_try_advisory_lock_shared($1) AS entered', [PRESENCE_LOCK])
    if (rows[0]?.entered === true) return client
  } catch (thrown) {
    if (thrown instanceof DatabaseError && (thrown.code === '28P01' || thrown.code === '28000')) {
      throw new Error(
        `The database server in ${home.folder} does not take the password kept there: put the right one back in ` +
          `${home.folder}/password, or set DATABASE_URL.`,
        { cause: thrown },
      )
    }
  }
  await client.end().catch(() => {})
  return undefined
}

/** A port of 127.0.0.1 that nobody listens on now; another program may still be faster. */
async function findPort(preferred: number): Promise<number> {
  const probe = createServer()
  try {
    return await new Promise<number>((resolve, reject) => {
      probe.once('error', reject)
      probe.listen({ host: '127.0.0.1', port: preferred }, () => {
        const address = probe.address()
        resolve(typeof address === 'object' && address !== null ? address.port : preferred)
      })
    })
  } catch (thrown) {
    if (preferred !== 0 && hasCode(thrown, 'EADDRINUSE', 'EACCES')) return await findPort(0)
    throw thrown
  } finally {
    probe.close()
  }
}

interface Joined {
  readonly postmaster: Postmaster
  readonly presence: Client
  /** Whether the server was started here; else it was running already. */
  readonly started: boolean
}

/** Finds the cluster's server running, or starts it, and enters it. */
async function join(home: Home, binaries: Binaries): Promise<Joined> {
  const deadline = performance.now() + START_LIMIT_MS
  let startedPid: number | undefined
  let attempts = 0
  while (performance.now() < deadline) {
    const postmaster = await readPostmaster(home.clusterFolder)
    if (postmaster !== undefined && (await isServerOf(home.clusterFolder, postmaster.pid))) {
      const started = postmaster.pid === startedPid
      const entering = postmaster.ready ? enter(home, postmaster) : undefined
      const presence = await entering?.catch(async (thrown) => {
        if (started) await end(home, postmaster.pid, 'SIGINT', STOP_LIMIT_MS)
        throw thrown
      })
      if (presence !== undefined) return { postmaster, presence, started }
      await delay(LOOK_AGAIN_MS)
      continue
    }
    if (attempts === START_ATTEMPTS) {
      throw new Error(`The database server in ${home.folder} does not start:\n${await readLogEnd(home)}`)
    }
    if (attempts > 0) await delay(50 * 2 ** attempts)
    const port = await findPort(attempts === 0 ? PREFERRED_PORT : 0)
    attempts += 1
    const server = await spawnServer(home, binaries, { port, stalePid: postmaster?.pid })
    startedPid = server.pid
    // Until it has taken the cluster or ended, perhaps because another gateway's server took it first.
    while (!server.hasEnded() && (await readPostmaster(home.clusterFolder))?.pid !== server.pid) {
      await delay(LOOK_AGAIN_MS)
    }
  }
  throw new Error(
    `The database server in ${home.folder} is not ready after ${START_LIMIT_MS / 1000} seconds; it is left ` +
      `running, and the next start will find it. Its log ends:\n${await readLogEnd(home)}`,
  )
}

/** Says whether no other gateway is present; if so, none can enter before the server has stopped. */
async function isLast(presence: Client): Promise<boolean> {
  await presence.query('SELECT pg_advisory_unlock_shared($1)', [PRESENCE_LOCK])
  const { rows } = await presence.query('SELECT pg_try_advisory_lock($1) AS last', [PRESENCE_LOCK])
  return rows[0]?.last === true
}

/** Sends `signal` and waits until the server has ended; false where it has not within `limitMs`. */
async function end(home: Home, pid: number, signal: 'SIGINT' | 'SIGQUIT', limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs
  if (!(await isServerOf(home.clusterFolder, pid))) return true
  try {
    process.kill(pid, signal)
  } catch (thrown) {
    if (!hasCode(thrown, 'ESRCH')) throw thrown
  }
  while (performance.now() < deadline) {
    if (!(await isServerOf(home.clusterFolder, pid))) return true
    await delay(LOOK_AGAIN_MS)
  }
  return false
}

/**
 * Starts PostgreSQL from the binaries inside our npm packages, on 127.0.0.1 only, with its files in the data
 * folder; makes the database at the first start. A server that a killed gateway left running, or that another
 * gateway runs, is used as it is. The data folder must not be shared between machines or containers.
 * @throws Error that says what to do where there are no binaries, no fit account or no fit folder.
 */
export async function startEmbedded(options: HomeOptions): Promise<EmbeddedServer> {
  const { log } = options
  const home = await openHome(options)
  const binaries = await openBinaries(options.systemFolder, log)
  if (!(await isPresent(home.clusterFolder))) {
    const begun = performance.now()
    if (await initialiseCluster(home, binaries)) {
      log({ event: 'cluster_initialised', folder: home.folder, durationMs: performance.now() - begun })
    }
  }
  const begun = performance.now()
  const joined = await join(home, binaries)
  const { pid, port } = joined.postmaster
  if (joined.started) log({ event: 'server_started', pid, port, durationMs: performance.now() - begun })
  else log({ event: 'server_reused', pid, port })
  let stopping: Promise<void> | undefined
  return {
    url: formatUrl(home, port, ROLE),
    port,
    pid,
    folder: home.folder,
    stop() {
      stopping ??= leave(home, joined, options)
      return stopping
    },
  }
}

async function leave(
  home: Home,
  { postmaster, presence, started }: Joined,
  { log }: HomeOptions,
): Promise<void> {
  const begun = performance.now()
  const { pid } = postmaster
  // Where our connection is lost, PostgreSQL is asked anew; where it lets nobody in, it is its starter's to stop.
  const last = await isLast(presence).catch(async () => {
    const again = await enter(home, postmaster)
    return again === undefined ? started : await isLast(again).finally(() => again.end().catch(() => {}))
  })
  if (!last) {
    await presence.end()
    log({ event: 'server_left_running', pid })
    return
  }
  const ended = (await end(home, pid, 'SIGINT', STOP_LIMIT_MS)) || (await end(home, pid, 'SIGQUIT', 10_000))
  await presence.end().catch(() => {})
  if (!ended) throw new Error(`The database server with process id ${pid} does not end.`)
  log({ event: 'server_stopped', pid, durationMs: performance.now() - begun })
}

import { readdirSync, readFileSync } from 'node:fs'
import { rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { type Binaries, openBinaries } from '../../src/storage/embedded-binaries.ts'
import {
  initialiseCluster,
  isServerOf,
  ROLE,
  readLogEnd,
  readPostmaster,
  spawnServer,
} from '../../src/storage/embedded-cluster.ts'
import { type Home, openHome } from '../../src/storage/embedded-home.ts'
import { freePort } from '../support/free-port.ts'
import { createTestFolder } from '../support/postgres.ts'

/** A PostgreSQL server that a test may kill; its address stays the same when it is started again. */
export interface Cluster {
  readonly url: string
  /** As the server's superuser. */
  readonly superuserUrl: string
  /** Where its files are. */
  readonly folder: string
  /** Kills every process of it at one instant, with SIGKILL. */
  kill(): Promise<void>
  isRunning(): boolean
  /** Starts it again, with the settings it had at first. Resolves once it takes connections. */
  start(): Promise<void>
  /** Ends it and removes its files. */
  remove(): Promise<void>
}

/** The processes that `pid` has started and that live. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      // Behind the name in parentheses: state, then the parent's number (proc(5)).
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      return Number(parent) === pid ? [Number(name)] : []
    } catch {
      return []
    }
  })
}

function isAlive(pid: number): boolean {
  try {
    const [state] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return state !== 'Z'
  } catch {
    return false
  }
}

async function startServer(home: Home, binaries: Binaries, port: number): Promise<number> {
  const stale = await readPostmaster(home.clusterFolder)
  const server = await spawnServer(home, binaries, { port, stalePid: stale?.pid })
  for (;;) {
    const postmaster = await readPostmaster(home.clusterFolder)
    if (postmaster?.pid === server.pid && postmaster.ready) return server.pid
    if (server.hasEnded()) throw new Error(`PostgreSQL ended at once:\n${await readLogEnd(home)}`)
    await pause(10)
  }
}

/** @param dataDir a folder for it alone; a new one where absent. */
export async function createCluster(dataDir?: string): Promise<Cluster> {
  const folder = dataDir ?? (await createTestFolder())
  const home = await openHome({ dataDir: folder, log: () => {} })
  const binaries = await openBinaries(undefined, () => {})
  await initialiseCluster(home, binaries)
  const port = await freePort()
  let pid = await startServer(home, binaries, port)
  const urlOf = (role: string) => `postgresql://${role}:${home.password}@127.0.0.1:${port}/${ROLE}`
  return {
    url: urlOf(ROLE),
    superuserUrl: urlOf('postgres'),
    folder: home.folder,
    async kill() {
      // Stopped first, so that it starts no further process between the look and the kill.
      process.kill(pid, 'SIGSTOP')
      const all = [pid, ...childrenOf(pid)]
      for (const each of all) process.kill(each, 'SIGKILL')
      while (all.some(isAlive)) await pause(2)
    },
    isRunning: () => isAlive(pid),
    async start() {
      await truncate(join(home.clusterFolder, 'postgresql.auto.conf'))
      pid = await startServer(home, binaries, port)
    },
    async remove() {
      if (await isServerOf(home.clusterFolder, pid)) {
        process.kill(pid, 'SIGQUIT')
        while (isAlive(pid)) await pause(5)
      }
      if (dataDir === undefined) {
        for (const each of [home.folder, folder]) await rm(each, { recursive: true, force: true })
      }
    },
  }
}

/** Changes a setting of the running server, for those connected already too. */
export async function changeServer(cluster: Cluster, setting: string): Promise<void> {
  const client = new Client({ connectionString: cluster.superuserUrl })
  await client.connect()
  try {
    await client.query(`ALTER SYSTEM SET ${setting}`)
    await client.query('SELECT pg_reload_conf()')
  } finally {
    await client.end()
  }
}

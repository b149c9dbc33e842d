import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase } from '../../src/storage/database.ts'
import { freePort } from '../support/free-port.ts'
import { type PreparedWorld, prepareWorld } from '../support/gateway-world.ts'
import { type Served, serve } from '../support/served.ts'
import { type Cluster, changeServer, createCluster } from './cluster.ts'
import { type Load, startLoad } from './load.ts'
import { type Reckoning, reckon } from './reckoning.ts'

/** What is killed; `database-forgetful` is the control: a database that acknowledges before it has written. */
export type Victim = 'gateway' | 'database' | 'database-forgetful'

/** What a run of kills came to. */
export interface KillReport {
  readonly kills: number
  readonly reckoning: Reckoning
  /** From the kill to the next answer with data, one for each kill. */
  readonly recoveryMs: readonly number[]
  readonly strange: readonly string[]
}

const LANES = 16
/** Answers between two kills, and the longest pause after them: a kill comes at any point of a batch. */
const ANSWERS = 20
const JITTER_MS = 150

/** A gateway to be started over a cluster of its own, with its agencies. */
export interface Stage {
  readonly cluster: Cluster
  readonly world: PreparedWorld
  readonly start: () => Promise<Served>
  readonly url: string
  close(): Promise<void>
}

/** @param dataDir where the cluster's files are to be; a new folder where absent. */
export async function setStage(dataDir?: string): Promise<Stage> {
  const cluster = await createCluster(dataDir)
  const database = await openDatabase({ url: cluster.url, dataDir: '', poolSize: 1, log: () => {} })
  await database.migrate().finally(() => database.close())
  const world = await prepareWorld(
    { url: cluster.url, drop: async () => {} },
    {
      change: (documents) => ({
        ...documents,
        agreements: documents.agreements.map((each) => ({
          ...each,
          quota: { perSecond: 100_000, perDay: 10_000_000 },
        })),
      }),
    },
  )
  const port = await freePort()
  return {
    cluster,
    world,
    url: `http://127.0.0.1:${port}`,
    start: () => serve(world, { LIENTHONG_LISTEN_PORT: String(port) }),
    async close() {
      await world.sandbox.close()
      await world.pool.end()
      await rm(world.dataDir, { recursive: true, force: true })
      await cluster.remove()
    },
  }
}

/** Sends a signal to a gateway's process and waits for its end. */
export async function end({ process: child }: Served, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

async function breakOnce(victim: Victim, stage: Stage, served: Served): Promise<Served> {
  if (victim === 'gateway') {
    await end(served, 'SIGKILL')
    return stage.start()
  }
  await stage.cluster.kill()
  await stage.cluster.start()
  return served
}

async function afterStrikes(victim: Victim, kills: number, stage: Stage, load: Load, first: Served) {
  const recoveryMs: number[] = []
  let served = first
  try {
    for (let round = 0; round < kills; round += 1) {
      if (victim === 'database-forgetful') await changeServer(stage.cluster, 'synchronous_commit = off')
      await load.delivered(ANSWERS)
      await pause(Math.random() * JITTER_MS)
      const killedMs = performance.now()
      served = await breakOnce(victim, stage, served)
      await load.delivered(1)
      recoveryMs.push(performance.now() - killedMs)
    }
  } finally {
    await load.stop()
    await end(served, 'SIGTERM')
  }
  return recoveryMs
}

/**
 * Kills with SIGKILL, under load and at random instants, and starts again what was killed; then holds what the
 * consumers wrote down against the log.
 */
export async function runKills(victim: Victim, kills: number): Promise<KillReport> {
  const stage = await setStage()
  try {
    const served = await stage.start()
    const load = startLoad(stage.url, stage.world.keys, LANES)
    const recoveryMs = await afterStrikes(victim, kills, stage, load, served)
    // A start closes what the processes before it had begun and not ended.
    await end(await stage.start(), 'SIGTERM')
    const reckoning = await reckon(stage.world.pool, load.journal)
    return { kills, reckoning, recoveryMs, strange: load.strange }
  } finally {
    await stage.close()
  }
}

import cluster, { type Worker } from 'node:cluster'
import { createGateway } from '../gateway.ts'
import { startLogKeeping } from '../log-keeping.ts'
import type { Settings } from '../settings.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import type { ReadinessCheck } from '../telemetry/health.ts'
import { createMetricsPage } from '../telemetry/metrics-page.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { createMetricsCollector, createWorkerMetrics } from '../telemetry/worker-metrics.ts'
import { startManagement } from './management-listener.ts'
import { createInstruments, logStart, openMigrated, type RunningGateway } from './running-gateway.ts'
import { openSandboxSignIn } from './sandbox-sign-in.ts'
import { openSandboxTools, type SandboxSide } from './sandbox-tools.ts'

const READY = 'lienthong:ready'
const DATABASE_POOL_OF_PRIMARY = 4

/** What a process does that is not the first: carry consumers' exchanges, or jobs. */
type Role = 'exchanges' | 'jobs'

/** Environment variable by which a process is told its role; the first process sets it, nobody else. */
const ROLE = 'PROCESS_ROLE'

/**
 * Options of Node for the process that does jobs, after those of the first: a young generation (MB) half as large as
 * exchanges are fastest with keeps a file of a million records below 300 MB (docs/performance.md).
 */
const JOB_OPTIONS: readonly string[] = ['--max-semi-space-size=16']

/** The sandbox's tools of one of several processes. */
function openTools(settings: Settings, database: Database, telemetry: Telemetry): Promise<SandboxSide> {
  return openSandboxTools(settings, { database, now: Date.now, onError: telemetry.databaseError })
}

/** @returns a promise of the worker's public URL, once it takes connections; of '' once it does jobs. */
function whenReady(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: { type?: string; publicUrl?: string }) => {
      if (message.type === READY) resolve(message.publicUrl ?? '')
    })
    worker.once('exit', (code) => reject(new Error(`a worker ended with code ${code} before it was ready`)))
  })
}

/** The first of several processes: it holds the database and the management listener, no exchange and no job. */
export async function startPrimary(
  settings: Settings,
  version: string,
  count: number,
): Promise<RunningGateway> {
  const { metrics, logger, telemetry, stop } = createInstruments(settings, version)
  const database = await openMigrated(settings, telemetry, DATABASE_POOL_OF_PRIMARY)
  // No exchange of a consumer is carried here and no job done: those who read the log are answered at once.
  const signIn = await openSandboxSignIn(settings, Date.now)
  const sandbox = await openTools(settings, database, telemetry)
  const { now, tools } = sandbox
  const outside = { database, telemetry, now, realNow: Date.now, sandbox: tools, worksJobs: false }
  const gateway = await createGateway(signIn.settings, outside)
  const workers = new Map<number, Worker>()
  const exchanging = new Set<number>()
  const collector = createMetricsCollector({
    workers: () => [...workers.values()].filter((worker) => worker.isConnected()),
    own: metrics,
  })
  /** Workers that are at work: only these have something to finish. */
  const ready = new Set<number>()
  let publicUrl = settings.publicUrl ?? ''
  let stopping = false

  function fork(role: Role): Promise<string> {
    cluster.setupPrimary({ execArgv: [...process.execArgv, ...(role === 'jobs' ? JOB_OPTIONS : [])] })
    // Workers give out tokens for the listener of this process.
    const worker = cluster.fork({
      DATABASE_URL: database.url,
      LIENTHONG_MANAGEMENT_PUBLICURL: settings.management.publicUrl ?? management.url,
      [ROLE]: role,
      ...(role === 'jobs' && { LIENTHONG_PUBLICURL: publicUrl }),
    })
    const { pid } = worker.process
    workers.set(worker.id, worker)
    if (role === 'exchanges') exchanging.add(worker.id)
    worker.on('message', (message) => collector.receive(worker.id, message))
    // Its last message has arrived by then; on `exit` it may still be on its way.
    worker.once('disconnect', () => collector.depart(worker.id))
    worker.once('exit', (exitCode, signal) => {
      workers.delete(worker.id)
      exchanging.delete(worker.id)
      logger.log({ action: 'worker_ended', role, pid, exitCode, signal, expected: stopping })
      // A worker that dies is replaced after a breath, so that one that always dies costs little.
      if (!stopping) setTimeout(() => !stopping && void fork(role).catch(telemetry.internalError), 1000)
    })
    logger.log({ action: 'worker_started', role, pid })
    return whenReady(worker).then((url) => {
      ready.add(worker.id)
      return url
    })
  }

  const check: ReadinessCheck = {
    name: 'workers',
    check: () => ({
      ok: exchanging.size > 0,
      detail: {
        vi: `${exchanging.size}/${count} tiến trình đang chạy.`,
        en: `${exchanging.size}/${count} processes run.`,
      },
    }),
  }
  const databaseCheck: ReadinessCheck = {
    name: 'ledger',
    async check() {
      await database.ping()
      return { ok: true, detail: { vi: 'Cơ sở dữ liệu phản hồi.', en: 'The database answers.' } }
    },
  }
  const page = createMetricsPage(() => collector.collect())
  const checks = [check, databaseCheck]
  const keeping = await startLogKeeping(settings, { database, telemetry, now: Date.now })
  const management = await startManagement({ settings, page, keeping, checks, telemetry, gateway, sandbox })
  signIn.meet(gateway.registry)
  gateway.announce({ managementUrl: management.url, status: management.status })
  const [url = ''] = await Promise.all(Array.from({ length: count }, () => fork('exchanges')))
  publicUrl ||= url
  gateway.announce({ publicUrl })
  await fork('jobs')
  logStart(logger, settings, version, { publicUrl, managementUrl: management.url, workers: count })
  return {
    publicUrl,
    managementUrl: management.url,
    metrics: page,
    database,
    async close(reason) {
      stopping = true
      logger.log({ action: 'gateway_stopping', reason })
      const ended = [...workers.values()].map(
        (worker) =>
          new Promise<boolean>((resolve) =>
            worker.once('exit', (code) => resolve(code === 0 || !ready.has(worker.id))),
          ),
      )
      for (const worker of workers.values()) worker.process.kill('SIGTERM')
      const drained = (await Promise.all(ended)).every(Boolean)
      await keeping.close()
      await signIn.close()
      sandbox.close()
      management.server.close()
      management.server.closeAllConnections()
      await gateway.close()
      await database.close()
      stop()
      logger.log({ action: 'gateway_stopped', drained })
      await logger.flush()
      return drained
    },
  }
}

/** A process that is not the first: it carries exchanges or does jobs, and tells the first one what it counted. */
export async function startWorker(settings: Settings, version: string): Promise<RunningGateway> {
  const { metrics, logger, telemetry, stop } = createInstruments(settings, version)
  const database = await openDatabase({
    url: settings.database.url,
    dataDir: settings.dataDir,
    poolSize: settings.database.poolSize,
    log: telemetry.storage,
  })
  const sandbox = await openTools(settings, database, telemetry)
  const { now, tools } = sandbox
  const worksJobs = process.env[ROLE] === ('jobs' satisfies Role)
  const outside = { database, telemetry, now, realNow: Date.now, sandbox: tools, worksJobs }
  const gateway = await createGateway(settings, outside)
  const send = (message: unknown) => process.send?.(message)
  const worker = createWorkerMetrics(metrics, send)
  process.on('message', worker.receive)
  const publicUrl = worksJobs ? '' : await gateway.listen()
  send({ type: READY, publicUrl })
  return {
    publicUrl,
    managementUrl: '',
    metrics: createMetricsPage(metrics.collect),
    database,
    async close() {
      const drained = await gateway.close()
      worker.tellFinal()
      sandbox.close()
      await database.close()
      stop()
      await logger.flush()
      process.disconnect?.()
      return drained
    },
  }
}

import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createGateway } from '../gateway.ts'
import { startLogKeeping } from '../log-keeping.ts'
import type { Settings } from '../settings.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import type { ReadinessCheck } from '../telemetry/health.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetricsPage } from '../telemetry/metrics-page.ts'
import { jobsCheck, workersCheck } from '../telemetry/readiness.ts'
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
 * Options of Node for the process that does jobs, after those of the first: with a young generation (MB) half as large as
 * exchanges are fastest with, and Node's own code left where it is, a file of a million records stays below 300 MB
 * (docs/performance.md).
 */
const JOB_OPTIONS: readonly string[] = ['--max-semi-space-size=16', '--use-largepages=off']

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

interface WorkersParts {
  readonly environment: (role: Role) => Record<string, string>
  readonly logger: Logger
  readonly onMessage: (workerId: number, message: unknown) => void
  /** Its last message has come. */
  readonly onGone: (workerId: number) => void
  readonly onError: (error: unknown) => void
}

/** The processes besides the first; one that dies is replaced. */
function createWorkers({ environment, logger, onMessage, onGone, onError }: WorkersParts) {
  const running = new Map<number, { readonly worker: Worker; readonly role: Role }>()
  /** Those at work: only these have something to finish. */
  const ready = new Set<number>()
  let stopping = false

  async function start(role: Role): Promise<string> {
    cluster.setupPrimary({ execArgv: [...process.execArgv, ...(role === 'jobs' ? JOB_OPTIONS : [])] })
    const worker = cluster.fork({ ...environment(role), [ROLE]: role })
    const { pid } = worker.process
    running.set(worker.id, { worker, role })
    worker.on('message', (message) => onMessage(worker.id, message))
    // On `exit` its last message may still be on its way.
    worker.once('disconnect', () => onGone(worker.id))
    worker.once('exit', (exitCode, signal) => {
      running.delete(worker.id)
      logger.log({ action: stopping ? 'worker_stopped' : 'worker_ended', role, pid, exitCode, signal })
      // Replaced after a breath, so that one that always dies costs little.
      if (!stopping) setTimeout(() => !stopping && void start(role).catch(onError), 1000)
    })
    logger.log({ action: 'worker_started', role, pid })
    const publicUrl = await whenReady(worker)
    ready.add(worker.id)
    return publicUrl
  }

  return {
    start,
    connected: () => [...running.values()].map(({ worker }) => worker).filter((each) => each.isConnected()),
    count: (wanted: Role) => [...running.values()].filter(({ role }) => role === wanted).length,
    /** @returns whether all that was under way could be finished. */
    async stop(): Promise<boolean> {
      stopping = true
      const ended = [...running.values()].map(async ({ worker }) => {
        const [code] = await once(worker, 'exit')
        return code === 0 || !ready.has(worker.id)
      })
      for (const { worker } of running.values()) worker.process.kill('SIGTERM')
      return (await Promise.all(ended)).every(Boolean)
    },
  }
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
  let publicUrl = settings.publicUrl ?? ''
  const workers = createWorkers({
    // Workers give out tokens for the listener of this process.
    environment: (role) => ({
      DATABASE_URL: database.url,
      LIENTHONG_MANAGEMENT_PUBLICURL: settings.management.publicUrl ?? management.url,
      ...(role === 'jobs' && { LIENTHONG_PUBLICURL: publicUrl }),
    }),
    logger,
    onMessage: (id, message) => collector.receive(id, message),
    onGone: (id) => collector.depart(id),
    onError: telemetry.internalError,
  })
  const collector = createMetricsCollector({ workers: workers.connected, own: metrics })
  const databaseCheck: ReadinessCheck = {
    name: 'ledger',
    async check() {
      await database.ping()
      return { ok: true, detail: { vi: 'Cơ sở dữ liệu phản hồi.', en: 'The database answers.' } }
    },
  }
  const page = createMetricsPage(() => collector.collect())
  const checks = [
    workersCheck(() => workers.count('exchanges'), count),
    jobsCheck(() => workers.count('jobs') > 0),
    databaseCheck,
  ]
  const keeping = await startLogKeeping(settings, { database, telemetry, now: Date.now })
  const management = await startManagement({ settings, page, keeping, checks, telemetry, gateway, sandbox })
  signIn.meet(gateway.registry)
  gateway.announce({ managementUrl: management.url, status: management.status })
  const [url = ''] = await Promise.all(Array.from({ length: count }, () => workers.start('exchanges')))
  publicUrl ||= url
  gateway.announce({ publicUrl })
  await workers.start('jobs')
  logStart(logger, settings, version, { publicUrl, managementUrl: management.url, workers: count })
  return {
    publicUrl,
    managementUrl: management.url,
    metrics: page,
    database,
    logger,
    async close(reason) {
      logger.log({ action: 'gateway_stopping', reason })
      const drained = await workers.stop()
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
    logger,
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

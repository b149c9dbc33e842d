import cluster, { type Worker } from 'node:cluster'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Writable } from 'node:stream'
import { createGateway, type Gateway } from '../gateway.ts'
import { createManagementServer } from '../http/management.ts'
import { createOperationsRouter } from '../http/operations.ts'
import { createSandboxControl, type SandboxTools } from '../http/sandbox.ts'
import { type LogKeeping, startLogKeeping } from '../log-keeping.ts'
import type { Settings } from '../settings.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import { assessReadiness, type NamedFinding, type ReadinessCheck } from '../telemetry/health.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { createMetricsPage, type MetricsPage } from '../telemetry/metrics-page.ts'
import { watchProcess } from '../telemetry/process-metrics.ts'
import { type ProviderCircuit, providersCheck } from '../telemetry/readiness.ts'
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts'
import { createMetricsCollector, createWorkerMetrics } from '../telemetry/worker-metrics.ts'
import { openSandboxSignIn } from './sandbox-sign-in.ts'
import { openSandboxTools, type SandboxSide } from './sandbox-tools.ts'

/** A gateway that serves, whatever the number of its processes. */
export interface RunningGateway {
  readonly publicUrl: string
  readonly managementUrl: string
  readonly metrics: MetricsPage
  /** For whoever shares the gateway's process. */
  readonly database: Database
  /** @returns whether every exchange under way could be finished. */
  close(reason: string): Promise<boolean>
}

interface Instruments {
  readonly metrics: Metrics
  readonly logger: Logger
  readonly telemetry: Telemetry
  stop(): void
}

const READY = 'lienthong:ready'
const DATABASE_POOL_OF_PRIMARY = 4

function createInstruments(settings: Settings, version: string, destination?: Writable): Instruments {
  const metrics = createMetrics({ maxSeriesPerMetric: settings.limits.maxSeriesPerMetric })
  const dropped = metrics.counter('lienthong_log_lines_dropped_total').child({})
  const logger = createLogger({
    level: settings.log.level,
    onDropped: () => dropped.inc(),
    ...(destination && { destination }),
  })
  metrics.gauge('lienthong_build_info').child({ version, node: process.version }).set(1)
  const stop = watchProcess(metrics)
  return { metrics, logger, telemetry: createTelemetry({ metrics, logger, now: Date.now }), stop }
}

async function openMigrated(settings: Settings, telemetry: Telemetry, poolSize: number): Promise<Database> {
  const database = await openDatabase({
    url: settings.database.url,
    dataDir: settings.dataDir,
    poolSize,
    log: telemetry.storage,
  })
  await database.migrate()
  return database
}

/** The sandbox's tools of one of several processes. */
function openTools(settings: Settings, database: Database, telemetry: Telemetry): Promise<SandboxSide> {
  return openSandboxTools(settings, { database, now: Date.now, onError: telemetry.databaseError })
}

interface ManagementParts {
  readonly sandbox: SandboxSide
  readonly keeping: LogKeeping
  readonly settings: Settings
  readonly page: MetricsPage
  readonly checks: readonly ReadinessCheck[]
  readonly telemetry: Telemetry
  readonly gateway: Gateway
}

/** What the console's page of the gateway's state shows. */
interface GatewayStatus {
  readonly checks: readonly NamedFinding[]
  readonly circuits: readonly ProviderCircuit[]
}

/** The circuit breakers of all processes, from the page that is scraped. */
function circuitsOf(page: string): GatewayStatus['circuits'] {
  const lines = page.matchAll(/^lienthong_breaker_state\{([^}]*)\} ([1-9]\d*)$/gm)
  return [...lines].map(([, labels = '']) => {
    const label = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1] ?? ''
    return { provider: label('service') || label('provider'), state: label('state') }
  })
}

/** The listener of operators' systems; it shares nothing with the consumers' one. */
async function startManagement(
  parts: ManagementParts,
): Promise<{ url: string; server: Server; status: () => Promise<GatewayStatus> }> {
  const { settings, page, keeping, telemetry, gateway, sandbox } = parts
  const checks = [...parts.checks, ...keeping.checks]
  const circuits = async () => circuitsOf((await page.render('text')).body)
  const remarks = [providersCheck(circuits)]
  const { internalError: onInternalError, request: onRequest } = telemetry
  const control = { publicUrl: () => '', onInternalError, onRequest }
  const server = createManagementServer({
    ...gateway.edge,
    routers: [
      createOperationsRouter({ page, checks, remarks, onInternalError: telemetry.internalError }),
      keeping.router,
      gateway.audit,
      ...(sandbox.tools ? [createSandboxControl({ ...control, tools: sandbox.tools })] : []),
    ],
    names: settings.management.hosts,
    publicUrl: settings.management.publicUrl,
    limits: settings.limits,
    onInternalError: telemetry.internalError,
    onRefusal: telemetry.request,
    onCut: telemetry.connectionCut,
    clock: () => performance.now(),
  })
  const { host, port } = settings.management
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  const status = async () => ({
    checks: (await assessReadiness(checks)).checks,
    circuits: await circuits(),
  })
  return { url: `http://${host}:${address.port}`, server, status }
}

/** What the one process of a demo or a test may be given in place of the usual. */
export interface SingleOutside {
  /** Where log lines go; standard output where absent. */
  readonly destination?: Writable | undefined
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Agencies of the sandbox that share the process. */
  readonly agencies?: SandboxTools['agencies']
}

/** One process does everything: the usual form, and the demo's. */
async function startSingle(
  settings: Settings,
  version: string,
  { destination, now = Date.now, agencies }: SingleOutside,
): Promise<RunningGateway> {
  const { metrics, logger, telemetry, stop } = createInstruments(settings, version, destination)
  const database = await openMigrated(settings, telemetry, settings.database.poolSize)
  const signIn = await openSandboxSignIn(settings, now)
  const onError = telemetry.databaseError
  const sandbox = await openSandboxTools(settings, { database, now, agencies, onError })
  let gateway: Gateway | undefined
  let keeping: LogKeeping | undefined
  try {
    keeping = await startLogKeeping(settings, { database, telemetry, now })
    const times = { now: sandbox.now, realNow: now, sandbox: sandbox.tools }
    gateway = await createGateway(signIn.settings, { database, telemetry, ...times, worksJobs: true })
    const page = createMetricsPage(metrics.collect)
    const publicUrl = await gateway.listen()
    const { checks } = gateway
    const management = await startManagement({ settings, page, keeping, checks, telemetry, gateway, sandbox })
    signIn.meet(gateway.registry)
    gateway.announce({ managementUrl: management.url, status: management.status })
    logStart(logger, settings, version, { publicUrl, managementUrl: management.url, workers: 1, gateway })
    return {
      publicUrl,
      managementUrl: management.url,
      metrics: page,
      database,
      async close(reason) {
        const startedMs = Date.now()
        logger.log({ action: 'gateway_stopping', reason })
        const drained = (await gateway?.close()) ?? true
        await keeping?.close()
        await signIn.close()
        sandbox.close()
        management.server.close()
        management.server.closeAllConnections()
        await database.close()
        stop()
        logger.log({ action: 'gateway_stopped', drained, durationMs: Date.now() - startedMs })
        await logger.flush()
        return drained
      },
    }
  } catch (error) {
    await gateway?.close()
    await keeping?.close()
    await signIn.close()
    sandbox.close()
    await database.close()
    stop()
    throw error
  }
}

function logStart(
  logger: Logger,
  settings: Settings,
  version: string,
  started: { publicUrl: string; managementUrl: string; workers: number; gateway?: Gateway },
): void {
  const registry = started.gateway?.registry()
  logger.log({
    action: 'gateway_started',
    version,
    node: process.version,
    address: started.publicUrl,
    managementAddress: started.managementUrl,
    workers: started.workers,
    sandbox: settings.sandbox,
    registryVersion: registry?.version,
    registryDigest: registry?.digest,
  })
}

/** @returns a promise of the worker's public URL, once it takes connections. */
function whenReady(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: { type?: string; publicUrl?: string }) => {
      if (message.type === READY && message.publicUrl) resolve(message.publicUrl)
    })
    worker.once('exit', (code) => reject(new Error(`a worker ended with code ${code} before it was ready`)))
  })
}

/** The first of several processes: it holds the database and the management listener, and no exchange. */
async function startPrimary(settings: Settings, version: string, count: number): Promise<RunningGateway> {
  const { metrics, logger, telemetry, stop } = createInstruments(settings, version)
  const database = await openMigrated(settings, telemetry, DATABASE_POOL_OF_PRIMARY)
  // It carries no exchange of a consumer; jobs are done here, and those who read the log are answered.
  const signIn = await openSandboxSignIn(settings, Date.now)
  const sandbox = await openTools(settings, database, telemetry)
  const { now, tools } = sandbox
  const outside = { database, telemetry, now, realNow: Date.now, sandbox: tools, worksJobs: true }
  const gateway = await createGateway(signIn.settings, outside)
  const workers = new Map<number, Worker>()
  const collector = createMetricsCollector({
    workers: () => [...workers.values()].filter((worker) => worker.isConnected()),
    own: metrics,
  })
  /** Workers that take connections: only these have something to finish. */
  const ready = new Set<number>()
  let stopping = false

  function fork(): Promise<string> {
    // Workers give out tokens for the listener of this process.
    const worker = cluster.fork({
      DATABASE_URL: database.url,
      LIENTHONG_MANAGEMENT_PUBLICURL: settings.management.publicUrl ?? management.url,
    })
    workers.set(worker.id, worker)
    worker.on('message', (message) => collector.receive(worker.id, message))
    // Its last message has arrived by then; on `exit` it may still be on its way.
    worker.once('disconnect', () => collector.depart(worker.id))
    worker.once('exit', (exitCode, signal) => {
      workers.delete(worker.id)
      logger.log({ action: 'worker_ended', pid: worker.process.pid, exitCode, signal, expected: stopping })
      // A worker that dies is replaced after a breath, so that one that always dies costs little.
      if (!stopping) setTimeout(() => !stopping && void fork().catch(telemetry.internalError), 1000)
    })
    logger.log({ action: 'worker_started', pid: worker.process.pid })
    return whenReady(worker).then((publicUrl) => {
      ready.add(worker.id)
      return publicUrl
    })
  }

  const check: ReadinessCheck = {
    name: 'workers',
    check: () => ({
      ok: workers.size > 0,
      detail: {
        vi: `${workers.size}/${count} tiến trình đang chạy.`,
        en: `${workers.size}/${count} processes run.`,
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
  const [publicUrl = ''] = await Promise.all(Array.from({ length: count }, fork))
  gateway.announce({ publicUrl })
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

/** A worker: it carries exchanges, and tells the first process what it counted. */
async function startWorker(settings: Settings, version: string): Promise<RunningGateway> {
  const { metrics, logger, telemetry, stop } = createInstruments(settings, version)
  const database = await openDatabase({
    url: settings.database.url,
    dataDir: settings.dataDir,
    poolSize: settings.database.poolSize,
    log: telemetry.storage,
  })
  const sandbox = await openTools(settings, database, telemetry)
  const { now, tools } = sandbox
  const outside = { database, telemetry, now, realNow: Date.now, sandbox: tools, worksJobs: false }
  const gateway = await createGateway(settings, outside)
  const send = (message: unknown) => process.send?.(message)
  const worker = createWorkerMetrics(metrics, send)
  process.on('message', worker.receive)
  const publicUrl = await gateway.listen()
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

/**
 * Starts a gateway as its settings say: in this process, or as the first of several.
 * @param outside counts for one process only.
 */
export function startGateway(
  settings: Settings,
  version: string,
  outside: SingleOutside = {},
): Promise<RunningGateway> {
  if (cluster.isWorker) return startWorker(settings, version)
  const count = settings.workers === 'auto' ? availableParallelism() : settings.workers
  return count > 1 ? startPrimary(settings, version, count) : startSingle(settings, version, outside)
}

import type { Writable } from 'node:stream'
import type { Gateway } from '../gateway.ts'
import type { Settings } from '../settings.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import type { MetricsPage } from '../telemetry/metrics-page.ts'
import { watchProcess } from '../telemetry/process-metrics.ts'
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts'

/** A gateway that serves, whatever the number of its processes. */
export interface RunningGateway {
  readonly publicUrl: string
  readonly managementUrl: string
  readonly metrics: MetricsPage
  /** For whoever shares the gateway's process. */
  readonly database: Database
  readonly logger: Logger
  /** @returns whether every exchange under way could be finished. */
  close(reason: string): Promise<boolean>
}

/** What one process tells of itself by. */
export interface Instruments {
  readonly metrics: Metrics
  readonly logger: Logger
  readonly telemetry: Telemetry
  stop(): void
}

export function createInstruments(settings: Settings, version: string, destination?: Writable): Instruments {
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

/** The database, brought up to this version. */
export async function openMigrated(
  settings: Settings,
  telemetry: Telemetry,
  poolSize: number,
): Promise<Database> {
  const database = await openDatabase({
    url: settings.database.url,
    dataDir: settings.dataDir,
    poolSize,
    log: telemetry.storage,
  })
  await database.migrate()
  return database
}

/** Says in the log that the gateway serves, and how. */
export function logStart(
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

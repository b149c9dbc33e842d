import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import type { Writable } from 'node:stream'
import { createGateway, type Gateway } from '../gateway.ts'
import type { SandboxTools } from '../http/sandbox.ts'
import { type LogKeeping, startLogKeeping } from '../log-keeping.ts'
import type { Settings } from '../settings.ts'
import { createMetricsPage } from '../telemetry/metrics-page.ts'
import { startManagement } from './management-listener.ts'
import { createInstruments, logStart, openMigrated, type RunningGateway } from './running-gateway.ts'
import { openSandboxSignIn } from './sandbox-sign-in.ts'
import { openSandboxTools } from './sandbox-tools.ts'
import { startPrimary, startWorker } from './several-processes.ts'

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
      logger,
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

import type { EndedExchange } from '../exchange/conduct.ts'
import type { AppendObservation } from '../ledger/ledger.ts'
import type { GatewayError } from '../model/errors.ts'
import type { BindingObserver } from '../provider/call.ts'
import type { RegistryEvent } from '../registry/registry.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { ExchangeEvent, RequestEvent } from './exchange-event.ts'
import { createExchangeMetrics } from './exchange-metrics.ts'
import { knownIn } from './known.ts'
import { createLedgerMetrics } from './ledger-metrics.ts'
import type { LogEvent } from './log-events.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import { createProviderMetrics } from './provider-metrics.ts'

/** Every listener of a gateway process: each thing that happens is counted and, where it matters, logged. */
export interface Telemetry {
  exchange(ended: EndedExchange): void
  request(event: RequestEvent): void
  authenticationRefused(error: GatewayError): void
  internalError(error: unknown, exchangeId?: string): void
  databaseError(error: unknown): void
  ledgerAppended(observation: AppendObservation): void
  ledgerAvailability(available: boolean, cause?: unknown): void
  watchQueue(queued: () => number): void
  orphansClosed(count: number): void
  registry(event: RegistryEvent): void
  useRegistry(registry: Registry): void
  storage(event: { readonly event: string }): void
  observeBinding(provider: string, address: string): BindingObserver
}

interface TelemetryParts {
  readonly metrics: Metrics
  readonly logger: Logger
  readonly now: () => number
}

/** The gateway's own routes, as metrics know them. */
export const ROUTES = ['/exchange', '/oauth/token', '/oauth/jwks', '/.well-known/oauth-authorization-server']

function eventOf(ended: EndedExchange): ExchangeEvent {
  const { facts, error, outcome, method, status, totalMs, providerMs } = ended
  return {
    exchangeId: facts.exchangeId,
    traceId: facts.traceId,
    consumer: facts.consumer,
    service: facts.service,
    provider: facts.provider,
    operation: facts.operation,
    kind: facts.kind,
    agreement: facts.agreement,
    purpose: facts.purpose,
    outcome,
    code: error?.code,
    method,
    status,
    totalMs,
    providerMs,
    attempts: facts.attempts ?? 0,
    requestBytes: facts.request?.bytes,
    answerBytes: facts.answer?.bytes,
  }
}

export function createTelemetry({ metrics, logger, now }: TelemetryParts): Telemetry {
  const exchanges = createExchangeMetrics({ metrics, now, routes: ROUTES })
  let queued = () => 0
  const appended = createLedgerMetrics(metrics, () => queued())
  let unavailableSinceMs = 0
  const log = (event: LogEvent) => logger.log(event)

  return {
    exchange(ended) {
      const event = eventOf(ended)
      exchanges.observeExchange(event)
      logger.exchange(event)
      if (ended.error?.code === 'internal_error') {
        log({
          action: 'internal_error',
          error: ended.error.cause,
          exchangeId: event.exchangeId,
          traceId: event.traceId,
        })
      }
    },
    request: (event) => exchanges.observeRequest(event),
    authenticationRefused: ({ code, entry }) =>
      exchanges.observeRequest({
        method: 'POST',
        route: '/oauth/token',
        status: entry.status,
        code,
        totalMs: 0,
      }),
    internalError: (error, exchangeId) => log({ action: 'internal_error', error, exchangeId }),
    databaseError: (error) => log({ action: 'database_error', error }),
    ledgerAppended: appended,
    ledgerAvailability(available, cause) {
      if (available) log({ action: 'ledger_recovered', durationMs: now() - unavailableSinceMs })
      else log({ action: 'ledger_unavailable', error: cause, queued: queued() })
      if (!available) unavailableSinceMs = now()
    },
    watchQueue(source) {
      queued = source
    },
    orphansClosed: (count) => log({ action: 'orphans_closed', count }),
    registry(event) {
      const loads = metrics.gauge('lienthong_registry_last_load_timestamp_seconds')
      const result = event.event === 'registry_loaded' ? 'applied' : 'refused'
      loads.child({ result }).set(now() / 1000)
      if (event.event === 'registry_loaded') {
        const { version, digest, durationMs } = event
        log({ action: 'registry_swapped', version, digest, durationMs })
      } else if (event.event === 'registry_refused') {
        const { version, faults } = event
        const [first] = faults
        const firstFault = first && `${first.path} ${first.pointer} ${first.rule}`
        log({ action: 'registry_refused', version, faults: faults.length, firstFault })
      } else {
        log({ action: 'database_error', error: event.cause })
      }
    },
    useRegistry(registry) {
      exchanges.useRegistry(registry)
      logger.useKnown(knownIn(registry, ROUTES))
      const info = metrics.gauge('lienthong_registry_info')
      info.clear()
      info.child({ version: String(registry.version), digest: registry.digest }).set(1)
    },
    storage: (event) => log({ action: 'storage', ...event }),
    observeBinding(provider, address) {
      const binding = createProviderMetrics(metrics, { provider, address })
      return {
        attempt: (attempt) => binding.attempt(attempt),
        retry: () => binding.retry(),
        breaker(state) {
          binding.breaker(state)
          log({ action: 'breaker_changed', provider, state })
        },
        close: () => binding.close(),
      }
    },
  }
}

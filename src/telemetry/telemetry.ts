import type { EndedExchange } from '../exchange/passage.ts'
import type { LogFault } from '../ledger/fsck.ts'
import type { SigningRefused } from '../ledger/keeper.ts'
import type { AppendObservation } from '../ledger/ledger.ts'
import type { WitnessStanding, WitnessState } from '../ledger/witnessing.ts'
import { deprecationSpan, validSpan } from '../model/agreement.ts'
import { ERRORS } from '../model/error-table.ts'
import type { BindingObserver } from '../provider/call.ts'
import type { RegistryEvent } from '../registry/registry.ts'
import type { Registry } from '../registry/snapshot.ts'
import { createEventTelemetry, type EventTelemetry } from './event-metrics.ts'
import type { ExchangeEvent, RequestEvent } from './exchange-event.ts'
import { createExchangeMetrics } from './exchange-metrics.ts'
import { createJobTelemetry, type JobTelemetry } from './job-metrics.ts'
import { knownIn } from './known.ts'
import { createLedgerMetrics, createLogTelemetry } from './ledger-metrics.ts'
import type { LogEvent } from './log-events.ts'
import type { Logger } from './logger.ts'
import type { CutReason } from './metric-table.ts'
import type { Metrics } from './metrics.ts'
import { createProviderMetrics } from './provider-metrics.ts'
import { createRefusalSummary } from './refusal-summary.ts'

/** Every listener of a gateway process: each thing that happens is counted and, where it matters, logged. */
export interface Telemetry extends JobTelemetry, EventTelemetry {
  exchange(ended: EndedExchange): void
  request(event: RequestEvent): void
  /** A connection was ended for what its peer did. */
  connectionCut(reason: CutReason): void
  /** The gauge of a service's exchanges under way: `inc()` at the start, `dec()` at the end. */
  inFlight(service: string): { inc(): void; dec(): void }
  /** An answer was recorded and did not leave. */
  answerWithheld(): void
  /** Logs how many authentications were refused since the last time. */
  tellRefusals(): void
  certificate(use: 'server' | 'client' | 'authority', certificate: { subject: string; validTo: string }): void
  /** A reading of a foreign issuer's keys; `error` where it failed. */
  issuerKeys(issuer: string, error: unknown): void
  internalError(error: unknown, exchangeId?: string): void
  databaseError(error: unknown): void
  ledgerAppended(observation: AppendObservation): void
  ledgerAvailability(available: boolean, cause?: unknown): void
  logSigned(size: number, atMs: number): void
  logRefused(refusal: SigningRefused): void
  /** A quorum of witnesses has cosigned the log up to this size. */
  logCosigned(size: number, atMs: number): void
  /** A witness answered, or did not. */
  logWitness(standing: WitnessStanding, before: WitnessState): void
  /** An authority has put its time stamp over a checkpoint, or did not. */
  logStamped(authority: string, at: Date): void
  logStampFailed(authority: string, error: unknown): void
  /** Exchanges stop because the log has gone unattested for too long, or go on again. */
  logStopped(stopped: boolean): void
  /** The running audit found a difference that it had not found in the pass before. */
  logAuditFault(fault: LogFault): void
  logAuditMoved(position: number): void
  /** A pass came to the log's end, with these differences in all. */
  logAuditPassed(faults: readonly LogFault[], atMs: number): void
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

function tellDeprecations(metrics: Metrics, { services }: Registry): void {
  const deprecated = metrics.gauge('lienthong_service_deprecated_timestamp_seconds')
  const sunset = metrics.gauge('lienthong_service_sunset_timestamp_seconds')
  deprecated.clear()
  sunset.clear()
  for (const { document } of services.values()) {
    const { id, deprecation } = document
    if (deprecation === undefined) continue
    const { fromMs, untilMs } = deprecationSpan(deprecation)
    deprecated.child({ service: id }).set(fromMs / 1000)
    if (Number.isFinite(untilMs)) sunset.child({ service: id }).set(untilMs / 1000)
  }
}

/** Of texts whose end is known, and that something active stands on. */
function tellLegalBases(metrics: Metrics, { agreements }: Registry): void {
  const standing = metrics.gauge('lienthong_legal_basis_agreements')
  const repealed = metrics.gauge('lienthong_legal_basis_repealed_timestamp_seconds')
  const stops = metrics.gauge('lienthong_legal_basis_stops_timestamp_seconds')
  for (const gauge of [standing, repealed, stops]) gauge.clear()
  const active = [...agreements.values()].filter(({ document }) => document.state === 'active')
  const counted = Map.groupBy(
    active.flatMap(({ bases }) => bases),
    ({ document }) => document.id,
  )
  for (const [basis, [first, ...more]] of counted) {
    if (first === undefined || !Number.isFinite(first.span.untilMs)) continue
    standing.child({ basis }).set(1 + more.length)
    repealed.child({ basis }).set(validSpan(first.document.validity).untilMs / 1000)
    stops.child({ basis }).set(first.span.untilMs / 1000)
  }
}

/** The gateway's own routes, as metrics know them. */
export const ROUTES = [
  '/exchange',
  '/r1',
  '/events',
  '/subscriptions',
  '/subscriptions/{id}',
  '/subscriptions/{id}/secret',
  '/subscriptions/{id}/replay',
  '/subscriptions/{id}/events',
  '/subscriptions/{id}/dead-letters',
  '/subscriptions/openapi.json',
  '/consents/withdraw',
  '/reconciliations',
  '/oauth/token',
  '/oauth/revoke',
  '/oauth/introspect',
  '/oauth/jwks',
  '/.well-known/oauth-authorization-server',
  '/jobs/bulk',
  '/jobs/bulk/:id',
  '/jobs/bulk/:id/input',
  '/jobs/bulk/:id/pause',
  '/jobs/bulk/:id/resume',
  '/jobs/bulk/:id/cancel',
  '/jobs/bulk/:id/report',
  '/jobs/bulk/:id/result',
]

/** How often refused authentications are summed up in one line. */
export const REFUSAL_WINDOW_SECONDS = 30
/** From when on an expiring certificate is warned of. */
const EXPIRY_WARNING_MS = 30 * 86_400_000

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
  const issuersAway = new Set<string>()
  const log = (event: LogEvent) => logger.log(event)
  const refusals = createRefusalSummary(log, REFUSAL_WINDOW_SECONDS)
  const cut = metrics.counter('lienthong_connections_cut_total')
  const quotas = metrics.counter('lienthong_quota_decisions_total')

  const withheld = metrics.counter('lienthong_answers_withheld_total').child({})

  return {
    exchange(ended) {
      const event = eventOf(ended)
      exchanges.observeExchange(event)
      const isKnown = event.code === undefined || ERRORS[event.code].stage !== 'authenticate'
      exchanges.observeAuthentication(isKnown ? 'accepted' : event.code)
      if (event.code === 'quota_exceeded') quotas.child({ decision: 'refused' }).inc()
      else if (event.agreement !== undefined) quotas.child({ decision: 'allowed' }).inc()
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
    request(event) {
      exchanges.observeRequest(event)
      const { code } = event
      if (code === undefined || ERRORS[code].stage !== 'authenticate') return
      exchanges.observeAuthentication(code)
      refusals.note(code)
    },
    connectionCut: (reason) => cut.child({ reason }).inc(),
    inFlight: (service) => exchanges.inFlight(service),
    answerWithheld: () => withheld.inc(),
    tellRefusals: () => refusals.tell(),
    certificate(use, { subject, validTo }) {
      const notAfterMs = Date.parse(validTo)
      metrics
        .gauge('lienthong_certificate_not_after_timestamp_seconds')
        .child({ use, subject })
        .set(notAfterMs / 1000)
      if (notAfterMs - now() < EXPIRY_WARNING_MS) {
        log({ action: 'certificate_expiring', use, subject, notAfter: new Date(notAfterMs).toISOString() })
      }
    },
    issuerKeys(issuer, error) {
      metrics
        .counter('lienthong_issuer_key_reads_total')
        .child({ issuer, result: error === undefined ? 'read' : 'failed' })
        .inc()
      const wasAway = issuersAway.has(issuer)
      if (error === undefined) issuersAway.delete(issuer)
      else issuersAway.add(issuer)
      if (error !== undefined && !wasAway) log({ action: 'issuer_unavailable', issuer, error })
      if (error === undefined && wasAway) log({ action: 'issuer_recovered', issuer })
    },
    internalError: (error, exchangeId) => log({ action: 'internal_error', error, exchangeId }),
    databaseError: (error) => log({ action: 'database_error', error }),
    ledgerAppended: appended,
    ledgerAvailability(available, cause) {
      if (available) log({ action: 'ledger_recovered', durationMs: now() - unavailableSinceMs })
      else log({ action: 'ledger_unavailable', error: cause, queued: queued() })
      if (!available) unavailableSinceMs = now()
    },
    ...createLogTelemetry(metrics, log),
    ...createEventTelemetry(metrics, log),
    ...createJobTelemetry(metrics, log),
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
      tellDeprecations(metrics, registry)
      tellLegalBases(metrics, registry)
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

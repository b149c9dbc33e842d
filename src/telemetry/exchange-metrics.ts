import { ERRORS, type ErrorCode } from '../model/error-table.ts'
import type { Outcome } from '../model/exchange.ts'
import type { ExchangeEvent, RequestEvent } from './exchange-event.ts'
import { knownIn, knownNothing, type RegistryView, routeOf, type ServiceView, UNKNOWN } from './known.ts'
import { CODES } from './metric-table.ts'
import type { Metrics } from './metrics.ts'
import type { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts'

interface ExchangeMetricsParts {
  readonly metrics: Metrics
  /** Unix milliseconds, for exemplars. */
  readonly now: () => number
  /** The gateway's own routes, e.g. `/oauth/token`; the registry adds those of the exchanges. */
  readonly routes: readonly string[]
}

/** How many of a registry's series stand at zero from the start. */
export interface SeedReport {
  readonly seeded: number
  /** Left out so that real traffic has room: they appear with their first exchange. */
  readonly skipped: number
}

/** Counts what happens to exchanges. */
export interface ExchangeMetrics {
  /** Makes a registry's words known to labels and starts its agreements' series at zero. */
  useRegistry(registry: RegistryView): SeedReport
  /** @returns the gauge of exchanges under way: `inc()` at the start, `dec()` on the same series at the end. */
  inFlight(service: string): GaugeSeries
  /** Counts everything about one exchange; under a microsecond. */
  observeExchange(event: ExchangeEvent): void
  /** Counts an authentication by its result; the refused request itself goes to `observeRequest`. */
  observeAuthentication(result: ErrorCode | 'accepted'): void
  /** Counts a request that did not become an exchange. */
  observeRequest(event: RequestEvent): void
}

/** The series of one operation that a registry knows, made at first use and then found without hashing. */
interface OperationSeries {
  readonly provider: string
  readonly route: string
  readonly method: string
  readonly transactions: Map<string, Map<Outcome, CounterSeries>>
  /** By status, then by code. */
  readonly durations: Map<number, Map<string, HistogramSeries>>
}

interface ServiceSeries {
  readonly overhead: HistogramSeries
  readonly inFlight: GaugeSeries
  readonly operations: ReadonlyMap<string, OperationSeries>
}

/** W3C Trace Context §3.2.2.3. */
const TRACE_ID = /^[0-9a-f]{32}$/

/** Zero series are made in this order until half of a metric's room is used. */
const OUTCOMES: readonly Outcome[] = ['delivered', 'refused', 'failed', 'interrupted']

/** OpenTelemetry: `error.type` is set only where the request failed, by code, else by status from 500 on. */
function errorTypeOf(status: number, code: string | undefined): string {
  return code ?? (status >= 500 ? String(status) : '')
}

function operationsOf(service: string, view: ServiceView): ReadonlyMap<string, OperationSeries> {
  const made = new Map<string, OperationSeries>()
  for (const [id, { method, pathTemplate }] of view.contract.operations) {
    made.set(id, {
      provider: view.provider.id,
      route: routeOf(service, pathTemplate),
      method,
      transactions: new Map(),
      durations: new Map(),
    })
  }
  return made
}

/** @returns the value of a key, made and kept where absent. */
function heldAt<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const held = map.get(key)
  if (held !== undefined) return held
  const made = make()
  map.set(key, made)
  return made
}

/** @returns the inner map of a key, made and kept where absent. */
function mapAt<K, J, V>(map: Map<K, Map<J, V>>, key: K): Map<J, V> {
  return heldAt(map, key, () => new Map<J, V>())
}

/** What agreements open, each once however many agreements say it: by service and consumer. */
function grantedIn(registry: RegistryView): Map<string, Map<string, Set<string>>> {
  const granted = new Map<string, Map<string, Set<string>>>()
  for (const { document, grants } of registry.agreements.values()) {
    const operations = heldAt(mapAt(granted, document.service), document.consumer, () => new Set<string>())
    for (const operation of grants.keys()) operations.add(operation)
  }
  return granted
}

/** Seeds zero series of what agreements open, most telling outcome first, up to half of what the metric holds. */
function seedTransactions(metrics: Metrics, registry: RegistryView): SeedReport {
  const transactions = metrics.counter('lienthong_transactions_total')
  const room = Math.floor(metrics.maxSeriesPerMetric / 2)
  const granted = [...grantedIn(registry)].flatMap(([service, consumers]) => {
    const provider = registry.services.get(service)?.provider.id ?? UNKNOWN
    return [...consumers].flatMap(([consumer, operations]) =>
      [...operations].map((operation) => ({ consumer, provider, service, operation })),
    )
  })
  let seeded = 0
  for (const outcome of OUTCOMES) {
    for (const labels of granted) {
      if (transactions.size() >= room) return { seeded, skipped: granted.length * OUTCOMES.length - seeded }
      transactions.child({ ...labels, outcome })
      seeded += 1
    }
  }
  return { seeded, skipped: 0 }
}

/** @param parts the process's metrics; one of these counts its exchanges. */
export function createExchangeMetrics(parts: ExchangeMetricsParts): ExchangeMetrics {
  const { metrics, now, routes } = parts
  const transactions = metrics.counter('lienthong_transactions_total')
  const refusals = metrics.counter('lienthong_refusals_total')
  const overheads = metrics.histogram('lienthong_overhead_seconds')
  const durations = metrics.histogram('http_server_request_duration_seconds')
  const inFlight = metrics.gauge('lienthong_exchanges_in_flight')
  const authentications = metrics.counter('lienthong_authentication_total')
  const violations = metrics.counter('lienthong_schema_violations_total')
  const refusalOf = new Map(
    CODES.map((code) => [code, refusals.child({ stage: ERRORS[code].stage, code })] as const),
  )
  let services: ReadonlyMap<string, ServiceSeries> = new Map()
  let known = knownNothing()

  function countTransaction(event: ExchangeEvent, held: OperationSeries | undefined): void {
    const { consumer, service, outcome, operation = UNKNOWN } = event
    const make = () => {
      const provider = held?.provider ?? event.provider ?? UNKNOWN
      return transactions.child({ consumer, provider, service, operation, outcome })
    }
    // Only words of the registry are kept as keys, so the maps are as large as the registry and no larger.
    const isKnown = held !== undefined && known.subsystem.has(consumer)
    const series = isKnown ? heldAt(mapAt(held.transactions, consumer), outcome, make) : make()
    series.inc()
  }

  function durationOf(event: ExchangeEvent, held: OperationSeries | undefined): HistogramSeries {
    const make = () =>
      durations.child({
        http_request_method: held?.method ?? event.method,
        http_route: held?.route ?? UNKNOWN,
        http_response_status_code: String(event.status),
        error_type: errorTypeOf(event.status, event.code),
      })
    if (held === undefined) return make()
    return heldAt(mapAt(held.durations, event.status), event.code ?? '', make)
  }

  function countError(event: ExchangeEvent): void {
    const { code, stage, service, operation = UNKNOWN } = event
    if (code === undefined) return
    if (stage === undefined) refusalOf.get(code)?.inc()
    else refusals.child({ stage, code }).inc()
    if (code === 'request_invalid') violations.child({ service, operation, direction: 'request' }).inc()
    if (code === 'response_invalid') violations.child({ service, operation, direction: 'response' }).inc()
  }

  return {
    useRegistry(registry) {
      known = knownIn(registry, routes)
      metrics.useKnown(known)
      const made = new Map<string, ServiceSeries>()
      for (const [service, view] of registry.services) {
        made.set(service, {
          overhead: overheads.child({ service }),
          inFlight: inFlight.child({ service }),
          operations: operationsOf(service, view),
        })
      }
      services = made
      return seedTransactions(metrics, registry)
    },
    inFlight: (service) => services.get(service)?.inFlight ?? inFlight.child({ service }),
    observeExchange(event) {
      const service = services.get(event.service)
      const operation = service?.operations.get(event.operation ?? '')
      const atMs = now()
      countTransaction(event, operation)
      countError(event)
      const overhead = service?.overhead ?? overheads.child({ service: event.service })
      // What is no trace id leaves no exemplar.
      const traceId = TRACE_ID.test(event.traceId) ? event.traceId : undefined
      overhead.observe((event.totalMs - event.providerMs) / 1000, traceId, atMs)
      durationOf(event, operation).observe(event.totalMs / 1000, traceId, atMs)
    },
    observeAuthentication: (result) => authentications.child({ result }).inc(),
    observeRequest({ method, route, status, code, totalMs }) {
      if (code !== undefined) refusalOf.get(code)?.inc()
      const labels = {
        http_request_method: method,
        http_route: route,
        http_response_status_code: String(status),
        error_type: errorTypeOf(status, code),
      }
      durations.child(labels).observe(totalMs / 1000)
    },
  }
}

import type { Metrics } from './metrics.ts'
import type { HistogramSeries } from './series.ts'

type BreakerState = 'closed' | 'open' | 'half_open'

/** One HTTP request to a provider. */
export interface AttemptEvent {
  readonly method: string
  /** Absent where no answer came. */
  readonly status?: number | undefined
  /** The error code where no answer came; a word outside the table counts as `_OTHER`. */
  readonly error?: string | undefined
  readonly seconds: number
}

/** Counts what happens on the way to one provider binding. */
export interface ProviderMetrics {
  attempt(event: AttemptEvent): void
  retry(): void
  breaker(state: BreakerState): void
  /** Takes the binding's breaker out of the count of breakers. */
  close(): void
}

interface BindingNames {
  /** The providing subsystem. */
  readonly provider: string
  /** Host of its base URL, without port. */
  readonly address: string
}

/**
 * @param names of one binding, as its registry knows them. Breakers are counted per binding, so a provider
 * with two services has two, and `lienthong_breaker_state` tells how many of them are in each state.
 */
export function createProviderMetrics(metrics: Metrics, names: BindingNames): ProviderMetrics {
  const { provider, address } = names
  const durations = metrics.histogram('http_client_request_duration_seconds')
  const retries = metrics.counter('lienthong_provider_retries_total').child({ provider })
  const transitions = metrics.counter('lienthong_breaker_transitions_total')
  const states = metrics.gauge('lienthong_breaker_state')
  for (const state of ['closed', 'open', 'half_open'] as const) {
    states.child({ provider, state })
    transitions.child({ provider, state })
  }
  let current: BreakerState | undefined = 'closed'
  states.child({ provider, state: current }).inc()
  /** By method, then by status or error. */
  const held = new Map<string, Map<number | string, HistogramSeries>>()

  function durationOf({ method, status, error = '' }: AttemptEvent): HistogramSeries {
    const ended = status ?? error
    const known = held.get(method)?.get(ended)
    if (known !== undefined) return known
    const series = durations.child({
      http_request_method: method,
      server_address: address,
      http_response_status_code: status === undefined ? '' : String(status),
      // OpenTelemetry: a client's error.type is the status from 400 on.
      error_type: status === undefined ? error : status >= 400 ? String(status) : '',
    })
    const byEnd = held.get(method) ?? new Map<number | string, HistogramSeries>()
    held.set(method, byEnd.set(ended, series))
    return series
  }

  return {
    attempt: (event) => durationOf(event).observe(event.seconds),
    retry: () => retries.inc(),
    breaker(state) {
      if (current === undefined || state === current) return
      states.child({ provider, state: current }).dec()
      states.child({ provider, state }).inc()
      transitions.child({ provider, state }).inc()
      current = state
    },
    close() {
      if (current !== undefined) states.child({ provider, state: current }).dec()
      current = undefined
    },
  }
}

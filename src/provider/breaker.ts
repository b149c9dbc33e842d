import CircuitBreaker from 'opossum'
import { GatewayError } from '../model/errors.ts'
import type { BreakerState, ProviderCall, ProviderReply, ProviderRequest } from './call.ts'

export interface BreakerOptions {
  /** Calls in flight at once; one more is refused, so one slow provider cannot take the gateway's memory. */
  readonly maxConcurrent: number
  /** How long an open breaker refuses before it lets one call through. */
  readonly openMs: number
  readonly onState: (state: BreakerState) => void
}

/** The consumer's own hang-up, or a value that cannot be said to the provider, says nothing of the provider. */
function saysNothingOfProvider(error: unknown): boolean {
  return error instanceof GatewayError && error.entry.fault === 'consumer'
}

function translate(error: unknown, openMs: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EOPENBREAKER') {
    return new GatewayError('provider_unavailable', {
      retryAfterSeconds: Math.ceil(openMs / 1000),
      detail: {
        vi: 'Hệ thống cung cấp vừa lỗi nhiều lần nên cổng tạm ngừng gọi.',
        en: 'The provider failed repeatedly, so the gateway has stopped calling it for a while.',
      },
    })
  }
  if (code === 'ESEMLOCKED') return new GatewayError('provider_overloaded', { retryAfterSeconds: 1 })
  return error
}

/** So many calls tell of a provider: half of them failed within 10 s, or all in a row. */
const TELLING_CALLS = 10

/**
 * Stops calling a provider that keeps failing: opens when half of at least 10 calls within 10 s failed, or 10 in a row
 * however far apart (a provider that is seldom asked), and tries a single call after `openMs`. Answers of any status
 * below 500 are successes.
 */
export function withBreaker(
  call: ProviderCall,
  options: BreakerOptions,
): ProviderCall & { shutdown(): void } {
  const breaker = new CircuitBreaker<[ProviderRequest], ProviderReply>(call, {
    timeout: false,
    capacity: options.maxConcurrent,
    errorThresholdPercentage: 50,
    volumeThreshold: TELLING_CALLS,
    resetTimeout: options.openMs,
    rollingCountTimeout: 10_000,
    rollingCountBuckets: 10,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    errorFilter: saysNothingOfProvider,
  })
  let failedInARow = 0
  breaker.on('success', () => {
    failedInARow = 0
  })
  breaker.on('failure', () => {
    failedInARow += 1
    if (failedInARow >= TELLING_CALLS) breaker.open()
  })
  breaker.on('open', () => options.onState('open'))
  breaker.on('halfOpen', () => options.onState('half_open'))
  breaker.on('close', () => options.onState('closed'))
  const guarded = async (request: ProviderRequest) => {
    try {
      return await breaker.fire(request)
    } catch (error) {
      throw translate(error, options.openMs)
    }
  }
  return Object.assign(guarded, { shutdown: () => breaker.shutdown() })
}

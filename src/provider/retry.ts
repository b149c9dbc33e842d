import type { Cancellation } from '../model/cancellation.ts'
import { asGatewayError } from '../model/errors.ts'
import type { ProviderCall } from './call.ts'

interface RetryOptions {
  /** Further tries after the first. */
  readonly retries: number
  readonly random: () => number
  readonly onRetry: () => void
}

const FIRST_PAUSE_MS = 50

/** Ends after its time or with the deadline, whichever comes first. */
function pause(ms: number, deadline: Cancellation): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      deadline.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    deadline.addEventListener('abort', end)
  })
}

/**
 * Tries an idempotent request again where the provider could not be reached, inside its deadline, after a
 * pause drawn from [0, 50 ms · 2ⁿ] ("full jitter"), so that many consumers do not come back at once.
 */
export function withRetry(call: ProviderCall, options: RetryOptions): ProviderCall {
  return async (request) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const reply = await call(request)
        return attempt === 1 ? reply : { ...reply, attempts: attempt }
      } catch (thrown) {
        const error = asGatewayError(thrown)
        const again =
          request.idempotent && error.code === 'provider_unavailable' && attempt <= options.retries
        if (!again || request.deadline.aborted) throw error
        const pauseMs = options.random() * FIRST_PAUSE_MS * 2 ** attempt
        // The deadline ends the pause too; the next try then reports it.
        await pause(pauseMs, request.deadline)
        options.onRetry()
      }
    }
  }
}

import type { Cancellation } from '../model/cancellation.ts'
import type { Binding } from '../model/party.ts'
import type { BodySink, Field, KeptBody, WholeReply } from '../model/whole.ts'

/** One request as it goes to a provider. */
export interface ProviderRequest {
  /** Id in the service's contract; absent of a message that is passed whole. */
  readonly operation?: string
  readonly method: string
  /** Path and query below the binding's base URL, `/` first, already checked against the contract. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
  /** May be sent again where the first try failed. */
  readonly idempotent: boolean
  /** Ends the whole call, further tries included. */
  readonly deadline: Cancellation
  /** A message to be passed whole; `body` is then not looked at. */
  readonly whole?: {
    readonly fields: readonly Field[]
    readonly body: KeptBody | undefined
    /** A fresh one for each try. */
    readonly openSink: (maxBytes: number) => BodySink
  }
}

/** A provider's answer, bytes unread. */
export interface ProviderReply {
  readonly status: number
  readonly contentType: string
  readonly retryAfter: string | undefined
  readonly body: Buffer
  /** Tries it took, 1 or more. */
  readonly attempts: number
  /** The answer of a message that was passed whole; `body` is then empty. */
  readonly whole?: WholeReply
}

/**
 * Calls one provider. Resolves with any answer below 500; rejects with `provider_unavailable` (502–504
 * and no connection), `provider_failed` (other 5xx), `provider_overloaded`, `provider_timeout`,
 * `consumer_gone` or `response_invalid`.
 */
export type ProviderCall = (request: ProviderRequest) => Promise<ProviderReply>

export type BreakerState = 'closed' | 'open' | 'half_open'

/** One HTTP request to a provider, as it went. */
export interface Attempt {
  readonly method: string
  /** Absent where no answer came; `error` then is the error code. */
  readonly status?: number
  readonly error?: string
  readonly seconds: number
}

/** What is seen of the calls over one binding; metrics and logs listen. */
export interface BindingObserver {
  attempt(attempt: Attempt): void
  retry(): void
  breaker(state: BreakerState): void
  close(): void
}

/** Why a deadline signal was aborted; `deadline` where time ran out, `gone` where the consumer hung up. */
export type AbortReason = 'deadline' | 'gone'

export const BINDING_DEFAULTS = {
  retries: 2,
  maxConcurrent: 256,
  maxResponseBytes: 4 * 1024 * 1024,
} as const

/** Makes the stack for one binding: retry(breaker(http)). Kept while the binding stays the same. */
export type ConnectProvider = (
  provider: string,
  binding: Binding,
) => { call: ProviderCall; close(): Promise<void> }

/**
 * @returns a lookup of the call of a service: made at first use, kept as long as its binding is unchanged,
 * so that breakers and connections survive a change elsewhere in the registry.
 */
export function createProviderCalls(connect: ConnectProvider): {
  /** @param binding absent of a composite service, which nobody calls. */
  callOf(service: string, provider: string, binding: Binding | undefined): ProviderCall
  close(): Promise<void>
} {
  const connected = new Map<
    string,
    { binding: string; source: Binding; call: ProviderCall; close(): Promise<void> }
  >()
  return {
    callOf(service, provider, binding) {
      if (binding === undefined) throw new RangeError('a service without a binding is called')
      const known = connected.get(service)
      if (known?.source === binding) return known.call
      const text = JSON.stringify(binding)
      if (known?.binding === text) {
        connected.set(service, { ...known, source: binding })
        return known.call
      }
      void known?.close()
      const stack = { binding: text, source: binding, ...connect(provider, binding) }
      connected.set(service, stack)
      return stack.call
    },
    async close() {
      await Promise.all([...connected.values()].map((stack) => stack.close()))
    },
  }
}

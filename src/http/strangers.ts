import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../model/errors.ts'
import { networkOf } from './connections.ts'

/** Bounds how often one address may be refused without having been authenticated. */
export interface Strangers {
  /**
   * Before anything else is done with a request: costs nothing while nobody was refused.
   * @throws GatewayError `refusals_too_many` 429 while the address has used up what it may.
   */
  assertAdmitted(request: IncomingMessage): void
  /** Told of each request that was refused without a consumer to record it for. */
  note(request: IncomingMessage, error: GatewayError): void
}

interface StrangersParts {
  /** Refusals an address may have at once, and gets back in a minute. */
  readonly perMinute: number
  /** Addresses remembered; beyond it the one refused longest ago is forgotten. */
  readonly maxAddresses?: number
  /** Milliseconds, monotonic. */
  readonly clock: () => number
  /** Whether the address is a trusted proxy's, behind which many consumers stand. */
  readonly isProxy: (address: string | undefined) => boolean
}

interface Allowance {
  readonly left: number
  readonly atMs: number
}

const MAX_ADDRESSES = 10_000
const MINUTE_MS = 60_000

/** A demand for a nonce is a step of the protocol; what is not the asker's fault is not counted against it. */
function counts({ code, entry: { status } }: GatewayError): boolean {
  return status >= 400 && status < 500 && code !== 'dpop_nonce_required' && code !== 'refusals_too_many'
}

/**
 * One allowance for each address (an IPv6 network of 64 bits counts as one). Not by the client a request claims to
 * be: whoever knows an agency's name could then have it locked out.
 */
export function createStrangers(parts: StrangersParts): Strangers {
  const { perMinute, clock, isProxy, maxAddresses = MAX_ADDRESSES } = parts
  /** Those refused lately, the latest last; whoever is not here has all of its allowance. */
  const refused = new Map<string, Allowance>()

  function leftOf(network: string): number {
    const known = refused.get(network)
    if (known === undefined) return perMinute
    return Math.min(perMinute, known.left + ((clock() - known.atMs) * perMinute) / MINUTE_MS)
  }

  return {
    assertAdmitted({ socket }) {
      if (refused.size === 0) return
      const network = networkOf(socket.remoteAddress ?? '')
      const left = leftOf(network)
      if (left >= 1) {
        if (left === perMinute) refused.delete(network)
        return
      }
      const retryAfterSeconds = Math.ceil(((1 - left) * MINUTE_MS) / perMinute / 1000)
      throw new GatewayError('refusals_too_many', { retryAfterSeconds })
    },
    note({ socket }, error) {
      if (!counts(error) || isProxy(socket.remoteAddress)) return
      const network = networkOf(socket.remoteAddress ?? '')
      const left = Math.max(0, leftOf(network) - 1)
      refused.delete(network)
      refused.set(network, { left, atMs: clock() })
      if (refused.size <= maxAddresses) return
      for (const oldest of refused.keys()) {
        refused.delete(oldest)
        break
      }
    },
  }
}

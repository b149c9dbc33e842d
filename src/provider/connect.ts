import type { AxiosAdapter } from 'axios'
import type { SecretReference } from '../model/secret.ts'
import { createAddressGuard, type Lookup } from './address.ts'
import { withBreaker } from './breaker.ts'
import { BINDING_DEFAULTS, type BindingObserver, type ConnectProvider, type ProviderCall } from './call.ts'
import { createHttpCall } from './http.ts'
import { withHub } from './hub.ts'
import { createPoolAdapter } from './pool-adapter.ts'
import { withRetry } from './retry.ts'
import { withSoap } from './soap.ts'
import { createWholeCall } from './whole.ts'

interface ConnectParts {
  /** Makes the observer of one binding; `address` is its host. */
  readonly observe: (provider: string, address: string) => BindingObserver
  /** Reads a secret where the registry says it is kept; throws where it is not. */
  readonly readSecret: (reference: SecretReference) => string
  readonly random: () => number
  /** Another transport than the connection pool. */
  readonly adapter?: AxiosAdapter | 'http'
  /** Another resolver of names than the system's. */
  readonly resolve?: Lookup
}

const CONNECT_MS = 3000
const BREAKER_OPEN_MS = 10_000

/** Adds the header by which the provider knows the gateway. */
function withCredential(call: ProviderCall, header: string, value: string): ProviderCall {
  return (request) => call({ ...request, headers: { ...request.headers, [header]: value } })
}

/** Builds the stack of one binding: retry(breaker(credential(http))). */
export function createConnectProvider(parts: ConnectParts): ConnectProvider {
  const { readSecret, random } = parts
  return (provider, binding) => {
    const url = new URL(binding.baseUrl)
    const observer = parts.observe(provider, url.hostname)
    const guard = createAddressGuard(binding.allowPrivateAddress === true, parts.resolve)
    const { tls, credential } = binding
    const maxResponseBytes = binding.maxResponseBytes ?? BINDING_DEFAULTS.maxResponseBytes
    const maxConcurrent = binding.maxConcurrent ?? BINDING_DEFAULTS.maxConcurrent
    const pool = createPoolAdapter(url.origin, {
      connections: maxConcurrent,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      headersTimeout: binding.timeoutMs,
      bodyTimeout: binding.timeoutMs,
      maxBytes: maxResponseBytes,
      connect: {
        timeout: Math.min(CONNECT_MS, binding.timeoutMs),
        lookup: guard.lookup as never,
        minVersion: 'TLSv1.2',
        ...(tls?.ca && { ca: tls.ca }),
        ...(tls?.certificate && { cert: readSecret(tls.certificate) }),
        ...(tls?.key && { key: readSecret(tls.key) }),
      },
    })
    const { hub } = binding
    const isHub = hub?.protocol === 'xroad'
    const http = createHttpCall({
      isHub,
      readsFailures: binding.soap !== undefined,
      baseUrl: binding.baseUrl,
      adapter: parts.adapter ?? pool.adapter,
      maxResponseBytes,
      assertReachable: () => guard.assertHost(url.hostname),
      onAttempt: (attempt) => observer.attempt(attempt),
    })
    const whole = createWholeCall({
      isHub,
      basePath: url.pathname.replace(/\/$/, ''),
      stream: pool.stream,
      maxResponseBytes,
      assertReachable: () => guard.assertHost(url.hostname),
      onAttempt: (attempt) => observer.attempt(attempt),
    })
    const plain: ProviderCall = (request) => (request.whole ? whole(request) : http(request))
    const through = hub ? withHub(plain, hub) : plain
    const either = binding.soap ? withSoap(through, binding.soap, { readSecret }) : through
    const known = credential
      ? withCredential(either, credential.header, readSecret(credential.secret))
      : either
    const breaker = withBreaker(known, {
      maxConcurrent,
      openMs: BREAKER_OPEN_MS,
      onState: (state) => observer.breaker(state),
    })
    const call = withRetry(breaker, {
      retries: binding.retries ?? BINDING_DEFAULTS.retries,
      random,
      onRetry: () => observer.retry(),
    })
    return {
      call,
      async close() {
        breaker.shutdown()
        observer.close()
        await pool.close()
      },
    }
  }
}

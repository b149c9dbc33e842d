import type { AxiosAdapter } from 'axios'
import type { Binding } from '../model/party.ts'
import type { SecretReference } from '../model/secret.ts'
import { dialectOf } from '../model/sql.ts'
import { type AddressGuard, createAddressGuard, type Lookup } from './address.ts'
import { withBreaker } from './breaker.ts'
import {
  type Attempt,
  BINDING_DEFAULTS,
  type BindingObserver,
  type ConnectProvider,
  type ProviderCall,
} from './call.ts'
import { createHttpCall } from './http.ts'
import { withHub } from './hub.ts'
import { createPoolAdapter } from './pool-adapter.ts'
import { withRetry } from './retry.ts'
import { withSoap } from './soap.ts'
import { createSqlCall } from './sql.ts'
import type { OpenSqlDatabase, SqlDatabase } from './sql-database.ts'
import { createWholeCall } from './whole.ts'

interface ConnectParts {
  /** Makes the observer of one binding; `address` is its host. */
  readonly observe: (provider: string, address: string) => BindingObserver
  /** Reads a secret where the registry says it is kept; throws where it is not. */
  readonly readSecret: (reference: SecretReference) => string
  readonly random: () => number
  /** Opens an agency's database; without it no binding to one works. */
  readonly openDatabase?: OpenSqlDatabase
  /** Another transport than the connection pool. */
  readonly adapter?: AxiosAdapter | 'http'
  /** Another resolver of names than the system's. */
  readonly resolve?: Lookup
}

const CONNECT_MS = 3000
const BREAKER_OPEN_MS = 10_000
/** An agency's database has other users. */
const SQL_CONNECTIONS = 4

/** Adds the header by which the provider knows the gateway. */
function withCredential(call: ProviderCall, header: string, value: string): ProviderCall {
  return (request) => call({ ...request, headers: { ...request.headers, [header]: value } })
}

/** The way to one provider, before what guards it. */
interface Way {
  readonly call: ProviderCall
  close(): Promise<void>
}

interface WayParts extends Pick<ConnectParts, 'readSecret' | 'adapter' | 'openDatabase'> {
  readonly binding: Binding
  readonly guard: AddressGuard
  readonly observer: BindingObserver
}

function tlsOf({ tls }: Binding, readSecret: ConnectParts['readSecret']) {
  return {
    ...(tls?.ca && { ca: tls.ca }),
    ...(tls?.certificate && { certificate: readSecret(tls.certificate) }),
    ...(tls?.key && { key: readSecret(tls.key) }),
  }
}

function createHttpWay({ binding, guard, observer, readSecret, adapter }: WayParts): Way {
  const url = new URL(binding.baseUrl)
  const { credential, hub } = binding
  const maxResponseBytes = binding.maxResponseBytes ?? BINDING_DEFAULTS.maxResponseBytes
  const { certificate: cert, ...tls } = tlsOf(binding, readSecret)
  const pool = createPoolAdapter(url.origin, {
    connections: binding.maxConcurrent ?? BINDING_DEFAULTS.maxConcurrent,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    headersTimeout: binding.timeoutMs,
    bodyTimeout: binding.timeoutMs,
    maxBytes: maxResponseBytes,
    connect: {
      timeout: Math.min(CONNECT_MS, binding.timeoutMs),
      lookup: guard.lookup as never,
      minVersion: 'TLSv1.2',
      ...tls,
      ...(cert && { cert }),
    },
  })
  const isHub = hub?.protocol === 'xroad'
  const shared = {
    isHub,
    maxResponseBytes,
    assertReachable: () => guard.assertHost(url.hostname),
    onAttempt: (attempt: Attempt) => observer.attempt(attempt),
  }
  const http = createHttpCall({
    ...shared,
    readsFailures: binding.soap !== undefined,
    baseUrl: binding.baseUrl,
    adapter: adapter ?? pool.adapter,
  })
  const whole = createWholeCall({ ...shared, basePath: url.pathname.replace(/\/$/, ''), stream: pool.stream })
  const plain: ProviderCall = (request) => (request.whole ? whole(request) : http(request))
  const through = hub ? withHub(plain, hub) : plain
  const either = binding.soap ? withSoap(through, binding.soap, { readSecret }) : through
  const call = credential ? withCredential(either, credential.header, readSecret(credential.secret)) : either
  return { call, close: () => pool.close() }
}

/** The driver is loaded and the password read at the first question. */
function createSqlWay(parts: WayParts, sql: NonNullable<Binding['sql']>): Way {
  const { binding, guard, observer, readSecret, openDatabase } = parts
  const url = new URL(binding.baseUrl)
  const dialect = dialectOf(binding.baseUrl)
  if (openDatabase === undefined || dialect === undefined) throw new RangeError('no database can be opened')
  const open = () =>
    openDatabase({
      dialect,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port),
      database: url.pathname.slice(1),
      user: sql.user,
      password: readSecret(sql.password),
      timeoutMs: binding.timeoutMs,
      connections: sql.connections ?? SQL_CONNECTIONS,
      ...(sql.allowPlaintext !== true && { tls: tlsOf(binding, readSecret) }),
      lookup: guard.lookup,
      assertReachable: () => guard.assertHost(url.hostname),
    })
  let opened: Promise<SqlDatabase> | undefined
  const database: SqlDatabase = {
    async ask(question) {
      opened ??= open().catch((thrown: unknown) => {
        opened = undefined
        throw thrown
      })
      return (await opened).ask(question)
    },
    async close() {
      // What could not be opened needs no closing.
      const database = await opened?.catch(() => undefined)
      await database?.close()
    },
  }
  const call = createSqlCall(sql, {
    baseUrl: binding.baseUrl,
    maxResponseBytes: binding.maxResponseBytes ?? BINDING_DEFAULTS.maxResponseBytes,
    database,
    onAttempt: (attempt) => observer.attempt(attempt),
  })
  return { call, close: () => database.close() }
}

/** Builds the stack of one binding: retry(breaker(way)), the way being HTTP, SOAP over it, or a database. */
export function createConnectProvider(parts: ConnectParts): ConnectProvider {
  return (provider, binding) => {
    const observer = parts.observe(provider, new URL(binding.baseUrl).hostname)
    const guard = createAddressGuard(binding.allowPrivateAddress === true, parts.resolve)
    const wayParts = { ...parts, binding, guard, observer }
    const way = binding.sql ? createSqlWay(wayParts, binding.sql) : createHttpWay(wayParts)
    const breaker = withBreaker(way.call, {
      maxConcurrent: binding.maxConcurrent ?? BINDING_DEFAULTS.maxConcurrent,
      openMs: BREAKER_OPEN_MS,
      onState: (state) => observer.breaker(state),
    })
    const call = withRetry(breaker, {
      retries: binding.retries ?? BINDING_DEFAULTS.retries,
      random: parts.random,
      onRetry: () => observer.retry(),
    })
    return {
      call,
      async close() {
        breaker.shutdown()
        observer.close()
        await way.close()
      },
    }
  }
}

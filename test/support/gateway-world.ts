import type { webcrypto } from 'node:crypto'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import * as oauth from 'oauth4webapi'
import pg from 'pg'
import { startGateway } from '../../src/cli/gateway-process.ts'
import type { RunningGateway } from '../../src/cli/running-gateway.ts'
import { createAdmission } from '../../src/identity/admission.ts'
import { createSigningKey } from '../../src/identity/signing-key.ts'
import type { Service, Subsystem } from '../../src/model/party.ts'
import { applyRegistry } from '../../src/registry/administration.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { readRegistryDirectory } from '../../src/registry/read-documents.ts'
import { controlsOf, type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { readSettings } from '../../src/settings.ts'
import { createRegistryStore } from '../../src/storage/registry.ts'
import { createTestDatabase, createTestFolder, type TestDatabase } from './postgres.ts'

const PROJECT = join(import.meta.dirname, '../..')

export interface Consumer {
  readonly clientId: string
  /** A token bound to this consumer's DPoP key, by an unmodified oauth4webapi. */
  dpopToken(): Promise<string>
  /** Requests any address of the gateway with DPoP; nothing of the answer is read. */
  request(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string | Uint8Array<ArrayBuffer>,
  ): Promise<Response>
  /** Calls with DPoP. */
  call(path: string, options?: CallOptions): Promise<Answer>
}

export interface CallOptions {
  readonly method?: string
  readonly body?: unknown
  /** Set over the usual ones; `undefined` takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly json: Record<string, unknown>
}

/** A whole gateway with its agencies and a consumer, over real HTTP and a real database. */
export interface GatewayWorld {
  readonly gateway: RunningGateway
  readonly sandbox: Sandbox
  readonly database: TestDatabase
  readonly pool: pg.Pool
  readonly consumer: Consumer
  /** The consumer's keys, registered under the name `main`. */
  readonly keys: webcrypto.CryptoKeyPair
  readonly documents: RegistryDocuments
  /** Where the gateway's keys are: others over the same database need the same. */
  readonly dataDir: string
  /** All log lines so far. */
  log(): string
  apply(documents: RegistryDocuments): Promise<number>
  /** Records of the ledger, oldest first. */
  records(): Promise<Record<string, unknown>[]>
  /** A sample of `/metrics`, 0 where absent. */
  metric(line: string): Promise<number>
  close(): Promise<void>
}

/** Headers that every agreement of the sample registry is content with. */
export const PARTICULARS = {
  'exchange-purpose': 'giai-quyet-thu-tuc-hanh-chinh',
  'exchange-dossier': 'H29.12-261122-0007',
  'exchange-officer': 'cb-017',
}

export async function createConsumer(
  gatewayUrl: string,
  clientId: string,
  pair: webcrypto.CryptoKeyPair,
  /** Further parameters of the token request. */
  parameters: Readonly<Record<string, string>> = {},
  /** The proofs' key; the client's own where absent. */
  proofs?: oauth.DPoPHandle,
): Promise<Consumer> {
  const http = { [oauth.allowInsecureRequests]: true }
  const issuer = new URL(gatewayUrl)
  const client: oauth.Client = { client_id: clientId }
  let discovered: oauth.AuthorizationServer | undefined
  const dpop = proofs ?? oauth.DPoP(client, pair)
  const authentication = oauth.PrivateKeyJwt({ key: pair.privateKey, kid: 'main' })
  let token: string | undefined

  async function dpopToken(): Promise<string> {
    discovered ??= await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...http }),
    )
    const server = discovered
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      authentication,
      new URLSearchParams(parameters),
      {
        DPoP: dpop,
        ...http,
      },
    )
    return (await oauth.processClientCredentialsResponse(server, client, response)).access_token
  }

  async function request(
    method: string,
    path: string,
    headers: Headers | Readonly<Record<string, string>> = {},
    body: string | Uint8Array<ArrayBuffer> | null = null,
  ): Promise<Response> {
    token ??= await dpopToken()
    const url = new URL(path, gatewayUrl)
    return oauth
      .protectedResourceRequest(token, method, url, new Headers(headers), body, { DPoP: dpop, ...http })
      .catch((error: unknown) => {
        if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response
        throw error
      })
  }

  return {
    clientId,
    dpopToken,
    request: (method, path, headers, body) => request(method, path, headers, body),
    async call(path, { method = 'POST', body, headers = {} } = {}) {
      const fields = new Headers({ 'content-type': 'application/json', ...PARTICULARS })
      for (const [name, value] of Object.entries(headers)) {
        if (value === undefined) fields.delete(name)
        else fields.set(name, value)
      }
      const bytes = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body)
      const response = await request(method, `/exchange/${path}`, fields, bytes)
      const text = await response.text()
      return { status: response.status, headers: response.headers, json: text === '' ? {} : JSON.parse(text) }
    },
  }
}

interface WorldOptions {
  /** The gateway's clock, Unix milliseconds. */
  readonly now?: () => number
  /** The sandbox agencies' clock. */
  readonly sandboxNow?: () => Date
  readonly overrides?: Record<string, unknown>
  /** Changes the documents before they are applied. */
  readonly change?: (documents: RegistryDocuments) => RegistryDocuments
  /** The address under which the gateway itself reaches the database. */
  readonly databaseUrl?: (url: string) => string
}

/** Everything round a gateway: its database with a registry in it, its agencies, a consumer's keys. */
export type PreparedWorld = Pick<
  GatewayWorld,
  'database' | 'pool' | 'sandbox' | 'keys' | 'documents' | 'dataDir' | 'apply' | 'records'
>

/** @param database migrated already. */
export async function prepareWorld(
  database: TestDatabase,
  options: Pick<WorldOptions, 'sandboxNow' | 'change'> = {},
): Promise<PreparedWorld> {
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  pool.on('error', () => {})
  const sandbox = await startSandbox({ ports: 'free', now: options.sandboxNow ?? (() => new Date()) })
  const pair = await oauth.generateKeyPair('ES256', { extractable: true })
  const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
  const { publicJwk } = createSigningKey({ ...jwk, kid: 'main', alg: 'ES256' })
  const admission = createAdmission(Date.now())
  const read = await readRegistryDirectory(join(PROJECT, 'config/registry'), join(PROJECT, 'schemas'), {
    syntheticPersons: true,
    admission,
  })
  const services = read.documents.services.map((service): Service => {
    const { id, binding } = service
    const baseUrl = sandbox.urlOf(id)
    return binding && baseUrl ? { ...service, binding: { ...binding, baseUrl } } : service
  })
  const subsystems = read.documents.subsystems
    .filter(({ id }) => id === 'H29/mot-cua')
    .map(
      (subsystem): Subsystem => ({
        ...subsystem,
        credentials: { jwks: [{ ...publicJwk, kid: 'main' } as never] },
        sandbox: { bearerTokens: true },
      }),
    )
  const laid = overlay(read.documents, { services, subsystems })
  const documents = options.change?.(laid) ?? laid
  const store = createRegistryStore({ pool, url: database.url, log: () => {} })

  async function apply(next: RegistryDocuments): Promise<number> {
    const outcome = await applyRegistry(store, next, {
      syntheticPersons: true,
      admission,
      by: 'test',
      note: '',
    })
    if (outcome.outcome === 'refused') throw new Error(JSON.stringify(outcome.faults))
    return outcome.version
  }

  await apply(documents)
  return {
    database,
    pool,
    sandbox,
    keys: pair,
    documents,
    dataDir: await createTestFolder(),
    apply,
    async records() {
      const { rows } = await pool.query('SELECT leaf FROM exchange_record ORDER BY leaf_index')
      return rows.map(({ leaf }) => JSON.parse(leaf.toString()))
    },
  }
}

export async function startWorld(options: WorldOptions = {}): Promise<GatewayWorld> {
  const prepared = await prepareWorld(await createTestDatabase(), options)
  const { database, pool, sandbox, keys, dataDir } = prepared
  const settings = readSettings({
    file: join(PROJECT, 'config/gateway.yaml'),
    environment: {},
    overrides: {
      sandbox: true,
      dataDir,
      listen: { port: 0 },
      management: { port: 0 },
      database: { url: options.databaseUrl?.(database.url) ?? database.url },
      ...options.overrides,
    },
  })
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const gateway = await startGateway(settings, '0.0.0-test', {
    destination,
    agencies: controlsOf(sandbox),
    ...(options.now && { now: options.now }),
  })
  const consumer = await createConsumer(gateway.publicUrl, 'H29/mot-cua', keys)
  return {
    ...prepared,
    gateway,
    consumer,
    log: () => lines.join(''),
    async metric(line) {
      const page = await (await fetch(`${gateway.managementUrl}/metrics`)).text()
      const found = page.split('\n').find((each) => each.startsWith(`${line} `))
      return Number(found?.slice(line.length + 1).split(' ')[0] ?? 0)
    },
    async close() {
      await gateway.close('test')
      await sandbox.close()
      await pool.end()
      await database.drop()
    },
  }
}

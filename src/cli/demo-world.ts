import { createWriteStream } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { generateEncryptionKey } from '../identity/encryption-key.ts'
import { readSecretFile } from '../identity/key-file.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { RegistryDocuments } from '../registry/documents.ts'
import type { AuditStore } from '../reporting/audit-query.ts'
import { controlsOf, type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import type { Settings } from '../settings.ts'
import { createAuditStore } from '../storage/reports.ts'
import { createVault } from '../storage/vault.ts'
import { type ConsumerClient, type ConsumerClientOptions, createConsumerClient } from './client.ts'
import { openDemoDatabase } from './demo-database.ts'
import { claimDemoFolder, type DemoFolder } from './demo-folder.ts'
import { openDemoLandRegistry } from './demo-land-registry.ts'
import { type DemoLeader, makeDemoLeader } from './demo-leader.ts'
import {
  applyDemoRegistry,
  type ConsumerKey,
  DEMO_APPLICANT,
  DEMO_APPRAISER,
  DEMO_AUDITOR,
  DEMO_CONSUMER,
  type DemoParty,
  makePartyKeys,
  makeReaderKeys,
} from './demo-registry.ts'
import { interrupted } from './fault.ts'
import { startGateway } from './gateway-process.ts'
import type { RunningGateway } from './running-gateway.ts'
import type { Tools } from './tools.ts'

/** Told as the parts of the demo come up. */
export type DemoProgress = (
  event:
    | { readonly part: 'database'; readonly ms: number }
    | { readonly part: 'sandbox'; readonly sandbox: Sandbox; readonly ms: number }
    | { readonly part: 'gateway'; readonly gateway: RunningGateway; readonly ms: number },
) => void

/** Everything that runs during a demo. */
export interface DemoWorld {
  readonly gateway: RunningGateway
  readonly sandbox: Sandbox
  /** Asks for `DEMO_CONSUMER`, with tokens bound to its key by DPoP. */
  readonly consumer: ConsumerClient
  /** Asks for one of the parties, with tokens for an address below the gateway. */
  as(party: DemoParty, resource?: string): ConsumerClient
  /** Asks the management listener for somebody who reads the log, or handles applications. */
  reader(id: SubsystemId): ConsumerClient
  readonly leader: DemoLeader
  /** For what a party signs besides its requests. */
  privateJwkOf(party: DemoParty): ConsumerKey['privateJwk']
  readonly audit: AuditStore
  /** As they were applied. */
  readonly documents: RegistryDocuments
  readonly files: DemoFiles
  /** Puts a fresh bearer token into `files.token`. @returns how long it is good for, in milliseconds. */
  renewToken(): Promise<number>
  /** Ends everything that was started; nothing of it is left running. */
  close(reason: string): Promise<void>
}

/** Absolute paths; all but the log are secrets of mode 600 and go with the demo. */
export interface DemoFiles {
  readonly folder: string
  readonly log: string
  readonly profile: string
  /** The profile of `DEMO_AUDITOR`. */
  readonly auditor: string
  /** Those of `DEMO_APPLICANT` and `DEMO_APPRAISER`. */
  readonly applicant: string
  readonly appraiser: string
  readonly key: string
  readonly token: string
  /** Opens the packages of the demo. */
  readonly packageKey: string
}

const HOST = '127.0.0.1'
/** Nobody waits long for a demo to end. */
const DRAIN_MS = 3000

/** @returns the port where it is free on loopback now, else 0: any free one. */
function freeOr0(port: number): Promise<number> {
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', () => resolve(0))
    probe.listen(port, HOST, () => probe.close(() => resolve(port)))
  })
}

/** The operator's settings, on loopback, in sandbox mode and with the demo's own database and folder. */
async function demoSettings(
  settings: Settings,
  folder: string,
  { databaseUrl, authoritiesFile }: { readonly databaseUrl: string; readonly authoritiesFile: string },
): Promise<Settings> {
  const { publicUrl: _publicUrl, ...rest } = settings
  const { required } = settings.applications.signatures
  return {
    ...rest,
    sandbox: true,
    workers: 1,
    dataDir: folder,
    ledger: { ...settings.ledger, anchorFile: join(folder, 'log/anchor') },
    listen: { host: HOST, port: await freeOr0(settings.listen.port), hosts: [], trustedProxies: [] },
    management: { host: HOST, port: await freeOr0(settings.management.port), hosts: [] },
    database: { poolSize: settings.database.poolSize, url: databaseUrl },
    applications: { signatures: { required, authoritiesFile } },
    limits: { ...settings.limits, drainTimeoutMs: DRAIN_MS },
  }
}

/** Things to undo, the last one first. */
interface Undoing {
  add(undo: () => Promise<unknown> | unknown): void
  run(): Promise<void>
}

function createUndoing(): Undoing {
  const steps: (() => Promise<unknown> | unknown)[] = []
  let running: Promise<void> | undefined
  const runAll = async () => {
    const faults: unknown[] = []
    for (const undo of steps.toReversed()) {
      // What can't be ended must not keep the rest from ending.
      await Promise.resolve()
        .then(undo)
        .catch((fault: unknown) => faults.push(fault))
    }
    if (faults.length > 0) throw faults[0]
  }
  return {
    add: (undo) => void steps.push(undo),
    run() {
      running ??= runAll()
      return running
    },
  }
}

/** @returns the milliseconds since it was last asked. */
function createStopwatch(): () => number {
  let since = performance.now()
  return () => {
    const now = performance.now()
    const ms = now - since
    since = now
    return ms
  }
}

interface DemoKeys {
  readonly consumer: ConsumerKey
  readonly readers: ReadonlyMap<SubsystemId, ConsumerKey>
}

function writeProfiles(
  folder: DemoFolder,
  { publicUrl, managementUrl }: Pick<RunningGateway, 'publicUrl' | 'managementUrl'>,
  keys: DemoKeys,
): DemoFiles {
  const at = { gateway: publicUrl, management: managementUrl }
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`
  const profile = (name: 'auditor' | 'applicant' | 'appraiser', consumer: SubsystemId) => {
    folder.writeSecret(`${name}.jwk`, json(keys.readers.get(consumer)?.privateJwk ?? {}))
    return folder.writeSecret(`${name}.json`, json({ ...at, consumer, key: `${name}.jwk` }))
  }
  return {
    auditor: profile('auditor', DEMO_AUDITOR),
    applicant: profile('applicant', DEMO_APPLICANT),
    appraiser: profile('appraiser', DEMO_APPRAISER),
    folder: folder.path,
    log: join(folder.path, 'gateway.log'),
    key: folder.writeSecret('consumer.jwk', json(keys.consumer.privateJwk)),
    profile: folder.writeSecret(
      'consumer.json',
      json({ ...at, consumer: DEMO_CONSUMER, key: 'consumer.jwk' }),
    ),
    token: join(folder.path, 'token'),
    packageKey: join(folder.path, 'package.jwk'),
  }
}

interface Start {
  readonly tools: Tools
  readonly settings: Settings
  readonly version: string
  readonly progress: DemoProgress
}

async function start({ tools, settings, version, progress }: Start, undoing: Undoing): Promise<DemoWorld> {
  const { outside, terminal } = tools
  const goOn = () => {
    if (outside.signal.aborted) throw interrupted()
  }
  const lap = createStopwatch()
  const folder = claimDemoFolder(settings.dataDir)
  undoing.add(() => folder.release())
  const database = await openDemoDatabase(folder)
  undoing.add(() => database.close())
  goOn()
  progress({ part: 'database', ms: lap() })

  const sandbox = await startSandbox({ ports: 'default', now: () => new Date(outside.now()) })
  undoing.add(() => sandbox.close())
  progress({ part: 'sandbox', sandbox, ms: lap() })

  const keys = await makePartyKeys()
  const keyOf = (party: DemoParty): ConsumerKey => {
    const key = keys.get(party)
    if (key === undefined) throw new Error(`${party} has no key`)
    return key
  }
  const land = await openDemoLandRegistry(database.url, folder)
  const recipient = await generateEncryptionKey('ECDH-ES')
  folder.writeSecret('package.jwk', `${JSON.stringify(recipient.privateJwk, null, 2)}\n`)
  const readerKeys = await makeReaderKeys()
  const leader = makeDemoLeader(folder, outside.now())
  const encryptionKey = recipient.publicJwk
  const foundation = { database, sandbox, land, keys, readerKeys, leader, encryptionKey }
  const documents = await applyDemoRegistry(settings, foundation, outside.now())
  goOn()
  const log = createWriteStream(join(folder.path, 'gateway.log'), { mode: 0o600 })
  undoing.add(() => finished(log.end()))
  const own = { databaseUrl: database.url, authoritiesFile: leader.rootFile }
  const gateway = await startGateway(await demoSettings(settings, folder.path, own), version, {
    destination: log,
    agencies: controlsOf(sandbox),
  })
  let reason = 'demo_failed'
  undoing.add(() => gateway.close(reason))
  goOn()
  progress({ part: 'gateway', gateway, ms: lap() })

  const { managementUrl } = gateway
  const control = { management: managementUrl, gateway: gateway.publicUrl }
  folder.writeSecret('control.json', `${JSON.stringify(control)}\n`)
  const privateKeys = [...keys].map(([party, { privateJwk }]) => [party, privateJwk] as const)
  folder.writeSecret('parties.json', `${JSON.stringify(Object.fromEntries(privateKeys))}\n`)
  const files = writeProfiles(folder, gateway, { consumer: keyOf(DEMO_CONSUMER), readers: readerKeys })
  const connect = (
    clientId: SubsystemId,
    { privateJwk }: ConsumerKey,
    more: Pick<ConsumerClientOptions, 'binding' | 'resource' | 'baseUrl'>,
  ) =>
    createConsumerClient({
      gatewayUrl: gateway.publicUrl,
      clientId,
      privateJwk,
      language: terminal.language,
      signal: outside.signal,
      now: outside.now,
      ...more,
    })
  return {
    gateway,
    sandbox,
    consumer: connect(DEMO_CONSUMER, keyOf(DEMO_CONSUMER), {}),
    as: (party, resource) => connect(party, keyOf(party), { resource }),
    reader(id) {
      const key = readerKeys.get(id)
      if (key === undefined) throw new Error(`${id} has no key`)
      return connect(id, key, { resource: '/audit', baseUrl: managementUrl })
    },
    leader,
    privateJwkOf: (party) => keyOf(party).privateJwk,
    audit: createAuditStore({
      pool: database.pool,
      openVault: () => createVault(readSecretFile(join(folder.path, 'keys/data.key')).subarray(0, 32)),
    }),
    documents,
    files,
    async renewToken() {
      const { accessToken, expiresAtMs } = await connect(DEMO_CONSUMER, keyOf(DEMO_CONSUMER), {
        binding: 'bearer',
      }).token()
      folder.writeSecret('token', `${accessToken}\n`)
      return expiresAtMs - outside.now()
    },
    close(why) {
      reason = why
      return undoing.run()
    },
  }
}

/**
 * Starts the embedded PostgreSQL, the agencies and the gateway, and registers a consumer with a fresh key.
 * What was started is ended again where something of it fails.
 */
export async function startDemoWorld(parts: Start): Promise<DemoWorld> {
  const undoing = createUndoing()
  try {
    return await start(parts, undoing)
  } catch (thrown) {
    await undoing.run().catch(() => {})
    throw thrown
  }
}

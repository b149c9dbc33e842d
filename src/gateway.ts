import { randomBytes, randomInt, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { openDevice, openIssuer, openLogSigner, readSecret, readTls } from './credentials.ts'
import { createConduct } from './exchange/conduct.ts'
import { createQuota } from './exchange/quota.ts'
import { type AuditSide, type AuditSideParts, createAuditSide } from './gateway-audit.ts'
import { createEventSide } from './gateway-events.ts'
import { createJobSide } from './gateway-jobs.ts'
import { createXroadSide } from './gateway-xroad.ts'
import { createClientCertificates, createRanges } from './http/client-certificates.ts'
import { createExchangeDoor, type ExchangeDoorParts } from './http/exchange.ts'
import { closeServer, listenOn } from './http/listening.ts'
import { createLogRouter } from './http/log.ts'
import { createOauthRouter } from './http/oauth.ts'
import { createProblemPages } from './http/problem-pages.ts'
import { createReferenceRouter } from './http/reference.ts'
import { createServer, type ServerParts } from './http/server.ts'
import { createStrangers } from './http/strangers.ts'
import { createCertificateReader } from './identity/client-certificate.ts'
import { createIdentity } from './identity/identity.ts'
import { openSecretFile } from './identity/key-file.ts'
import { openKeyDirectory } from './identity/keys.ts'
import { defineProcedureJobs, PROCEDURE_QUEUE } from './jobs/procedures.ts'
import { createAttestationLimit } from './ledger/attestation.ts'
import { createLedger } from './ledger/ledger.ts'
import { formatVerifierKey } from './ledger/note.ts'
import { createPromiseBatch } from './ledger/promise.ts'
import { createTaggers } from './ledger/tag.ts'
import { formatExchangeId } from './model/identifier.ts'
import { createProviderCalls } from './provider/call.ts'
import { createConnectProvider } from './provider/connect.ts'
import { createRandomPool } from './random-pool.ts'
import { createAuthorityHolder } from './registry/authority.ts'
import { createRegistryHolder, type RegistryEvent } from './registry/registry.ts'
import type { Registry } from './registry/snapshot.ts'
import { repeat } from './repeat.ts'
import { seed } from './seed.ts'
import type { Settings } from './settings.ts'
import { createAuthorityStore, createTokenRevocations } from './storage/authority.ts'
import type { Database } from './storage/database.ts'
import { createJobQueue } from './storage/job-queue.ts'
import { createLedgerStore } from './storage/ledger.ts'
import { createLogReader } from './storage/log.ts'
import { advanceRollups, ensurePartitions } from './storage/partitions.ts'
import { createProcedureStore } from './storage/procedures.ts'
import { createQuotaLease } from './storage/quota.ts'
import { createRegistryStore } from './storage/registry.ts'
import { createReplayStore } from './storage/replay.ts'
import { createSpool } from './storage/spool.ts'
import { createSubmissionStore } from './storage/submissions.ts'
import { createTagKeys } from './storage/tag-keys.ts'
import { assertVaultFits, createVault } from './storage/vault.ts'
import type { ReadinessCheck } from './telemetry/health.ts'
import { ledgerCheck, registryCheck } from './telemetry/readiness.ts'
import { REFUSAL_WINDOW_SECONDS, type Telemetry } from './telemetry/telemetry.ts'

/** What a gateway process is given: its settings are one half, this is the other. */
export interface Outside {
  readonly database: Database
  readonly telemetry: Telemetry
  /** Unix milliseconds. */
  readonly now: () => number
  /** Whether this process does background jobs; every process may give out some. */
  readonly worksJobs: boolean
}

/** One process that carries exchanges. */
export interface Gateway {
  /** Starts to take connections. @returns the public URL. */
  listen(): Promise<string>
  /** What this process needs to be able to answer exchanges. */
  readonly checks: readonly ReadinessCheck[]
  registry(): Registry
  /** Routes of the management listener for those who read the log. */
  readonly audit: AuditSide['router']
  /** What the management listener needs of the gateway. */
  readonly edge: Pick<ServerParts, 'assertPassedOn' | 'strangers' | 'isProxy'>
  /** Tells where the two listeners are reached, where the settings do not. */
  announce(urls: { publicUrl?: string; managementUrl?: string; status?: AuditSideParts['status'] }): void
  /** Finishes what is under way, at most for the drain time. @returns whether all of it ended. */
  close(): Promise<boolean>
}

const PROBE_MS = 500
/** Well below a lease's life, so that it is renewed in time also where one beat is lost. */
const BEAT_MS = 1000
const SWEEP_MS = 30_000
const ROLLUP_MS = 1000
const PARTITION_MS = 3_600_000
const JOB_STATES_MS = 10_000
const DEAD_MS = 2000

/** THE composition root: every part of one process is made here and handed what it needs, and nothing else. */
export async function createGateway(settings: Settings, outside: Outside): Promise<Gateway> {
  const { database, telemetry, now } = outside
  const { pool, url } = database
  const { listen, limits, tokens } = settings
  const clock = () => performance.now()
  const keysDir = join(settings.dataDir, 'keys')
  const vault = createVault(openSecretFile(join(keysDir, 'data.key'), randomBytes(32)).subarray(0, 32))
  await assertVaultFits(pool, vault)
  const processNumber = randomInt(1, 2 ** 31 - 1)
  let publicUrl = settings.publicUrl ?? ''
  let managementUrl = settings.management.publicUrl
  let status: AuditSideParts['status'] = async () => ({ checks: [], circuits: [] })

  const store = createLedgerStore({ pool, url, vault, processNumber })
  const signer = await openLogSigner(settings)
  const ledger = createLedger({
    store,
    tagger: createTaggers(createTagKeys(pool, vault)),
    authority: () => authority.current().number,
    catchUp: (refused) => authority.catchUp(refused),
    now,
    promise: createPromiseBatch(signer),
    onAppend: telemetry.ledgerAppended,
    onAvailability: telemetry.ledgerAvailability,
  })
  telemetry.watchQueue(() => ledger.queued())
  const logReader = createLogReader(pool)
  const { stopAfterSeconds } = settings.ledger
  const onChange = telemetry.logStopped
  const limit = createAttestationLimit({ read: logReader.attestation, stopAfterSeconds, now, onChange })

  const registryStore = createRegistryStore({ pool, url, log: telemetry.storage })
  await seed(settings, registryStore, now())
  const holder = createRegistryHolder({
    store: registryStore,
    syntheticPersons: settings.sandbox,
    log: (event: RegistryEvent) => telemetry.registry(event),
    onSwap: (registry) => {
      telemetry.useRegistry(registry)
      authority.registryChanged()
    },
    clock,
  })
  const authority = createAuthorityHolder({
    store: createAuthorityStore(pool, processNumber),
    registry: holder,
    settled: () => ledger.settled(),
    clock,
    now,
    onError: telemetry.databaseError,
  })
  await holder.start()
  await authority.start()
  const revocations = createTokenRevocations(pool)

  const tokenKeysDir = join(keysDir, 'tokens')
  const device = openDevice(tokens.pkcs11)
  let keys = await openKeyDirectory(tokenKeysDir, device)
  const replay = createReplayStore(pool)
  const nonceRequired = tokens.dpopNonce === 'required'
  const identity = createIdentity({
    publicUrl: () => publicUrl,
    managementUrl: () => managementUrl,
    xroad: settings.xroad.enabled,
    keys: () => keys,
    directory: () => holder.current(),
    replay,
    ground: () => authority.current(),
    revoke: (token) => revocations.revoke(token),
    now,
    newId: () => randomBytes(16).toString('base64url'),
    sandbox: settings.sandbox,
    nonceSecret: nonceRequired ? openSecretFile(join(keysDir, 'nonce.key'), randomBytes(32)) : undefined,
    tokenLifetimeSeconds: tokens.lifetimeSeconds,
    issuers: tokens.issuers.map((issuer) => openIssuer(issuer, now, telemetry)),
  })

  const providers = createProviderCalls(
    createConnectProvider({ observe: telemetry.observeBinding, readSecret, random: Math.random }),
  )
  const submissions = createSubmissionStore({
    pool,
    vault,
    processNumber,
    keepHours: settings.idempotency.keepHours,
  })
  const random = createRandomPool()
  const openSink = createSpool(join(settings.dataDir, 'spool'), settings.xroad.spoolBytes)
  const newExchangeId = (nowMs: number) => formatExchangeId(nowMs, random(16))
  const newSalt = () => Buffer.from(random(16))
  const randomHex = (bytes: number) => random(bytes).toString('hex')
  const jobs = createJobQueue({ pool, observe: telemetry.jobEnded, onError: telemetry.databaseError })
  const procedures = createProcedureStore({ pool, vault, jobs, queue: PROCEDURE_QUEUE.name, now })
  let inFlight = 0
  const takeQuota = createQuota(createQuotaLease(pool), clock)
  const attested = {
    ...ledger,
    assertAvailable() {
      ledger.assertAvailable()
      limit.assertAttested()
    },
  }
  const { conduct, askStep } = createConduct({
    authority: () => authority.current(),
    authenticate: identity.authenticate,
    checkStanding: identity.checkStanding,
    checkSignature: identity.checkSignature,
    signAnswer: identity.signAnswer,
    mayRelease: (number) => authority.mayRelease(number),
    onWithheld: telemetry.answerWithheld,
    ledger: attested,
    takeQuota,
    submissions,
    openSink,
    procedures,
    callOf: ({ document, provider }) => providers.callOf(document.id, provider.id, document.binding),
    newPart: () => ({ receivedAtMs: now(), exchangeId: newExchangeId(now()), spanId: randomHex(8) }),
    now,
    clock,
    observe: telemetry.exchange,
  })

  defineProcedureJobs(jobs, { store: procedures, askStep, now, random: Math.random })
  const certificates = createClientCertificates(createCertificateReader(now), listen.trustedProxies)
  const isProxy = createRanges(listen.trustedProxies)
  const allowance = { perMinute: limits.refusalsPerMinute, clock, isProxy }
  const strangers = createStrangers(allowance)
  // Apart, so that nobody's refusals at the public door keep a probe or a scraper out.
  const managementStrangers = createStrangers(allowance)
  const hosts = new Set(listen.hosts.map((host) => host.toLowerCase()))
  const tls = listen.tls && readTls(listen.tls)
  const doorParts: ExchangeDoorParts = {
    conduct: async (request) => {
      const gauge = telemetry.inFlight(request.service)
      inFlight += 1
      gauge.inc()
      try {
        return await conduct(request)
      } finally {
        inFlight -= 1
        gauge.dec()
      }
    },
    publicUrl: () => publicUrl,
    maxBodyBytes: limits.maxBodyBytes,
    now,
    newExchangeId,
    newSalt,
    randomHex,
    thumbprintOf: certificates.thumbprintOf,
    dpopNonce: () => identity.nonces?.issue(),
    logOrigin: settings.ledger.origin,
    onRefusal: telemetry.request,
    onStranger: strangers.note,
    onInternalError: telemetry.internalError,
  }
  const shared = {
    ...doorParts,
    pool,
    vault,
    processNumber,
    authority: () => authority.current(),
    mayRelease: (number: number) => authority.mayRelease(number),
    onRequest: telemetry.request,
  }
  const jobSide = createJobSide({
    ...shared,
    conduct,
    queue: jobs,
    settings: settings.bulk,
    authenticate: identity.authenticate,
    checkStanding: identity.checkStanding,
    clock,
    newSeed: () => [random(4).readUInt32BE(), random(4).readUInt32BE()],
    observe: telemetry.bulkStep,
  })
  const xroad = createXroadSide({ settings, door: doorParts, openSink, identity, isProxy, authority, ledger })
  const { keepDays } = settings.events
  const delivering = { ledger: attested, identity, takeQuota, providers, telemetry }
  const events = createEventSide({ ...shared, ...delivering, keysDir, keepDays })
  const server = createServer({
    routers: [
      createExchangeDoor(doorParts),
      ...(xroad ? [xroad.handler] : []),
      createOauthRouter({
        identity,
        keys: () => keys,
        now,
        thumbprintOf: certificates.thumbprintOf,
        acceptsCertificates: listen.tls !== undefined || listen.trustedProxies.length > 0,
        onRequest: telemetry.request,
        onStranger: strangers.note,
      }),
      createLogRouter({
        source: logReader,
        verifierKey: formatVerifierKey(signer.key),
        servesTiles: settings.ledger.public,
      }),
      jobSide.router,
      ...events.routers,
      createProblemPages(),
      createReferenceRouter({ registry: () => holder.current(), publicUrl: () => publicUrl }),
    ],
    hosts: () => hosts,
    publicUrl: () => publicUrl,
    assertPassedOn: certificates.assertPassedOn,
    limits,
    onInternalError: telemetry.internalError,
    onRefusal: telemetry.request,
    ...(xroad && { answerRefusal: xroad.answerRefusal }),
    onCut: telemetry.connectionCut,
    strangers,
    isProxy,
    clock,
    ...(tls && { tls }),
  })
  if (tls) telemetry.certificate('server', new X509Certificate(tls.certificate))

  const audit = createAuditSide({
    ...shared,
    databaseUrl: url,
    ledger,
    settings,
    logReader,
    verifierKey: formatVerifierKey(signer.key),
    status: () => status(),
    identity,
    keys: () => keys,
    managementUrl: () => managementUrl ?? '',
    onStranger: managementStrangers.note,
  })
  await ensurePartitions(pool, now())
  // Connects the log's writer, so that this process counts among the living before it claims anything.
  await store.readHead()
  const closeOrphans = async () => {
    const count = await ledger.closeOrphans()
    if (count > 0) telemetry.orphansClosed(count)
  }
  await closeOrphans()
  await events.start()
  await jobs.start({ works: outside.worksJobs })
  const readKeys = async () => {
    keys = await openKeyDirectory(tokenKeysDir, device)
  }
  const tellJobs = async () => telemetry.jobStates(await jobs.states())
  const unwatch = registryStore.onChange(() => void authority.refresh())
  const ends = [
    repeat(() => ledger.probe(), PROBE_MS, telemetry.databaseError),
    repeat(() => limit.look(), BEAT_MS, telemetry.databaseError),
    repeat(() => authority.refresh(), BEAT_MS, telemetry.databaseError),
    repeat(() => revocations.sweep(), SWEEP_MS, telemetry.databaseError),
    repeat(closeOrphans, SWEEP_MS, telemetry.databaseError),
    repeat(() => ensurePartitions(pool, now()), PARTITION_MS, telemetry.databaseError),
    repeat(() => advanceRollups(pool), ROLLUP_MS, telemetry.databaseError),
    repeat(async () => telemetry.tellRefusals(), REFUSAL_WINDOW_SECONDS * 1000, telemetry.internalError),
    repeat(() => submissions.sweep(), SWEEP_MS, telemetry.databaseError),
    ...events.tasks.map(({ run, everyMs }) => repeat(run, everyMs, telemetry.databaseError)),
    repeat(() => replay.sweep(now()), SWEEP_MS, telemetry.databaseError),
    ...(outside.worksJobs
      ? [
          repeat(tellJobs, JOB_STATES_MS, telemetry.databaseError),
          repeat(() => jobSide.releaseDead(), DEAD_MS, telemetry.databaseError),
        ]
      : []),
    repeat(readKeys, SWEEP_MS, telemetry.internalError),
  ]

  return {
    checks: [
      ledgerCheck(ledger),
      registryCheck(() => authority.current().number !== undefined),
      ...events.checks,
    ],
    registry: () => holder.current(),
    audit: audit.router,
    edge: { assertPassedOn: certificates.assertPassedOn, strangers: managementStrangers, isProxy },
    announce(urls) {
      publicUrl ||= urls.publicUrl ?? ''
      managementUrl ??= urls.managementUrl
      status = urls.status ?? status
    },
    async listen() {
      const { port } = await listenOn(server, listen.host, listen.port)
      const scheme = listen.tls ? 'https' : 'http'
      publicUrl ||= `${scheme}://${listen.host}:${port}`
      for (const host of [new URL(publicUrl).host, `${listen.host}:${port}`, `localhost:${port}`]) {
        hosts.add(host.toLowerCase())
      }
      return publicUrl
    },
    async close() {
      const ended = jobs.stop(limits.drainTimeoutMs)
      const drained = await closeServer(server, limits.drainTimeoutMs)
      await ended
      for (const end of ends) end()
      await events.stop()
      await ledger.drain()
      await audit.close()
      await providers.close()
      await unwatch()
      await authority.stop()
      await holder.stop()
      await store.close()
      return drained && inFlight === 0
    },
  }
}

import { randomInt, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { openDataKey, readSecret, readTls } from './credentials.ts'
import { createConduct } from './exchange/conduct.ts'
import { createQuota } from './exchange/quota.ts'
import { type AuditSide, type AuditSideParts, createAuditSide } from './gateway/audit.ts'
import { createConsentSide } from './gateway/consents.ts'
import { createEventSide } from './gateway/events.ts'
import { createIdentitySide } from './gateway/identity.ts'
import { createJobSide } from './gateway/jobs.ts'
import { createLedgerSide } from './gateway/ledger.ts'
import { createQualitySide } from './gateway/quality.ts'
import { createReconciliationSide } from './gateway/reconciliations.ts'
import { createRequestSide } from './gateway/requests.ts'
import { createXroadSide } from './gateway/xroad.ts'
import { createClientCertificates, createRanges } from './http/client-certificates.ts'
import { createExchangeDoor, type ExchangeDoorParts } from './http/exchange.ts'
import { lifeCycleHeaders } from './http/life-cycle.ts'
import { closeServer, listenOn } from './http/listening.ts'
import { createLogRouter } from './http/log.ts'
import { createOauthRouter } from './http/oauth.ts'
import { createProblemPages } from './http/problem-pages.ts'
import { createReferenceRouter } from './http/reference.ts'
import { createSandboxRouter, type SandboxTools } from './http/sandbox.ts'
import { createServer, type ServerParts } from './http/server.ts'
import { createStrangers } from './http/strangers.ts'
import { createCertificateReader } from './identity/client-certificate.ts'
import { defineProcedureJobs, PROCEDURE_QUEUE } from './jobs/procedures.ts'
import { formatExchangeId } from './model/identifier.ts'
import { createProviderCalls } from './provider/call.ts'
import { createConnectProvider } from './provider/connect.ts'
import { createRandomPool } from './random-pool.ts'
import { createAuthorityHolder } from './registry/authority.ts'
import { createRegistryHolder, type RegistryEvent } from './registry/registry.ts'
import type { Registry } from './registry/snapshot.ts'
import { repeat, type Task } from './repeat.ts'
import { seed } from './seed.ts'
import type { Settings } from './settings.ts'
import { openAgencyDatabase } from './storage/agency-database.ts'
import { createAuthorityStore } from './storage/authority.ts'
import type { Database } from './storage/database.ts'
import { createJobQueue } from './storage/job-queue.ts'
import { createProcedureStore } from './storage/procedures.ts'
import { createQuotaLease } from './storage/quota.ts'
import { createRegistryStore } from './storage/registry.ts'
import { createSpool } from './storage/spool.ts'
import { createSubmissionStore } from './storage/submissions.ts'
import { assertVaultFits, createVault } from './storage/vault.ts'
import type { ReadinessCheck } from './telemetry/health.ts'
import { ledgerCheck, registryCheck } from './telemetry/readiness.ts'
import { REFUSAL_WINDOW_SECONDS, type Telemetry } from './telemetry/telemetry.ts'

/** What a gateway process is given: its settings are one half, this is the other. */
export interface Outside {
  readonly database: Database
  readonly telemetry: Telemetry
  /** Unix milliseconds: what agreements, legal bases and deadlines are judged by. */
  readonly now: () => number
  /** The real time, by which credentials and readers are judged; `now` where absent. A sandbox's own clock may run ahead. */
  readonly realNow?: () => number
  /** Where the gateway is a sandbox. */
  readonly sandbox?: SandboxTools | undefined
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

/** Well below a lease's life, so that it is renewed in time also where one beat is lost. */
const BEAT_MS = 1000
const SWEEP_MS = 30_000
const JOB_STATES_MS = 10_000

/** THE composition root: every part of one process is made here and handed what it needs, and nothing else. */
export async function createGateway(settings: Settings, outside: Outside): Promise<Gateway> {
  const { database, telemetry, now, realNow = now } = outside
  const { pool, url } = database
  const { listen, limits } = settings
  const clock = () => performance.now()
  const keysDir = join(settings.dataDir, 'keys')
  const random = createRandomPool()
  const vault = createVault(openDataKey(settings))
  await assertVaultFits(pool, vault)
  const processNumber = randomInt(1, 2 ** 31 - 1)
  let publicUrl = settings.publicUrl ?? ''
  let managementUrl = settings.management.publicUrl
  let status: AuditSideParts['status'] = async () => ({ checks: [], circuits: [] })

  const log = await createLedgerSide({
    settings,
    database,
    vault,
    processNumber,
    telemetry,
    authority: () => authority.current().number,
    catchUp: (refused) => authority.catchUp(refused),
    now,
    realNow,
  })
  const { ledger, attested } = log

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

  const { identity, keys, ...identitySide } = await createIdentitySide({
    settings,
    pool,
    keysDir,
    telemetry,
    publicUrl: () => publicUrl,
    managementUrl: () => managementUrl,
    directory: () => holder.current(),
    ground: () => authority.current(),
    now: realNow,
  })

  const providers = createProviderCalls(
    createConnectProvider({
      observe: telemetry.observeBinding,
      readSecret,
      random: Math.random,
      openDatabase: openAgencyDatabase,
    }),
  )
  const submissions = createSubmissionStore({
    pool,
    vault,
    processNumber,
    keepHours: settings.idempotency.keepHours,
  })
  const openSink = createSpool(join(settings.dataDir, 'spool'), settings.xroad.spoolBytes)
  const newExchangeId = (nowMs: number) => formatExchangeId(nowMs, random(16))
  const newSalt = () => Buffer.from(random(16))
  const randomHex = (bytes: number) => random(bytes).toString('hex')
  const jobs = createJobQueue({ pool, observe: telemetry.jobEnded, onError: telemetry.databaseError })
  const procedures = createProcedureStore({ pool, vault, jobs, queue: PROCEDURE_QUEUE.name, now })
  const current = () => authority.current()
  const later = createRequestSide({
    pool,
    vault,
    jobs,
    providers,
    authority: current,
    keysDir,
    telemetry,
    now,
  })
  let inFlight = 0
  const takeQuota = createQuota(createQuotaLease(pool), clock)
  const { exchange: observe, databaseError: onError } = telemetry
  const quality = createQualitySide({ pool, now, observe, onError, cleanDays: settings.incidents.cleanDays })
  const { conduct, askStep, askAbout } = createConduct({
    ...identity,
    authority: current,
    mayRelease: (number) => authority.mayRelease(number),
    onWithheld: telemetry.answerWithheld,
    ledger: attested,
    takeQuota,
    submissions,
    openSink,
    procedures,
    requests: later.store,
    callOf: ({ document, provider }) => providers.callOf(document.id, provider.id, document.binding),
    newPart: () => ({ receivedAtMs: now(), exchangeId: newExchangeId(now()), spanId: randomHex(8) }),
    now,
    clock,
    observe: quality.observe,
  })

  later.carryOn(askAbout)
  defineProcedureJobs(jobs, { store: procedures, askStep, now, random: Math.random })
  const certificates = createClientCertificates(createCertificateReader(realNow), listen.trustedProxies)
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
    announce: (service) => {
      const document = holder.current().services.get(service)?.document
      return document?.deprecation && lifeCycleHeaders(document, publicUrl)
    },
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
  const { authenticate, checkStanding } = identity
  const recording = { authenticate, checkStanding, ledger: attested, observe }
  const jobSide = createJobSide({
    ...shared,
    conduct,
    queue: jobs,
    settings: settings.bulk,
    packages: { ...recording, signManifest: log.signManifest, checkpoint: log.reader.latestCheckpoint },
    authenticate,
    checkStanding,
    clock,
    newSeed: () => [random(4).readUInt32BE(), random(4).readUInt32BE()],
    observe: telemetry.bulkStep,
    onError,
  })
  const evidence = { ...log.reader, verifierKey: log.verifierKey }
  const opened = { settings, door: doorParts, openSink, identity, isProxy, authority, ledger, evidence }
  const xroad = createXroadSide(opened)
  const { keepDays } = settings.events
  const delivering = { ledger: attested, identity, takeQuota, providers, telemetry }
  const events = createEventSide({ ...shared, ...delivering, keysDir, keepDays })
  const reconciliations = createReconciliationSide({ ...shared, ...recording, onError })
  const server = createServer({
    routers: [
      createExchangeDoor(doorParts),
      ...(xroad ? [xroad.handler] : []),
      createOauthRouter({
        identity,
        keys,
        now,
        thumbprintOf: certificates.thumbprintOf,
        acceptsCertificates: listen.tls !== undefined || listen.trustedProxies.length > 0,
        onRequest: telemetry.request,
        onStranger: strangers.note,
      }),
      createLogRouter({
        source: log.reader,
        verifierKey: log.verifierKey,
        servesTiles: settings.ledger.public,
      }),
      jobSide.router,
      ...events.routers,
      createConsentSide({ ...shared, ...recording, revoke: identitySide.revoke }),
      reconciliations.router,
      ...(outside.sandbox ? [createSandboxRouter({ ...shared, tools: outside.sandbox })] : []),
      createProblemPages(),
      createReferenceRouter({
        ...shared,
        publicUrl: () => publicUrl,
        managementUrl: () => managementUrl ?? '',
      }),
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
    now: realNow,
    queue: jobs,
    databaseUrl: url,
    telemetry,
    ledger,
    settings,
    logReader: log.reader,
    verifierKey: log.verifierKey,
    status: () => status(),
    identity,
    keys,
    managementUrl: () => managementUrl ?? '',
    onStranger: managementStrangers.note,
  })
  await log.start()
  await events.start()
  await jobs.start({ works: outside.worksJobs })
  const tellJobs = async () => telemetry.jobStates(await jobs.states())
  const unwatch = registryStore.onChange(() => void authority.refresh())
  const tasks: Task[] = [
    ...log.tasks,
    ...identitySide.tasks,
    ...events.tasks,
    ...reconciliations.tasks,
    ...quality.tasks,
    { everyMs: BEAT_MS, run: () => authority.refresh(), onError },
    { everyMs: SWEEP_MS, run: () => submissions.sweep(), onError },
    {
      everyMs: REFUSAL_WINDOW_SECONDS * 1000,
      run: async () => telemetry.tellRefusals(),
      onError: telemetry.internalError,
    },
    ...(outside.worksJobs
      ? [{ everyMs: JOB_STATES_MS, run: tellJobs, onError }, ...later.tasks, ...jobSide.tasks, ...audit.tasks]
      : []),
  ]
  const ends = tasks.map(repeat)

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
      await quality.stop()
      await events.stop()
      await ledger.drain()
      await audit.close()
      await providers.close()
      await unwatch()
      await authority.stop()
      await holder.stop()
      await log.stop()
      return drained && inFlight === 0
    },
  }
}

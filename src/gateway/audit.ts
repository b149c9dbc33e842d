import type { IncomingMessage } from 'node:http'
import { createAuditBodies } from '../contract/audit-requests.ts'
import { type AuditDoorParts, createAuditRouter } from '../http/audit.ts'
import type { Identity } from '../identity/identity.ts'
import type { KeyRing } from '../identity/keys.ts'
import { signManifest } from '../identity/manifest.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority } from '../registry/authority.ts'
import type { Task } from '../repeat.ts'
import { createAuditDesk } from '../reporting/audit-desk.ts'
import { createEntriesDesk } from '../reporting/entries-desk.ts'
import { createErasureDesk } from '../reporting/erasure-desk.ts'
import { createFigures } from '../reporting/figures.ts'
import { withFinishedDays } from '../reporting/finished-days.ts'
import { createFormDesk } from '../reporting/form-desk.ts'
import { addDays, dayOf } from '../reporting/period.ts'
import { countByProvider, type Deadlines } from '../reporting/quality.ts'
import { createReadings, type ReadingParts } from '../reporting/reading.ts'
import { createReportDesk } from '../reporting/report-desk.ts'
import { createUsageDesk } from '../reporting/usage.ts'
import type { Settings } from '../settings.ts'
import { createQualityStore } from '../storage/data-quality.ts'
import type { Database } from '../storage/database.ts'
import { createFigureStore } from '../storage/figures.ts'
import type { StoredJobQueue } from '../storage/job-queue.ts'
import { createLogReader } from '../storage/log.ts'
import { createOperationalStore } from '../storage/operational-data.ts'
import { createReadingPool } from '../storage/reading-pool.ts'
import { createAuditStore } from '../storage/reports.ts'
import { createUsageStore } from '../storage/usage.ts'
import type { Vault } from '../storage/vault.ts'
import { createWebhookStore } from '../storage/webhooks.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { createApplicationSide } from './applications.ts'
import { type ConsoleSideParts, createConsoleSide } from './console.ts'
import { createOperationalSide } from './operational.ts'
import { createRetentionSide } from './retention.ts'

/** What the readers' half of a gateway shares with the other. */
export interface AuditSideParts
  extends Pick<
    AuditDoorParts,
    | 'managementUrl'
    | 'publicUrl'
    | 'now'
    | 'newExchangeId'
    | 'newSalt'
    | 'randomHex'
    | 'onRequest'
    | 'onStranger'
    | 'onInternalError'
  > {
  readonly databaseUrl: string
  readonly telemetry: Telemetry
  readonly settings: Settings
  readonly logReader: ConsoleSideParts['proofs'] & { latestCheckpoint(): Promise<string | undefined> }
  /** The log's, as text. */
  readonly verifierKey: string
  readonly status: ConsoleSideParts['status']
  readonly vault: Vault
  readonly pool: Database['pool']
  readonly queue: StoredJobQueue
  readonly ledger: Ledger
  readonly authority: () => Authority
  readonly mayRelease: (authority: number) => boolean
  readonly identity: Identity
  readonly keys: () => KeyRing
  readonly thumbprintOf: (request: IncomingMessage) => string | undefined
}

/** The readers' half of a gateway: its routes stand on the management listener. */
export interface AuditSide {
  readonly router: ReturnType<typeof createAuditRouter>
  /** For timers of the process that does jobs. */
  readonly tasks: readonly Task[]
  close(): Promise<void>
}

const COUNT_MS = 10_000

/** Part of the composition root: puts together what reads the log. */
export function createAuditSide(parts: AuditSideParts): AuditSide {
  const { authority, identity, ledger, keys, now, vault, mayRelease } = parts
  const registry = () => authority().registry
  const pool = createReadingPool(parts.databaseUrl)
  const store = createAuditStore({ pool, openVault: () => vault })
  const readBody = createAuditBodies()
  const checkpoint = () => parts.logReader.latestCheckpoint()
  const sign = (manifest: string) => signManifest(keys(), now(), manifest)
  const desk = createAuditDesk(store, readBody)
  const figureStore = createFigureStore(pool)
  const count = withFinishedDays({ count: store.count, now })
  const figures = createFigures({ count, store: figureStore, now })
  const { qualityWeights: weights } = parts.settings.bulk
  const { explained, mended, checked } = parts.settings.incidents.deadlines
  const deadlines: Deadlines = [explained, mended, checked]
  const quality = createQualityStore(pool)
  const forms = createFormDesk({
    figures,
    count,
    store: figureStore,
    quality,
    registry,
    deadlines,
    weights,
    now,
  })
  const countIncidents = async () => {
    const today = dayOf(now())
    const { services } = registry()
    const providers = [...services.values()].map(({ provider }) => provider.id)
    const incidents = await forms.incidents({ id: today, from: today, until: addDays(today, 1) }, {})
    parts.telemetry.incidentCounts(countByProvider(incidents, providers))
  }
  const reports = createReportDesk({ forms, registry })
  const retention = createRetentionSide({ ...parts, registry, settings: parts.settings.retention })
  const applications = createApplicationSide({ ...parts, registry, readBody })
  const conductAs = (authenticate: ReadingParts['authenticate']) =>
    createReadings({
      authority,
      checkStanding: identity.checkStanding,
      mayRelease,
      authenticate,
      ledger,
      now,
    })
  const router = createAuditRouter({
    ...parts,
    checkpoint,
    conduct: conductAs(identity.authenticate),
    desk,
    reports,
    usage: createUsageDesk({
      store: { ...createUsageStore(pool, vault.open), tagsOf: store.tagsOf },
      readBody,
      registry,
      now,
    }),
    operational: createOperationalSide({ ...parts, store: createOperationalStore(pool), registry }),
    erasure: createErasureDesk({
      store: { ...retention.store, tagsOf: store.tagsOf },
      readBody,
      now,
      tidy: retention.tidy,
    }),
    applications: applications.desk,
    entries: createEntriesDesk(createLogReader(pool).readEntries),
    dpopNonce: () => identity.nonces?.issue(),
    sign,
  })
  router.use(
    createConsoleSide({
      ...parts,
      conductAs: (consumer) => conductAs(() => consumer),
      desk,
      applications: applications.desk,
      registry,
      proofs: parts.logReader,
      latestCheckpoint: checkpoint,
      sign,
      search: store.search,
      treeSize: () => store.treeSize(),
      count,
      store: figureStore,
      figures,
      forms,
      quality,
      deadlines,
      reports,
      webhooks: createWebhookStore(pool),
    }),
  )
  const tasks = [
    ...applications.tasks,
    { everyMs: COUNT_MS, run: countIncidents, onError: parts.telemetry.databaseError },
  ]
  return { router, tasks, close: () => pool.end() }
}

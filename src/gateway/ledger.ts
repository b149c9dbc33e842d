import { openLogSigner } from '../credentials.ts'
import { createAttestationLimit } from '../ledger/attestation.ts'
import { createLedger, type Ledger, type LedgerParts } from '../ledger/ledger.ts'
import { createManifestSigner, type SignManifest } from '../ledger/manifest.ts'
import { formatVerifierKey } from '../ledger/note.ts'
import { createPromiseBatch } from '../ledger/promise.ts'
import { createTaggers } from '../ledger/tag.ts'
import { createRandomPool } from '../random-pool.ts'
import type { Task } from '../repeat.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../storage/database.ts'
import { createLedgerStore } from '../storage/ledger.ts'
import { createLogReader } from '../storage/log.ts'
import { advanceRollups, ensurePartitions } from '../storage/partitions.ts'
import { createTagKeys } from '../storage/tag-keys.ts'
import type { Vault } from '../storage/vault.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** What the log's part of a gateway shares with the others. */
export interface LedgerSideParts extends Pick<LedgerParts, 'authority' | 'catchUp' | 'now'> {
  /** The real time, Unix milliseconds: by which it is judged how long the log went unsigned. */
  readonly realNow: () => number
  readonly settings: Settings
  readonly database: Database
  readonly vault: Vault
  readonly processNumber: number
  readonly telemetry: Telemetry
}

/** The log's part of a gateway. */
export interface LedgerSide {
  readonly ledger: Ledger
  /** The same, closed also while nobody outside has attested the log for too long. */
  readonly attested: Ledger
  readonly reader: ReturnType<typeof createLogReader>
  /** In the form of a signed note's key. */
  readonly verifierKey: string
  readonly signManifest: SignManifest
  /** Makes room for records, and ends those that a dead process left open. */
  start(): Promise<void>
  readonly tasks: readonly Task[]
  /** Called once nothing is written any more. */
  stop(): Promise<void>
}

const PROBE_MS = 500
const LOOK_MS = 1000
const ROLLUP_MS = 1000
const ORPHANS_MS = 30_000
const PARTITION_MS = 3_600_000

/** Part of the composition root: puts together what records exchanges. */
export async function createLedgerSide(parts: LedgerSideParts): Promise<LedgerSide> {
  const { settings, vault, processNumber, telemetry, authority, catchUp, now, realNow } = parts
  const { pool, url } = parts.database
  const store = createLedgerStore({ pool, url, vault, processNumber })
  const signer = await openLogSigner(settings)
  const ledger = createLedger({
    store,
    tagger: createTaggers(createTagKeys(pool, vault)),
    random: createRandomPool(),
    authority,
    catchUp,
    now,
    promise: createPromiseBatch(signer),
    onAppend: telemetry.ledgerAppended,
    onAvailability: telemetry.ledgerAvailability,
  })
  telemetry.watchQueue(() => ledger.queued())
  const reader = createLogReader(pool)
  const { stopAfterSeconds } = settings.ledger
  const onChange = telemetry.logStopped
  const limit = createAttestationLimit({ read: reader.attestation, stopAfterSeconds, now: realNow, onChange })
  const onError = telemetry.databaseError
  const closeOrphans = async () => {
    const count = await ledger.closeOrphans()
    if (count > 0) telemetry.orphansClosed(count)
  }

  return {
    ledger,
    attested: {
      ...ledger,
      assertAvailable() {
        ledger.assertAvailable()
        limit.assertAttested()
      },
    },
    reader,
    verifierKey: formatVerifierKey(signer.key),
    signManifest: createManifestSigner(signer),
    async start() {
      await ensurePartitions(pool, now())
      // Connects the log's writer, so that this process counts among the living before it claims anything.
      await store.readHead()
      await closeOrphans()
    },
    tasks: [
      { everyMs: PROBE_MS, run: () => ledger.probe(), onError },
      { everyMs: LOOK_MS, run: () => limit.look(), onError },
      { everyMs: ORPHANS_MS, run: closeOrphans, onError },
      { everyMs: PARTITION_MS, run: () => ensurePartitions(pool, now()), onError },
      { everyMs: ROLLUP_MS, run: () => advanceRollups(pool), onError },
    ],
    stop: () => store.close(),
  }
}

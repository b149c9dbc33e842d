import { randomBytes } from 'node:crypto'
import { openDataKey, openLogSigner, readTimestampCertificates, readWitnessPolicy } from './credentials.ts'
import type { Outside } from './gateway.ts'
import { createLogRouter } from './http/log.ts'
import { NODE_CRYPTO } from './identity/log-key.ts'
import { createAnchorFile } from './ledger/anchor-file.ts'
import { createAskAuthority } from './ledger/ask-authority.ts'
import { type AuditPace, createAuditPace } from './ledger/audit-pace.ts'
import { createLogAuditor, type LogAuditor } from './ledger/auditor.ts'
import { createFsckPass, describeFault } from './ledger/fsck.ts'
import { createLogKeeper, type LogKeeper } from './ledger/keeper.ts'
import { formatVerifierKey, type NoteKey } from './ledger/note.ts'
import { createSubmitCheckpoint } from './ledger/submit-checkpoint.ts'
import { createTimestamping } from './ledger/timestamping.ts'
import { createWitnessing, type Witnessing } from './ledger/witnessing.ts'
import { repeat, type Task } from './repeat.ts'
import type { Settings } from './settings.ts'
import { SYNTHETIC_AGREEMENT } from './storage/backfill.ts'
import { createLogReader, createLogStore } from './storage/log.ts'
import { createFsckStore } from './storage/log-audit.ts'
import { createVault } from './storage/vault.ts'
import type { ReadinessCheck } from './telemetry/health.ts'
import { signingCheck, witnessCheck } from './telemetry/readiness.ts'

/** The keeping of the log as the first process of a gateway does it. */
export interface LogKeeping {
  readonly checks: readonly ReadinessCheck[]
  /** Checkpoint, tiles and proofs for the management listener. */
  readonly router: ReturnType<typeof createLogRouter>
  close(): Promise<void>
}

const CHECKPOINT_MS = 1000
const THINNING_MS = 600_000
const DAY_MS = 86_400_000
/** From one short step of the audit to the next: none keeps exchanges waiting. */
const AUDIT_MS = 100

type KeepingOutside = Pick<Outside, 'database' | 'telemetry' | 'now'>
type KeptStore = ReturnType<typeof createLogStore>

/** The witnesses of the policy, if there is one. @throws PolicyError (rejects) */
async function openWitnessing(
  settings: Settings,
  store: KeptStore,
  { telemetry, now }: KeepingOutside,
): Promise<Witnessing | undefined> {
  const policy = await readWitnessPolicy(settings, await openLogSigner(settings))
  if (policy === undefined) return undefined
  return createWitnessing({
    policy,
    store,
    submit: createSubmitCheckpoint(settings.ledger.witnesses.timeoutMs),
    crypto: NODE_CRYPTO,
    now,
    async onQuorum({ size }) {
      telemetry.logCosigned(size, now())
      await store.attest(size)
    },
    onStanding: telemetry.logWitness,
    onError: telemetry.databaseError,
  })
}

/**
 * What the audit found is told here and by the alarm metric, and keeps no gateway from answering: one byte changed in an
 * old record must not take a country's exchanges away.
 */
function auditCheck(auditor: LogAuditor): ReadinessCheck {
  return {
    name: 'log-audit',
    check() {
      const [fault] = auditor.faults()
      if (fault === undefined) {
        return {
          ok: true,
          detail: { vi: 'Tự soát: sổ giao dịch khớp.', en: 'The running audit finds the log as it was.' },
        }
      }
      const { vi, en } = describeFault(fault).detail
      return {
        ok: true,
        concern: true,
        detail: { vi: `Tự soát thấy sổ không khớp: ${vi}`, en: `The running audit found: ${en}` },
      }
    },
  }
}

/** @returns the pace of the audit: the busier this process is with exchanges, the less of its share it takes. */
function createPace(share: number): AuditPace {
  let before = performance.eventLoopUtilization()
  return createAuditPace({
    share,
    everyMs: AUDIT_MS,
    cpuMs() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    },
    busy() {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, before)
      before = now
      return utilization
    },
  })
}

/** The running audit, in steps of a tenth of a second. @returns its end. */
function startAudit(
  settings: Settings,
  { database, telemetry, now }: KeepingOutside,
  { key, keeper }: { readonly key: NoteKey; readonly keeper: LogKeeper },
) {
  const { ledger } = settings
  const anchor = createAnchorFile(ledger.anchorFile)
  const unbacked = settings.sandbox ? SYNTHETIC_AGREEMENT : undefined
  const store = createFsckStore(database.pool, createVault(openDataKey(settings)), { unbacked })
  const pace = createPace(ledger.auditShare)
  const auditor = createLogAuditor({
    newPass: () =>
      createFsckPass({
        store,
        anchor: anchor.read,
        key,
        crypto: NODE_CRYPTO,
        countKey: randomBytes(32).toString('hex'),
      }),
    leads: keeper.leads,
    most: pace.most,
    now,
    onFault: telemetry.logAuditFault,
    onMoved: telemetry.logAuditMoved,
    onPassed: telemetry.logAuditPassed,
  })
  let stepping = Promise.resolve()
  const step = () => {
    stepping = auditor.step().finally(pace.ended)
    return stepping
  }
  const task = { everyMs: AUDIT_MS, run: step, onError: telemetry.databaseError }
  const end = ledger.auditShare > 0 ? repeat(task) : () => {}
  return {
    check: auditCheck(auditor),
    async close() {
      end()
      await stepping.catch(() => {})
    },
  }
}

/** @returns the step that has checkpoints time-stamped. @throws TimestampError where a file holds no certificate. */
function openTimestamping(
  { ledger: { timestamps } }: Settings,
  store: KeptStore,
  { telemetry, now, database }: KeepingOutside,
): () => Promise<void> {
  const { intervalMinutes, timeoutMs } = timestamps
  const reader = createLogReader(database.pool)
  return createTimestamping({
    authorities: timestamps.authorities.map((authority) => ({
      name: authority.name,
      certificates: readTimestampCertificates(authority),
      ask: createAskAuthority(authority.url, timeoutMs),
    })),
    intervalMs: intervalMinutes * 60_000,
    store: {
      latestCheckpoint: () => reader.latestCheckpoint(),
      lastTimestamps: () => store.lastTimestamps(),
      addTimestamp: (stamp) => store.addTimestamp(stamp),
    },
    hash: NODE_CRYPTO.hash,
    randomBytes,
    now,
    onStamped: telemetry.logStamped,
    onFailed: telemetry.logStampFailed,
  })
}

/** Signs what the log has grown by, and tells the other processes how it stands. */
async function sign(keeper: LogKeeper, store: KeptStore, nowMs: number): Promise<void> {
  await keeper.step()
  if (keeper.leads()) await store.setRefused(keeper.refusal() !== undefined, nowMs)
}

/** Starts to sign the log's checkpoints, one a second while it grows, and to have them cosigned. */
export async function startLogKeeping(settings: Settings, outside: KeepingOutside): Promise<LogKeeping> {
  const { database, telemetry, now } = outside
  const signer = await openLogSigner(settings)
  const store = createLogStore(database)
  const witnessing = await openWitnessing(settings, store, outside)
  const keeper = createLogKeeper({
    store,
    anchor: createAnchorFile(settings.ledger.anchorFile),
    signer,
    crypto: NODE_CRYPTO,
    now,
    onSigned: ({ size, signedAtMs }) => telemetry.logSigned(size, signedAtMs),
    onRefused: telemetry.logRefused,
  })
  /** Witnesses are not waited for: the next checkpoint must not be late for a slow one. */
  let attesting = Promise.resolve()
  const turn = async () => {
    await sign(keeper, store, now())
    const head = keeper.latest()
    if (head === undefined) return
    attesting = (witnessing ? witnessing.offer(head) : store.attest(head.size)).catch(telemetry.databaseError)
  }
  let turning = Promise.resolve()
  const step = () => {
    turning = turn()
    return turning
  }
  const timestamp = openTimestamping(settings, store, outside)
  const onError = telemetry.databaseError
  const thin = () => store.thinCheckpoints(new Date(now() - settings.ledger.checkpointDays * DAY_MS))
  const tasks: Task[] = [
    { everyMs: CHECKPOINT_MS, run: step, onError },
    { everyMs: CHECKPOINT_MS, run: async () => keeper.leads() && timestamp(), onError },
    { everyMs: THINNING_MS, run: async () => keeper.leads() && thin(), onError },
  ]
  const ends = tasks.map(repeat)
  const alarmAfterMs = settings.ledger.witnesses.alarmAfterSeconds * 1000
  const audit = startAudit(settings, outside, { key: signer.key, keeper })
  return {
    checks: [
      signingCheck(keeper),
      audit.check,
      ...(witnessing ? [witnessCheck(witnessing, alarmAfterMs, now)] : []),
    ],
    router: createLogRouter({
      source: createLogReader(database.pool),
      verifierKey: formatVerifierKey(signer.key),
      servesTiles: true,
    }),
    async close() {
      for (const end of ends) end()
      await audit.close()
      await turning.catch(() => {})
      // What was recorded last is signed before the process goes, where that can be done.
      await turn().catch(telemetry.databaseError)
      await attesting
      await store.close()
    },
  }
}

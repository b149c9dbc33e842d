import { openLogSigner, readWitnessPolicy } from './credentials.ts'
import { type Outside, repeat } from './gateway.ts'
import { createLogRouter } from './http/log.ts'
import { NODE_CRYPTO } from './identity/log-key.ts'
import { createAnchorFile } from './ledger/anchor-file.ts'
import { createLogKeeper, type LogKeeper } from './ledger/keeper.ts'
import { formatVerifierKey } from './ledger/note.ts'
import { createSubmitCheckpoint } from './ledger/submit-checkpoint.ts'
import { createWitnessing, type Witnessing } from './ledger/witnessing.ts'
import type { Settings } from './settings.ts'
import { createLogReader, createLogStore } from './storage/log.ts'
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
  const end = repeat(step, CHECKPOINT_MS, telemetry.databaseError)
  const alarmAfterMs = settings.ledger.witnesses.alarmAfterSeconds * 1000
  return {
    checks: [signingCheck(keeper), ...(witnessing ? [witnessCheck(witnessing, alarmAfterMs, now)] : [])],
    router: createLogRouter({
      source: createLogReader(database.pool),
      verifierKey: formatVerifierKey(signer.key),
      servesTiles: true,
    }),
    async close() {
      end()
      await turning.catch(() => {})
      // What was recorded last is signed before the process goes, where that can be done.
      await turn().catch(telemetry.databaseError)
      await attesting
      await store.close()
    },
  }
}

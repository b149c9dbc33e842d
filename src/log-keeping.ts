import { type Outside, openLogSigner, repeat } from './gateway.ts'
import { createLogRouter } from './http/log.ts'
import { NODE_CRYPTO } from './identity/log-key.ts'
import { createAnchorFile } from './ledger/anchor-file.ts'
import { createLogKeeper, type LogKeeper } from './ledger/keeper.ts'
import { formatVerifierKey } from './ledger/note.ts'
import type { Settings } from './settings.ts'
import { createLogReader, createLogStore } from './storage/log.ts'
import type { ReadinessCheck } from './telemetry/health.ts'

/** The keeping of the log as the first process of a gateway does it. */
export interface LogKeeping {
  readonly checks: readonly ReadinessCheck[]
  /** Checkpoint, tiles and proofs for the management listener. */
  readonly router: ReturnType<typeof createLogRouter>
  close(): Promise<void>
}

const CHECKPOINT_MS = 1000

function logCheck(keeper: LogKeeper): ReadinessCheck {
  return {
    name: 'log',
    check() {
      const refusal = keeper.refusal()
      if (refusal === undefined) {
        return {
          ok: true,
          detail: { vi: 'Sổ giao dịch được ký đều.', en: 'The exchange log is being signed.' },
        }
      }
      const { reason, signedSize, foundSize } = refusal
      const sizes = {
        vi: `đã ký ${signedSize}, thấy ${foundSize}`,
        en: `signed ${signedSize}, found ${foundSize}`,
      }
      return {
        ok: false,
        detail: {
          vi: `Sổ giao dịch không còn như đã ký (${reason}: ${sizes.vi}): cổng từ chối ký tiếp.`,
          en: `The exchange log is not what was signed (${reason}: ${sizes.en}): no checkpoint is signed over it.`,
        },
      }
    },
  }
}

/** Starts to sign the log's checkpoints, one a second while it grows. */
export async function startLogKeeping(
  settings: Settings,
  outside: Omit<Outside, 'worksJobs'>,
): Promise<LogKeeping> {
  const { database, telemetry, now } = outside
  const signer = await openLogSigner(settings)
  const store = createLogStore(database)
  const keeper = createLogKeeper({
    store,
    anchor: createAnchorFile(settings.ledger.anchorFile),
    signer,
    crypto: NODE_CRYPTO,
    now,
    cosign: async ({ note }) => ({ note, cosigned: false }),
    onSigned: ({ size, signedAtMs }) => telemetry.logSigned(size, signedAtMs),
    onRefused: telemetry.logRefused,
  })
  let stepping = Promise.resolve()
  const step = () => {
    stepping = keeper.step()
    return stepping
  }
  const end = repeat(step, CHECKPOINT_MS, telemetry.databaseError)
  return {
    checks: [logCheck(keeper)],
    router: createLogRouter({
      source: createLogReader(database.pool),
      verifierKey: formatVerifierKey(signer.key),
      servesTiles: true,
    }),
    async close() {
      end()
      await stepping.catch(() => {})
      // What was recorded last is signed before the process goes, where that can be done.
      await keeper.step().catch(telemetry.databaseError)
      await store.close()
    },
  }
}

import { defineRetention, RETENTION_QUEUE, TIDY_ONLY } from '../jobs/retention.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { ERASURE_SERVICE } from '../ledger/own-service.ts'
import type { ErasureStore } from '../ledger/retention.ts'
import { canonicalJson } from '../model/canonical.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../storage/database.ts'
import { createErasureStore } from '../storage/erasure.ts'
import type { StoredJobQueue } from '../storage/job-queue.ts'

/** Whoever erases what is past its days, by no request. */
const GATEWAY: SubsystemId = 'local/gateway'

interface RetentionSideParts {
  readonly pool: Database['pool']
  readonly queue: StoredJobQueue
  readonly ledger: Pick<Ledger, 'complete'>
  readonly registry: () => Registry
  readonly settings: Settings['retention']
  /** Unix milliseconds. */
  readonly now: () => number
  readonly newExchangeId: (nowMs: number) => string
  readonly randomHex: (bytes: number) => string
}

/** What erases private parts. */
export interface RetentionSide {
  readonly store: ErasureStore
  /** Has the tables written anew that something was erased in, soon and by whichever process does jobs. */
  tidy(): Promise<unknown>
}

/** Part of the composition root: puts the nightly erasure together. Called before the queue is started. */
export function createRetentionSide(parts: RetentionSideParts): RetentionSide {
  const { pool, queue, ledger, registry, now } = parts
  const store = createErasureStore(pool)
  defineRetention(queue, {
    store,
    days: parts.settings,
    subsystems: () => registry().subsystems.values(),
    now,
    async record({ found, query }) {
      const receivedAtMs = now()
      const exchangeId = parts.newExchangeId(receivedAtMs)
      const facts = {
        exchangeId,
        receivedAtMs,
        traceId: parts.randomHex(16),
        consumer: GATEWAY,
        binding: 'local' as const,
        tokenDigest: 'local',
        service: ERASURE_SERVICE,
        operation: 'erase',
        registryDigest: registry().digest,
        reading: { found, query: canonicalJson(query) },
      }
      await ledger.complete(facts, 'delivered')
      return exchangeId
    },
  })
  return { store, tidy: () => queue.send(RETENTION_QUEUE.name, TIDY_ONLY) }
}

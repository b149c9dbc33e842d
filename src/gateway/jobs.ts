import { setTimeout as sleep } from 'node:timers/promises'
import { createJobsRouter, type JobsDoorParts } from '../http/jobs.ts'
import { BULK_QUEUE, BULK_SWEEP_QUEUE } from '../jobs/bulk.ts'
import { type BulkDeskParts, createBulkDesk } from '../jobs/bulk-desk.ts'
import { type BulkRunParts, createBulkRun } from '../jobs/bulk-run.ts'
import { createPackager, type PackageParts } from '../jobs/package.ts'
import type { Task } from '../repeat.ts'
import type { Settings } from '../settings.ts'
import { createBulkStore } from '../storage/bulk.ts'
import { createPackageCounter } from '../storage/handovers.ts'
import type { StoredJobQueue } from '../storage/job-queue.ts'
import type { Vault } from '../storage/vault.ts'

/** What bulk jobs share with the rest of a gateway. */
export interface JobSideParts
  extends Omit<BulkDeskParts, 'store' | 'maxBytes' | 'weights' | 'newId' | 'makePackage'>,
    Omit<BulkRunParts, 'store' | 'wait' | 'registry'>,
    Omit<JobsDoorParts, 'desk'>,
    Pick<PackageParts, 'logOrigin'> {
  readonly queue: StoredJobQueue
  readonly pool: Parameters<typeof createBulkStore>[0]['pool']
  readonly vault: Vault
  readonly processNumber: number
  readonly settings: Settings['bulk']
  readonly packages: Pick<PackageParts, 'ledger' | 'signManifest' | 'checkpoint' | 'observe'>
  readonly onError: Task['onError']
}

/** Deleting what has expired. */
const SWEEP_CRON = '17 * * * *'
const DEAD_MS = 2000

export interface JobSide {
  readonly router: ReturnType<typeof createJobsRouter>
  /** For processes that do jobs: gives those of processes that died to others. */
  readonly tasks: readonly Task[]
}

/** Part of the composition root: puts bulk jobs together. Called before the queue is started. */
export function createJobSide(parts: JobSideParts): JobSide {
  const { queue, settings, pool, vault, processNumber } = parts
  const store = createBulkStore({ pool, vault, queue, processNumber, keepDays: settings.keepDays })
  const run = createBulkRun({
    ...parts,
    store,
    registry: () => parts.authority().registry,
    wait: (ms, signal) => sleep(ms, undefined, { signal }),
  })
  queue.define(BULK_QUEUE, run)
  queue.define(BULK_SWEEP_QUEUE, async () => {
    await store.sweep()
    return 'done'
  })
  queue.schedule(BULK_SWEEP_QUEUE.name, SWEEP_CRON)
  const desk = createBulkDesk({
    ...parts,
    store,
    newId: parts.newExchangeId,
    maxBytes: settings.maxBytes,
    weights: settings.qualityWeights,
    makePackage: createPackager({
      ...parts,
      ...parts.packages,
      store,
      countPackage: createPackageCounter(pool),
    }),
  })
  return {
    router: createJobsRouter({ ...parts, desk }),
    tasks: [
      {
        everyMs: DEAD_MS,
        async run() {
          for (const job of await store.releaseDead()) await queue.release(BULK_QUEUE.name, job)
        },
        onError: parts.onError,
      },
    ],
  }
}

import { join } from 'node:path'
import type { AskAbout } from '../exchange/requests.ts'
import { openEd25519File } from '../identity/log-key.ts'
import { createTellEnd } from '../jobs/request-notice.ts'
import { defineRequestJobs, REQUEST_QUEUE } from '../jobs/requests.ts'
import type { Task } from '../repeat.ts'
import type { StoredJobQueue } from '../storage/job-queue.ts'
import { createRequestStore } from '../storage/requests.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { createPost, type EventSideParts } from './events.ts'

/** What requests that are answered later share with the rest of a gateway. */
export interface RequestSideParts
  extends Pick<EventSideParts, 'pool' | 'vault' | 'providers' | 'authority' | 'keysDir'> {
  readonly jobs: StoredJobQueue
  readonly telemetry: Telemetry
  readonly now: () => number
}

export interface RequestSide {
  readonly store: ReturnType<typeof createRequestStore>
  /** Defines the job that carries requests on; before the queue is started. */
  carryOn(askAbout: AskAbout): void
  /** For timers of the process that does jobs. */
  readonly tasks: readonly Task[]
}

const COUNT_MS = 10_000

/** Part of the composition root: where requests that are answered later are kept, and what carries them on. */
export function createRequestSide({ telemetry, ...parts }: RequestSideParts): RequestSide {
  const { jobs, now } = parts
  const store = createRequestStore({ ...parts, queue: REQUEST_QUEUE.name })
  const { sign } = openEd25519File(join(parts.keysDir, 'webhook.key'))
  const tellEnd = createTellEnd({ post: createPost(parts), signEd25519: sign, now })
  const run = async () => telemetry.requestCounts(await store.counts())
  return {
    store,
    carryOn: (askAbout) =>
      defineRequestJobs(jobs, { store, askAbout, tellEnd, now, onReminder: telemetry.requestReminded }),
    tasks: [{ everyMs: COUNT_MS, run, onError: telemetry.databaseError }],
  }
}

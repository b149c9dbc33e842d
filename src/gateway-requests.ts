import { join } from 'node:path'
import type { AskAbout } from './exchange/requests.ts'
import { createPost, type EventSideParts } from './gateway-events.ts'
import { openEd25519File } from './identity/log-key.ts'
import type { JobWorkshop } from './jobs/queue.ts'
import { createTellEnd } from './jobs/request-notice.ts'
import { defineRequestJobs } from './jobs/requests.ts'
import type { Task } from './repeat.ts'
import type { createRequestStore } from './storage/requests.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

/** What requests that are answered later share with the rest of a gateway. */
export interface RequestSideParts extends Pick<EventSideParts, 'providers' | 'authority' | 'keysDir'> {
  readonly jobs: JobWorkshop
  readonly store: ReturnType<typeof createRequestStore>
  readonly askAbout: AskAbout
  readonly telemetry: Telemetry
  readonly now: () => number
}

const COUNT_MS = 10_000

/**
 * Part of the composition root: what carries requests on. Called before the queue is started.
 * @returns what the process that does jobs does every so often.
 */
export function createRequestSide({ telemetry, ...parts }: RequestSideParts): readonly Task[] {
  const { store, now } = parts
  const { sign } = openEd25519File(join(parts.keysDir, 'webhook.key'))
  const tellEnd = createTellEnd({ post: createPost(parts), signEd25519: sign, now })
  defineRequestJobs(parts.jobs, { ...parts, tellEnd, onReminder: telemetry.requestReminded })
  const run = async () => telemetry.requestCounts(await store.counts())
  return [{ everyMs: COUNT_MS, run, onError: telemetry.databaseError }]
}

import {
  afterAsked,
  afterNotice,
  nextStep,
  type RequestArchive,
  type RequestProgress,
  type StoredRequest,
} from '../exchange/request.ts'
import type { AskAbout } from '../exchange/requests.ts'
import { CARRIED_ON, type JobResult, type JobWorkshop, type QueueDefinition } from './queue.ts'

/** Carries requests that are answered days later to their providers, reminds these, and closes what stays unanswered. */

export const REQUEST_QUEUE: QueueDefinition = { name: 'document-requests', ...CARRIED_ON }

/** A job waits no longer than this, whatever its request does: what changed meanwhile is looked at again. */
const LONGEST_WAIT_MS = 3_600_000
const SHORTEST_WAIT_MS = 1000

export interface RequestJobParts {
  readonly store: RequestArchive
  readonly askAbout: AskAbout
  /** Unix milliseconds. */
  readonly now: () => number
  /** Tells the end of a request to whoever made it. @returns whether the receiver took it. */
  readonly tellEnd: (found: StoredRequest, url: string) => Promise<boolean>
  /** Told of each reminder that reached a provider. */
  readonly onReminder: (reminded: { readonly service: string; readonly isLate: boolean }) => void
}

/**
 * Carries one request on until it ends or has to wait. Two processes may do it at once: its provider is asked under
 * one Idempotency-Key, and of two saves only the first counts.
 */
export function createRequestJob(
  parts: RequestJobParts,
): (id: string, signal: AbortSignal) => Promise<JobResult> {
  const { store, now } = parts

  async function tell(found: StoredRequest, url: string | undefined): Promise<boolean> {
    if (url === undefined) return true
    return parts.tellEnd(found, url).catch(() => false)
  }

  return async (id, signal) => {
    for (;;) {
      const found = await store.find(id)
      if (found?.contents === undefined) return 'done'
      const { order, progress } = found.contents
      const nowMs = now()
      const next = nextStep(found.closeAtMs, order, progress, nowMs)
      if (next.do === 'nothing') return 'done'
      if (signal.aborted) return { againInSeconds: 1 }
      if (next.do === 'wait') {
        const waitMs = Math.min(Math.max(next.untilMs - nowMs, SHORTEST_WAIT_MS), LONGEST_WAIT_MS)
        return { againInSeconds: Math.ceil(waitMs / 1000) }
      }
      let after: RequestProgress
      if (next.do === 'expire') after = { ...progress, state: 'expired', failures: 0 }
      else if (next.do === 'notify') after = afterNotice(progress, await tell(found, order.notifyUrl), nowMs)
      else {
        const asked = await parts.askAbout(found, next.reminder)
        after = afterAsked(progress, asked, { reminder: next.reminder, nowMs })
        if (next.reminder && asked.outcome === 'answered') {
          parts.onReminder({ service: found.service, isLate: nowMs >= found.dueAtMs })
        }
      }
      await store.save(found, after, Math.min(nowMs + LONGEST_WAIT_MS, found.closeAtMs))
    }
  }
}

/** Defines the job that each request has, and the look every minute for what was lost or is to be erased. */
export function defineRequestJobs(jobs: JobWorkshop, parts: RequestJobParts): void {
  const { store } = parts
  const carryOn = createRequestJob(parts)
  jobs.define(REQUEST_QUEUE, async ({ data, signal }) => {
    const { request } = data
    if (typeof request === 'string') return carryOn(request, signal)
    for (const id of await store.overdue()) await jobs.send(REQUEST_QUEUE.name, { request: id })
    await store.erase()
    return 'done'
  })
  jobs.schedule(REQUEST_QUEUE.name, '* * * * *')
}

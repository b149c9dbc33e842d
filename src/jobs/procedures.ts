import type { AskStep } from '../exchange/composition.ts'
import {
  afterAsk,
  isToRepeat,
  nextAsk,
  type ProcedureArchive,
  type ProcedureStore,
  type Progress,
} from '../exchange/procedure.ts'
import { CARRIED_ON, type JobResult, type JobWorkshop, type QueueDefinition } from './queue.ts'

/** Carries linked procedures on, whatever happens to the process that began them. */

export const PROCEDURE_QUEUE: QueueDefinition = { name: 'linked-procedures', ...CARRIED_ON }

const LONGEST_WAIT_SECONDS = 300
const HOUR_MS = 3_600_000

interface ProcedureParts {
  readonly store: ProcedureStore
  readonly askStep: AskStep
  /** Unix milliseconds. */
  readonly now: () => number
  /** 0 to below 1. */
  readonly random: () => number
}

/** Twice as long from try to try, with jitter, so that those who wait do not come all at once. */
function waitSeconds(attempts: number, random: () => number): number {
  const longest = Math.min(2 ** Math.min(attempts, 16), LONGEST_WAIT_SECONDS)
  return Math.ceil(longest * (0.5 + random() / 2))
}

/**
 * Carries one procedure on until it ends or has to wait. Two processes may do it at once: each step has an
 * Idempotency-Key of its own, and of two saves only the first counts.
 */
export type AdvanceProcedure = (id: string, signal: AbortSignal) => Promise<JobResult>

export function createProcedures(parts: ProcedureParts): AdvanceProcedure {
  const { store, askStep, now, random } = parts
  return async (id, signal) => {
    for (;;) {
      const found = await store.find(id)
      if (found?.contents === undefined) return 'done'
      const { order, progress } = found.contents
      const next = nextAsk(order.plan, progress)
      if (next === undefined) return 'done'
      if (signal.aborted) return { againInSeconds: 1 }
      const told = await askStep(found, next)
      const after = afterAsk(order.plan, progress, next, told)
      const attempts = after.steps[next.step.name]?.attempts ?? 0
      const isOver = now() >= found.startedAtMs + order.plan.giveUpAfterHours * HOUR_MS
      const wait = isToRepeat(told) ? waitSeconds(attempts, random) : 0
      const ended: Progress = wait > 0 && isOver ? { ...after, state: 'stuck' } : after
      const isSaved = await store.save(found, ended, now() + wait * 1000)
      if (isSaved && wait > 0 && !isOver) return { againInSeconds: wait }
    }
  }
}

/** Defines the job that each procedure has, and the look every minute for what was lost or is to be erased. */
export function defineProcedureJobs(
  jobs: JobWorkshop,
  parts: ProcedureParts & { readonly store: ProcedureArchive },
): void {
  const { store } = parts
  const advance = createProcedures(parts)
  jobs.define(PROCEDURE_QUEUE, async ({ data, signal }) => {
    const { procedure } = data
    if (typeof procedure === 'string') return advance(procedure, signal)
    for (const id of await store.overdue()) await jobs.send(PROCEDURE_QUEUE.name, { procedure: id })
    await store.erase()
    return 'done'
  })
  jobs.schedule(PROCEDURE_QUEUE.name, '* * * * *')
}

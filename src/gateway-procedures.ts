import type { AskStep } from './exchange/composition.ts'
import { createProcedures, PROCEDURE_QUEUE } from './jobs/procedures.ts'
import type { StoredJobQueue } from './storage/job-queue.ts'
import type { createProcedureStore } from './storage/procedures.ts'

interface ProcedureSideParts {
  readonly jobs: StoredJobQueue
  readonly store: ReturnType<typeof createProcedureStore>
  readonly askStep: AskStep
  readonly now: () => number
}

/** What carries linked procedures on: a job for each, and every minute a look for what was lost or is to be erased. */
export function defineProcedureJobs({ jobs, store, askStep, now }: ProcedureSideParts): void {
  const advance = createProcedures({ store, askStep, now, random: Math.random })
  jobs.define(PROCEDURE_QUEUE, async ({ data, signal }) => {
    const { procedure } = data
    if (typeof procedure === 'string') return advance(procedure, signal)
    for (const id of await store.overdue()) await jobs.send(PROCEDURE_QUEUE.name, { procedure: id })
    await store.erase()
    return 'done'
  })
  jobs.schedule(PROCEDURE_QUEUE.name, '* * * * *')
}

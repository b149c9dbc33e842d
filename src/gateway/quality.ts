import type { EndedExchange } from '../exchange/passage.ts'
import { createFaultCounter } from '../jobs/contract-faults.ts'
import { dayOf } from '../model/calendar.ts'
import type { Task } from '../repeat.ts'
import { createContractFaultStore } from '../storage/data-quality.ts'
import type { Database } from '../storage/database.ts'

interface QualitySideParts {
  readonly pool: Database['pool']
  /** Unix milliseconds. */
  readonly now: () => number
  /** Days without a break after which an incident is closed. */
  readonly cleanDays: number
  /** Told of each exchange besides. */
  readonly observe: (ended: EndedExchange) => void
  readonly onError: Task['onError']
}

const FLUSH_MS = 2000
const CLOSE_MS = 600_000

/** What watches whether contracts are kept. */
export interface QualitySide {
  readonly observe: (ended: EndedExchange) => void
  readonly tasks: readonly Task[]
  /** Writes what is not written yet. */
  stop(): Promise<void>
}

/** Part of the composition root: puts together what counts broken contracts. */
export function createQualitySide({ pool, now, cleanDays, observe, onError }: QualitySideParts): QualitySide {
  const store = createContractFaultStore(pool)
  const faults = createFaultCounter(store.add)
  return {
    observe(ended) {
      faults.note(ended)
      observe(ended)
    },
    tasks: [
      { everyMs: FLUSH_MS, run: faults.flush, onError },
      { everyMs: CLOSE_MS, run: () => store.close(dayOf(now()), cleanDays), onError },
    ],
    stop: () => faults.flush().catch(onError),
  }
}

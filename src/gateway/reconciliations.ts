import { createReconciliationsRouter, type ReconciliationsDoorParts } from '../http/reconciliations.ts'
import { createReconcile, type ReconciliationParts } from '../jobs/reconciliation.ts'
import type { Task } from '../repeat.ts'
import { createReconciliationStore } from '../storage/reconciliations.ts'

/** What reconciliations share with the rest of a gateway. */
export interface ReconciliationSideParts
  extends Omit<ReconciliationsDoorParts, 'reconcile'>,
    Omit<ReconciliationParts, 'now' | 'store'>,
    Omit<Parameters<typeof createReconciliationStore>[0], 'now'> {
  readonly onError: (error: unknown) => void
}

const SWEEP_MS = 3_600_000

/** Part of the composition root: the door where both sides of a service hold their lists against each other. */
export function createReconciliationSide(parts: ReconciliationSideParts): {
  readonly router: ReturnType<typeof createReconciliationsRouter>
  readonly tasks: readonly Task[]
} {
  const store = createReconciliationStore(parts)
  const router = createReconciliationsRouter({
    ...parts,
    reconcile: createReconcile({ ...parts, store }),
  })
  return { router, tasks: [{ everyMs: SWEEP_MS, run: () => store.sweep(), onError: parts.onError }] }
}

import type { AuditConditions, AuditCount, AuditStore, Dimension } from './audit-query.ts'
import { dayOf, startOf } from './period.ts'

interface FinishedDaysParts {
  readonly count: AuditStore['count']
  /** Unix milliseconds. */
  readonly now: () => number
}

/** An exchange that was received before midnight and ended after it is told so much later, at most. */
const KEEP_MS = 60_000
const MOST = 64

interface Kept {
  readonly counts: Promise<readonly AuditCount[]>
  readonly untilMs: number
}

/** Whether all days asked for are over, and records themselves need not be looked at. */
function isOver({ until, tagged, exchange, leaves, treeSize }: AuditConditions, nowMs: number): boolean {
  const isPlain = [tagged, exchange, leaves, treeSize].every((each) => each === undefined)
  return isPlain && until !== undefined && until <= startOf(dayOf(nowMs))
}

/**
 * Counting that remembers for a minute what it counted of days that are over: a page and the one after it ask for the
 * same. Days that still run are counted each time. Whose exchanges count is part of the question, so nobody is told
 * what another may see.
 */
export function withFinishedDays({ count, now }: FinishedDaysParts): AuditStore['count'] {
  const kept = new Map<string, Kept>()

  function sweep(nowMs: number): void {
    for (const [key, { untilMs }] of kept) if (untilMs <= nowMs || kept.size >= MOST) kept.delete(key)
  }

  return (conditions: AuditConditions, by: readonly Dimension[]) => {
    const nowMs = now()
    if (!isOver(conditions, nowMs)) return count(conditions, by)
    const key = JSON.stringify([conditions, by])
    const known = kept.get(key)
    if (known !== undefined && known.untilMs > nowMs) return known.counts
    sweep(nowMs)
    const counts = count(conditions, by)
    kept.set(key, { counts, untilMs: nowMs + KEEP_MS })
    // What failed is asked again.
    counts.catch(() => kept.delete(key))
    return counts
  }
}

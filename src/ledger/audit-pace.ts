/** What the pace of the running audit is found from. */
interface PaceParts {
  /** Of one core, 0 … 1. */
  readonly share: number
  /** Milliseconds from one step to the next. */
  readonly everyMs: number
  /** Processor milliseconds this process has used. */
  readonly cpuMs: () => number
  /** Share of the time since it was last asked that this process was busy, 0 … 1. */
  readonly busy: () => number
}

/** How many records each step of the audit may read. */
export interface AuditPace {
  /** Asked at the beginning of a step that reads. */
  most(): number
  /** Told at the end of every step. */
  ended(): void
}

/** At full load: exchanges come first, and still the log is read through one day. */
const FLOOR = 0.1
/** What a record costs until one was read, in milliseconds: more than it is on a machine of today. */
const FIRST_COST_MS = 0.1
/** How much of a new measurement is believed: one collection of garbage must not halve the pace. */
const WEIGHT = 0.2
/** Above it, what was used in a step was used by exchanges. */
const QUIET = 0.5
/** One reading, and what it holds in memory. */
const MOST = 5000

/**
 * A share of a core in place of a number of records: what a record costs differs by machine and by what records hold, and
 * is measured in steps that exchanges did not share.
 */
export function createAuditPace({ share, everyMs, cpuMs, busy }: PaceParts): AuditPace {
  let costMs = FIRST_COST_MS
  let step: { readonly records: number; readonly cpuMs: number; readonly isQuiet: boolean } | undefined
  return {
    most() {
      const utilization = busy()
      const idle = Math.max(FLOOR, 1 - utilization)
      const records = Math.min(MOST, Math.ceil((share * everyMs * idle) / costMs))
      step = { records, cpuMs: cpuMs(), isQuiet: utilization < QUIET }
      return records
    },
    ended() {
      if (step?.isQuiet === true) {
        const seenMs = (cpuMs() - step.cpuMs) / step.records
        costMs += (seenMs - costMs) * WEIGHT
      }
      step = undefined
    },
  }
}

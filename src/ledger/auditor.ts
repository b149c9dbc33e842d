import type { FsckCheck, FsckPass, LogFault } from './fsck.ts'

/** Reads the log again and again, a few records at a time. */
export interface LogAuditor {
  /** One short step. Rejects where the database fails; the next one goes on from there. */
  step(): Promise<void>
  /** What the last whole pass and the present one found. */
  faults(): readonly LogFault[]
}

interface AuditorParts {
  readonly newPass: () => FsckPass
  /** Whether this process is the one that audits. */
  readonly leads: () => boolean
  /** Records that the next step may read. */
  readonly most: () => number
  /** Unix milliseconds. */
  readonly now: () => number
  /** Told at once, of each kind of difference once until a pass was without it. */
  readonly onFault: (fault: LogFault) => void
  readonly onMoved: (position: number) => void
  readonly onPassed: (faults: readonly LogFault[], atMs: number) => void
}

/** After a pass at least, and after the database failed. */
const REST_MS = { pass: 3000, failure: 1000 }
/** A pass begins with the database adding up all counts: with such a rest it keeps to a quarter of a core by that too. */
const RESTS_FOR_A_BEGINNING = 3

export function createLogAuditor(parts: AuditorParts): LogAuditor {
  let restsUntilMs = 0
  let beginningMs = 0
  let pass: FsckPass | undefined
  let before: readonly LogFault[] = []
  let told = new Set<FsckCheck>()
  return {
    async step() {
      if (!parts.leads()) {
        pass = undefined
        return
      }
      const startMs = parts.now()
      if (startMs < restsUntilMs) return
      const isBeginning = pass === undefined
      pass ??= parts.newPass()
      const isMore = await pass.next(parts.most()).catch((error: unknown) => {
        restsUntilMs = parts.now() + REST_MS.failure
        throw error
      })
      if (isBeginning) beginningMs = parts.now() - startMs
      const faults = pass.faults()
      for (const fault of faults) {
        if (told.has(fault.check)) continue
        told.add(fault.check)
        parts.onFault(fault)
      }
      parts.onMoved(pass.position())
      if (isMore) return
      before = faults
      told = new Set(faults.map(({ check }) => check))
      parts.onPassed(faults, parts.now())
      restsUntilMs = parts.now() + Math.max(REST_MS.pass, RESTS_FOR_A_BEGINNING * beginningMs)
      pass = undefined
    },
    faults: () => [...before, ...(pass?.faults() ?? [])],
  }
}

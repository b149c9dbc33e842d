import type { ErrorCode } from '../model/error-table.ts'
import type { LogEvent } from './log-events.ts'

/** Gathers refused authentications into one line now and then: an attacker does not get to write the log. */
export interface RefusalSummary {
  note(code: ErrorCode): void
  /** Logs what was gathered since the last time, if anything. */
  tell(): void
}

/** @param windowSeconds how often `tell` is called, for the line. */
export function createRefusalSummary(log: (event: LogEvent) => void, windowSeconds: number): RefusalSummary {
  let counts: Partial<Record<ErrorCode, number>> = {}
  return {
    note(code) {
      counts[code] = (counts[code] ?? 0) + 1
    },
    tell() {
      if (Object.keys(counts).length === 0) return
      log({ action: 'authentication_refused', counts, windowSeconds })
      counts = {}
    },
  }
}

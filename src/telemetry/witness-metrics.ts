import { WITNESS_REFUSALS, type WitnessedLog, type WitnessRefusal } from '../ledger/witness.ts'
import type { LogEvent } from './log-events.ts'
import type { Metrics } from './metrics.ts'

/** Refusals that anybody can bring about, or that honest logs make and mend by themselves. */
const HARMLESS: ReadonlySet<WitnessRefusal> = new Set(['malformed', 'unknown_log', 'unsigned', 'stale'])

/** @returns the listeners of the `lienthong witness` program. */
export function createWitnessTelemetry(metrics: Metrics, log: (event: LogEvent) => void) {
  const answers = metrics.counter('lienthong_witness_answers_total')
  const refusals = metrics.counter('lienthong_witness_refusals_total')
  const sizes = metrics.gauge('lienthong_witness_cosigned_size')
  const times = metrics.gauge('lienthong_witness_last_cosigned_timestamp_seconds')
  const conflicts = metrics.gauge('lienthong_witness_conflicts')
  for (const reason of WITNESS_REFUSALS) refusals.child({ reason }).inc(0)
  return {
    answered: (status: number) => answers.child({ status: String(status) }).inc(),
    known: (origin: string, size: number) => sizes.child({ log: origin }).set(size),
    conflicts: (origin: string, count: number) => conflicts.child({ log: origin }).set(count),
    cosigned({ origin, size }: WitnessedLog, atMs: number): void {
      sizes.child({ log: origin }).set(size)
      times.child({ log: origin }).set(Math.floor(atMs / 1000))
    },
    refused(
      reason: WitnessRefusal,
      { origin, size, cosignedSize }: WitnessedLog & { readonly cosignedSize: number },
    ): void {
      refusals.child({ reason }).inc()
      // A log's name is told only where its own key has signed; anything else could be anybody's text.
      if (!HARMLESS.has(reason)) log({ action: 'witness_refused', reason, log: origin, size, cosignedSize })
    },
  }
}

import { FSCK_CHECKS, type LogFault } from '../ledger/fsck.ts'
import { REFUSAL_REASONS, type SigningRefused } from '../ledger/keeper.ts'
import { WITNESS_STATES, type WitnessStanding, type WitnessState } from '../ledger/witnessing.ts'
import type { Outcome } from '../model/exchange.ts'
import type { LogEvent } from './log-events.ts'
import type { Metrics } from './metrics.ts'

/** What one batch's append to the ledger looked like. */
interface AppendFacts {
  readonly outcomes: readonly Outcome[]
  readonly seconds: number
  /** Records in the ledger after it. */
  readonly size: number
  /** Unix milliseconds of its last record. */
  readonly atMs: number
}

/**
 * @param queued records waiting at this moment.
 * @returns the listener of the ledger's appends.
 */
export function createLedgerMetrics(metrics: Metrics, queued: () => number): (facts: AppendFacts) => void {
  const records = metrics.counter('lienthong_ledger_records_total')
  const seconds = metrics.histogram('lienthong_ledger_append_seconds').child({})
  const queue = metrics.gauge('lienthong_ledger_queue_records').child({})
  metrics.onCollect(() => queue.set(queued()))
  return (facts) => {
    for (const outcome of facts.outcomes) records.child({ outcome }).inc()
    seconds.observe(facts.seconds)
    metrics.gauge('lienthong_ledger_size').child({}).set(facts.size)
    metrics
      .gauge('lienthong_ledger_last_durable_timestamp_seconds')
      .child({})
      .set(facts.atMs / 1000)
  }
}

/** @returns the listeners of the one who signs the log. */
export function createLogTelemetry(metrics: Metrics, log: (event: LogEvent) => void) {
  const refused = metrics.gauge('lienthong_log_signing_refused')
  for (const reason of REFUSAL_REASONS) refused.child({ reason }).set(0)
  const faulty = metrics.gauge('lienthong_log_audit_fault')
  for (const check of FSCK_CHECKS) faulty.child({ check }).set(0)
  return {
    logAuditFault({ check, index }: LogFault): void {
      faulty.child({ check }).set(1)
      log({ action: 'log_audit_fault', check, index })
    },
    logAuditMoved(position: number): void {
      metrics.gauge('lienthong_log_audit_position').child({}).set(position)
    },
    logAuditPassed(faults: readonly LogFault[], atMs: number): void {
      metrics
        .gauge('lienthong_log_audit_last_pass_timestamp_seconds')
        .child({})
        .set(atMs / 1000)
      const found = new Set(faults.map(({ check }) => check))
      for (const check of FSCK_CHECKS) faulty.child({ check }).set(found.has(check) ? 1 : 0)
    },
    logSigned(size: number, atMs: number): void {
      metrics.gauge('lienthong_log_signed_size').child({}).set(size)
      metrics
        .gauge('lienthong_log_last_checkpoint_timestamp_seconds')
        .child({})
        .set(atMs / 1000)
      for (const reason of REFUSAL_REASONS) refused.child({ reason }).set(0)
    },
    logRefused({ reason, signedSize, foundSize }: SigningRefused): void {
      refused.child({ reason }).set(1)
      log({ action: 'log_signing_refused', reason, signedSize, foundSize })
    },
    logCosigned(size: number, atMs: number): void {
      metrics.gauge('lienthong_log_cosigned_size').child({}).set(size)
      metrics
        .gauge('lienthong_log_last_quorum_timestamp_seconds')
        .child({})
        .set(atMs / 1000)
    },
    logWitness({ name, state, size }: WitnessStanding, before: WitnessState): void {
      for (const each of WITNESS_STATES)
        metrics
          .gauge('lienthong_log_witness_state')
          .child({ witness: name, state: each })
          .set(each === state ? 1 : 0)
      metrics.gauge('lienthong_log_witness_size').child({ witness: name }).set(size)
      if (state === before) return
      if (state === 'cosigned') {
        if (before !== 'waiting') log({ action: 'log_witness_recovered', witness: name, size })
      } else if (state === 'ahead' || state === 'forked') {
        log({ action: 'log_witness_conflict', witness: name, state, size })
      } else log({ action: 'log_witness_away', witness: name, state, size })
    },
    logStamped(authority: string, at: Date): void {
      metrics
        .gauge('lienthong_log_timestamp_seconds')
        .child({ authority })
        .set(at.getTime() / 1000)
    },
    logStampFailed(authority: string, error: unknown): void {
      metrics.counter('lienthong_log_timestamp_failures_total').child({ authority }).inc()
      log({ action: 'log_timestamp_failed', authority, error })
    },
    logStopped(stopped: boolean): void {
      metrics
        .gauge('lienthong_log_stopped')
        .child({})
        .set(stopped ? 1 : 0)
      log(stopped ? { action: 'log_unattested' } : { action: 'log_attested' })
    },
  }
}

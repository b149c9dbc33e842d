import type { JobEnd, QueueState } from '../jobs/queue.ts'
import type { LogEvent } from './log-events.ts'
import type { Metrics } from './metrics.ts'

/** Listeners of the background jobs. */
export interface JobTelemetry {
  jobEnded(queue: string, end: JobEnd, seconds: number, error?: unknown): void
  jobStates(states: readonly QueueState[]): void
  bulkStep(step: { readonly records: number }): void
}

export function createJobTelemetry(metrics: Metrics, log: (event: LogEvent) => void): JobTelemetry {
  const total = metrics.counter('lienthong_jobs_total')
  const seconds = metrics.histogram('lienthong_job_seconds')
  const waiting = metrics.gauge('lienthong_jobs_waiting')
  const running = metrics.gauge('lienthong_jobs_running')
  const dead = metrics.gauge('lienthong_jobs_dead')
  const oldest = metrics.gauge('lienthong_jobs_oldest_seconds')
  const records = metrics.counter('lienthong_bulk_records_total').child({})
  return {
    bulkStep: (step) => records.inc(step.records),
    jobEnded(queue, end, took, error) {
      total.child({ queue, end }).inc()
      seconds.child({ queue }).observe(took)
      if (end === 'failed') log({ action: 'job_failed', queue, error })
      if (end === 'dead') log({ action: 'job_given_up', queue, error })
    },
    jobStates(states) {
      for (const state of states) {
        const queue = state.name
        waiting.child({ queue }).set(state.waiting)
        running.child({ queue }).set(state.running)
        dead.child({ queue }).set(state.dead)
        oldest.child({ queue }).set(state.oldestSeconds)
      }
    },
  }
}

import type { RequestCount } from '../exchange/request.ts'
import type { JobEnd, QueueState } from '../jobs/queue.ts'
import type { ApplicationCount } from '../reporting/application-desk.ts'
import type { IncidentCount } from '../reporting/quality.ts'
import type { LogEvent } from './log-events.ts'
import type { Metrics } from './metrics.ts'

/** Listeners of the background jobs. */
export interface JobTelemetry {
  jobEnded(queue: string, end: JobEnd, seconds: number, error?: unknown): void
  jobStates(states: readonly QueueState[]): void
  bulkStep(step: { readonly records: number }): void
  requestReminded(reminded: { readonly service: string; readonly isLate: boolean }): void
  requestCounts(counts: readonly RequestCount[]): void
  applicationCounts(counts: readonly ApplicationCount[]): void
  /** Of every provider: one that is not told of has no series any more. */
  incidentCounts(counts: readonly IncidentCount[]): void
}

export function createJobTelemetry(metrics: Metrics, log: (event: LogEvent) => void): JobTelemetry {
  const total = metrics.counter('lienthong_jobs_total')
  const seconds = metrics.histogram('lienthong_job_seconds')
  const waiting = metrics.gauge('lienthong_jobs_waiting')
  const running = metrics.gauge('lienthong_jobs_running')
  const dead = metrics.gauge('lienthong_jobs_dead')
  const oldest = metrics.gauge('lienthong_jobs_oldest_seconds')
  const records = metrics.counter('lienthong_bulk_records_total').child({})
  const requests = metrics.gauge('lienthong_document_requests')
  const lateRequests = metrics.gauge('lienthong_document_requests_late')
  const reminders = metrics.counter('lienthong_document_reminders_total')
  const applications = metrics.gauge('lienthong_applications')
  const overdueApplications = metrics.gauge('lienthong_applications_overdue').child({})
  const incidents = metrics.gauge('lienthong_data_incidents')
  const counted = new Set<string>()
  return {
    requestReminded: ({ service, isLate }) => reminders.child({ service, late: isLate ? 'yes' : 'no' }).inc(),
    requestCounts(counts) {
      for (const { service } of counts) counted.add(service)
      for (const service of counted) {
        const its = counts.filter((each) => each.service === service)
        for (const state of ['accepted', 'forwarded'] as const) {
          requests.child({ service, state }).set(its.find((each) => each.state === state)?.count ?? 0)
        }
        lateRequests.child({ service }).set(its.reduce((sum, { late }) => sum + late, 0))
      }
    },
    applicationCounts(counts) {
      for (const state of ['filed', 'incomplete'] as const) {
        applications.child({ state }).set(counts.find((each) => each.state === state)?.count ?? 0)
      }
      overdueApplications.set(counts.reduce((sum, { overdue }) => sum + overdue, 0))
    },
    incidentCounts(counts) {
      incidents.clear()
      for (const { provider, age, count } of counts) incidents.child({ provider, age }).set(count)
    },
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

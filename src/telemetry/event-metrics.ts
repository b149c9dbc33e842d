import type { SubscriptionStatus } from '../jobs/event-store.ts'
import type { DatasetAge } from '../jobs/freshness.ts'
import type { PushOutcome } from '../jobs/sender.ts'
import type { LogEvent } from './log-events.ts'
import type { Metrics } from './metrics.ts'

/** What is counted and logged of events. */
export interface EventTelemetry {
  /** An event reached a subscriber, `ageMs` after it happened. */
  eventDelivered(event: {
    readonly service: string
    readonly type: string
    readonly ageMs: number
    readonly isLate: boolean
  }): void
  eventPushed(push: {
    readonly consumer: string
    readonly service: string
    readonly outcome: PushOutcome
  }): void
  eventDeliveries(counts: SubscriptionStatus): void
  datasetAges(ages: readonly DatasetAge[]): void
}

export function createEventTelemetry(metrics: Metrics, log: (event: LogEvent) => void): EventTelemetry {
  const ages = metrics.histogram('lienthong_event_age_seconds')
  const late = metrics.counter('lienthong_events_late_total')
  const pushes = metrics.counter('lienthong_event_pushes_total')
  const deliveries = metrics.gauge('lienthong_event_deliveries')
  const newest = metrics.gauge('lienthong_dataset_newest_event_timestamp_seconds')
  const silent = metrics.gauge('lienthong_dataset_silent')
  const silentNow = new Set<string>()

  return {
    eventDelivered({ service, type: operation, ageMs, isLate }) {
      ages.child({ service, operation }).observe(Math.max(ageMs, 0) / 1000)
      if (isLate) late.child({ service, operation }).inc()
    },
    eventPushed({ consumer, service, outcome }) {
      pushes.child({ consumer, outcome }).inc()
      if (outcome === 'dead' || outcome === 'stopped')
        log({ action: 'event_undelivered', consumer, service, outcome })
    },
    eventDeliveries({ waiting, dead }) {
      deliveries.child({ state: 'waiting' }).set(waiting)
      deliveries.child({ state: 'dead' }).set(dead)
    },
    datasetAges(all) {
      for (const { service, type: operation, newestMs, isSilent } of all) {
        newest.child({ service, operation }).set(newestMs / 1000)
        if (isSilent === undefined) continue
        silent.child({ service, operation }).set(isSilent ? 1 : 0)
        const key = `${service} ${operation}`
        const state = isSilent ? 'silent' : 'fresh'
        if (isSilent !== silentNow.has(key)) log({ action: 'dataset_freshness', service, operation, state })
        if (isSilent) silentNow.add(key)
        else silentNow.delete(key)
      }
    },
  }
}

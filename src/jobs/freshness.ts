import type { Bilingual, ServiceId } from '../model/identifier.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { EventStore } from './event-store.ts'

/** A data set whose events came, and whether they keep the promise of its contract. */
export interface DatasetAge {
  readonly service: ServiceId
  readonly type: string
  /** When its newest event happened, Unix milliseconds. */
  readonly newestMs: number
  /** Whether that is longer ago than the contract allows; undefined where it says nothing. */
  readonly isSilent: boolean | undefined
}

/** @returns the age of every data set that has published anything. */
export function datasetAges(
  registry: Registry,
  newest: Awaited<ReturnType<EventStore['newest']>>,
  nowMs: number,
): readonly DatasetAge[] {
  return newest.flatMap(({ service: id, type, atMs }) => {
    const service = [...registry.services.values()].find(({ document }) => document.id === id)
    const operation = service?.contract.operations.get(type)
    if (service === undefined || operation?.kind !== 'event') return []
    const after = operation.freshness?.silentAfterSeconds
    const isSilent = after === undefined ? undefined : nowMs - atMs > after * 1000
    return [{ service: service.document.id, type, newestMs: atMs, isSilent }]
  })
}

/** @returns whether an event was delivered later after it happened than its contract promises. */
export function isLate(registry: Registry, service: ServiceId, type: string, ageMs: number): boolean {
  const within = registry.services.get(service)?.contract.operations.get(type)
    ?.freshness?.deliverWithinSeconds
  return within !== undefined && ageMs > within * 1000
}

/** @returns what `/readyz` says of it: late data are told, and keep no gateway from serving. */
export function tellSilence(ages: readonly DatasetAge[]): Bilingual {
  const silent = ages.filter(({ isSilent }) => isSilent).map(({ service, type }) => `${service} ${type}`)
  if (silent.length === 0)
    return {
      vi: 'Không có nguồn sự kiện nào im quá hạn.',
      en: 'No source of events has been silent for too long.',
    }
  const list = silent.join(', ')
  return { vi: `Quá hạn không có sự kiện mới: ${list}.`, en: `Without a new event for too long: ${list}.` }
}

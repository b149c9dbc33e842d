import type { Bilingual } from '../model/identifier.ts'
import type { Registry } from '../registry/snapshot.ts'
import type { Connection } from './figures.ts'
import { ENDING_DAYS, UNUSED_DAYS } from './kpi.ts'
import { addDays } from './period.ts'

/** A connection an agreement opens, with its use. */
export interface AgreedConnection {
  readonly agreement: string
  readonly title: Bilingual
  readonly consumer: string
  readonly service: string
  readonly state: 'active' | 'suspended' | 'revoked'
  readonly until: string | undefined
  readonly use: Connection | undefined
  /** In force for 90 days or more and without a delivered exchange for as long. */
  readonly unused: boolean
  readonly ending: boolean
}

/** What a pair of agency and service stands at; the best of its agreements. */
export const CONNECTION_STATES = {
  used: { vi: 'Đang dùng', en: 'In use' },
  unused: { vi: `Không dùng ${UNUSED_DAYS} ngày`, en: `Unused ${UNUSED_DAYS} days` },
  never: { vi: 'Chưa dùng', en: 'Never used' },
  suspended: { vi: 'Tạm dừng', en: 'Suspended' },
} as const satisfies Readonly<Record<string, Bilingual>>
export type ConnectionState = keyof typeof CONNECTION_STATES

export function stateOf(connections: readonly AgreedConnection[]): ConnectionState {
  const active = connections.filter(({ state }) => state === 'active')
  if (active.length === 0) return 'suspended'
  if (active.some(({ use, unused }) => use?.lastDelivered !== undefined && !unused)) return 'used'
  return active.some(({ unused }) => unused) ? 'unused' : 'never'
}

/** @returns the day something was last delivered by any of them. */
export function lastUseOf(connections: readonly AgreedConnection[]): string | undefined {
  return connections
    .flatMap(({ use }) => use?.lastDelivered ?? [])
    .toSorted()
    .at(-1)
}

/** @returns the subsystem that provides a service. */
export function providerOf(service: string): string {
  return service.split('/').slice(0, 2).join('/')
}

/** Agreements of the registry with the use of what they open. */
export function agreedConnections(
  registry: Pick<Registry, 'agreements'>,
  connections: readonly Connection[],
  today: string,
): readonly AgreedConnection[] {
  const uses = new Map(connections.map((each) => [`${each.consumer} ${each.service}`, each]))
  const since = addDays(today, -UNUSED_DAYS)
  const soon = addDays(today, ENDING_DAYS)
  return [...registry.agreements.values()]
    .filter(({ document }) => document.state !== 'revoked')
    .map(({ document: { id, title, consumer, service, state, validity } }) => {
      const use = uses.get(`${consumer} ${service}`)
      const last = use?.lastDelivered
      return {
        agreement: id,
        title,
        consumer,
        service,
        state,
        until: validity.until,
        use,
        unused: validity.from <= since && (last === undefined || last < since),
        ending: validity.until !== undefined && validity.until >= today && validity.until <= soon,
      }
    })
    .toSorted((a, b) => (a.consumer + a.service < b.consumer + b.service ? -1 : 1))
}

/** @returns those that one of the subsystems asks or answers; all where nobody is named. */
export function connectionsOf(
  connections: readonly AgreedConnection[],
  parties: readonly string[] | undefined,
): readonly AgreedConnection[] {
  if (parties === undefined) return connections
  const own = new Set(parties)
  return connections.filter(({ consumer, service }) => own.has(consumer) || own.has(providerOf(service)))
}

import type { Registry } from '../../registry/snapshot.ts'
import type { AuditDesk } from '../../reporting/audit-desk.ts'
import type { AuditStore } from '../../reporting/audit-query.ts'
import type {
  CodeCounts,
  Connection,
  DaySeries,
  FigureDesk,
  FigureStore,
  Figures,
} from '../../reporting/figures.ts'
import { UNUSED_DAYS } from '../../reporting/kpi.ts'
import { addDays, dayOf, type Period, startOf } from '../../reporting/period.ts'
import type { Answered, ReadingWork } from '../../reporting/reading.ts'
import { AUDIT_SERVICE } from '../../reporting/reading.ts'
import type { AgreedConnection } from './reader-pages.ts'

export interface Shown<Data> extends Answered {
  readonly json: undefined
  readonly data: Data
}

interface WorksParts {
  readonly desk: AuditDesk
  readonly count: AuditStore['count']
  readonly store: FigureStore
  readonly figures: FigureDesk
  readonly registry: () => Registry
  readonly now: () => number
}

const HEAT_DAYS = 28
const ENDING_DAYS = 30

function work<Data>(
  query: Record<string, unknown>,
  answer: ReadingWork<Shown<Data>>['answer'],
): ReadingWork<Shown<Data>> {
  return { ask: () => ({ query, identifier: undefined }), answer }
}

/** Agreements of the registry with the use of what they open. */
function agreedConnections(
  registry: Registry,
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
        title: title.vi,
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

function heatOf(
  groups: readonly { readonly values: readonly string[]; readonly count: number }[],
): number[][] {
  const counts = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0))
  for (const {
    values: [hour = '', service],
    count,
  } of groups) {
    if (service === AUDIT_SERVICE) continue
    const local = new Date(Date.parse(hour) + 7 * 3_600_000)
    const day = counts[(local.getUTCDay() + 6) % 7]
    const at = local.getUTCHours()
    if (day) day[at] = (day[at] ?? 0) + count
  }
  return counts
}

/** What the pages show beyond searching, each as a reading of the log that is recorded like any other. */
export function createWorks({ count, store, figures, registry, now }: WorksParts) {
  const today = () => dayOf(now())

  return {
    statistics: (period: Period) =>
      work<{ figures: Figures; days: DaySeries; hours: number[][] }>(
        { report: 'statistics', period: period.id },
        async ({ parties }) => {
          const since = startOf(addDays(today(), -HEAT_DAYS))
          const [made, days, hours] = await Promise.all([
            figures.of(period, { parties }),
            figures.days(period, { parties }),
            count({ since, until: startOf(today()), parties }, ['hour', 'service']),
          ])
          return {
            found: made.total.total,
            json: undefined,
            data: { figures: made, days, hours: heatOf(hours) },
          }
        },
      ),
    quality: (period: Period) =>
      work<{ figures: Figures; codes: CodeCounts }>(
        { report: 'quality', period: period.id },
        async ({ parties }) => {
          const [made, codes] = await Promise.all([
            figures.of(period, { parties }),
            figures.codes(period, { parties }),
          ])
          return { found: made.total.total, json: undefined, data: { figures: made, codes } }
        },
      ),
    /** A look at how things stand: nothing of the log is read, and it is recorded all the same. */
    status: () =>
      work<undefined>({ report: 'status' }, async () => ({ found: 0, json: undefined, data: undefined })),
    /** All connections the reader may see. */
    connections: (report: string) =>
      work<readonly AgreedConnection[]>({ report }, async ({ parties }) => {
        const all = agreedConnections(registry(), await store.connections(parties), today())
        const own = parties && new Set<string>(parties)
        const data = own
          ? all.filter(
              ({ consumer, service }) =>
                own.has(consumer) || own.has(service.split('/').slice(0, 2).join('/')),
            )
          : all
        return { found: data.length, json: undefined, data }
      }),
    /** Figures and connections of some subsystems, or of one service. */
    party: (
      period: Period,
      query: Record<string, unknown>,
      belongs: (each: AgreedConnection) => boolean,
      keep: { readonly parties?: readonly string[]; readonly service?: string },
    ) =>
      work<{ figures: Figures; connections: readonly AgreedConnection[] }>(
        { ...query, period: period.id },
        async ({ parties }) => {
          const own = parties && new Set<string>(parties)
          const asked = keep.parties
          const scope = asked && own ? asked.filter((id) => own.has(id)) : (asked ?? parties)
          const [made, connections] = await Promise.all([
            figures.of(period, { parties: scope, service: keep.service }),
            store.connections(scope),
          ])
          const all = agreedConnections(registry(), connections, today()).filter(belongs)
          const seen = own
            ? all.filter(
                ({ consumer, service }) =>
                  own.has(consumer) || own.has(service.split('/').slice(0, 2).join('/')),
              )
            : all
          return { found: made.total.total, json: undefined, data: { figures: made, connections: seen } }
        },
      ),
  }
}

export type Works = ReturnType<typeof createWorks>

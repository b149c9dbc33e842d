import { GatewayError } from '../../model/errors.ts'
import type { Outcome } from '../../model/exchange.ts'
import type { Registry } from '../../registry/snapshot.ts'
import { type AuditDesk, type ShownEntry, showEntry } from '../../reporting/audit-desk.ts'
import type { AuditEntry, AuditStore } from '../../reporting/audit-query.ts'
import { type AgreedConnection, agreedConnections, connectionsOf } from '../../reporting/connections.ts'
import type { DeliveryTrouble, WebhookStanding, WebhookStore } from '../../reporting/deliveries.ts'
import type { DaySeries, FigureDesk, FigureStore, Figures } from '../../reporting/figures.ts'
import type { FormDesk } from '../../reporting/form-desk.ts'
import { groundRefusals } from '../../reporting/forms/refusals.ts'
import { type Tally, tally } from '../../reporting/kpi.ts'
import { addDays, dayOf, type Period, startOf } from '../../reporting/period.ts'
import type { Deadlines, QualityStore } from '../../reporting/quality.ts'
import type { Answered, ReadingWork } from '../../reporting/reading.ts'
import type { QualityFacts } from './quality-page.ts'

export interface Shown<Data> extends Answered {
  readonly json: undefined
  readonly data: Data
}

/** What the pages read with. */
export interface WorksParts {
  readonly desk: AuditDesk
  readonly count: AuditStore['count']
  readonly search: AuditStore['search']
  readonly webhooks: WebhookStore
  readonly store: FigureStore
  readonly figures: FigureDesk
  readonly forms: FormDesk
  readonly quality: QualityStore
  readonly deadlines: Deadlines
  readonly registry: () => Registry
  readonly now: () => number
}

/** What one system sees of itself: the last week, and so many exchanges of each kind. */
export interface OwnExchanges {
  readonly tally: Tally
  readonly codes: readonly { readonly code: string; readonly count: number }[]
  readonly problems: readonly ShownEntry[]
  readonly latest: readonly ShownEntry[]
  readonly webhooks: readonly WebhookStanding[]
  readonly troubles: readonly DeliveryTrouble[]
}

export const OWN_DAYS = 7
const OWN_LIMIT = 15
const HEAT_DAYS = 28

function work<Data>(
  query: Record<string, unknown>,
  answer: ReadingWork<Shown<Data>>['answer'],
): ReadingWork<Shown<Data>> {
  return { ask: () => ({ query, identifier: undefined }), answer }
}

function heatOf(
  groups: readonly { readonly values: readonly string[]; readonly count: number }[],
): number[][] {
  const counts = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0))
  for (const {
    values: [hour = ''],
    count,
  } of groups) {
    const local = new Date(Date.parse(hour) + 7 * 3_600_000)
    const day = counts[(local.getUTCDay() + 6) % 7]
    const at = local.getUTCHours()
    if (day) day[at] = (day[at] ?? 0) + count
  }
  return counts
}

/** What the pages show beyond searching, each as a reading of the log that is recorded like any other. */
export function createWorks(parts: WorksParts) {
  const { count, store, figures, registry, now } = parts
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
            count({ since, until: startOf(today()), exchangesOnly: true, parties }, ['hour']),
          ])
          return {
            found: made.total.total,
            json: undefined,
            data: { figures: made, days, hours: heatOf(hours) },
          }
        },
      ),
    quality: (period: Period) =>
      work<QualityFacts>({ report: 'quality', period: period.id }, async ({ parties }) => {
        const { quality, forms } = parts
        const [made, codes, refusals, faults, incidents, datasets] = await Promise.all([
          figures.of(period, { parties }),
          figures.codes(period, { parties }),
          store.refusals(period, { parties }),
          quality.faults(period, parties),
          forms.incidents(period, { parties }),
          forms.datasets({ parties }),
        ])
        return {
          found: made.total.total,
          json: undefined,
          data: {
            figures: made,
            codes,
            refusals: groundRefusals(registry(), refusals),
            faults,
            incidents,
            deadlines: parts.deadlines,
            datasets,
            nowMs: now(),
          },
        }
      }),
    /** What one system asked lately, what went wrong, and its webhooks. */
    own: (system: string) =>
      work<OwnExchanges>({ report: 'own', consumer: system }, async (right) => {
        if (right.parties !== undefined && !right.parties.some((id) => id === system))
          throw new GatewayError('reading_denied')
        const since = startOf(addDays(today(), 1 - OWN_DAYS))
        const conditions = { consumer: system, exchangesOnly: true, since }
        const troubled = (outcome: 'refused' | 'failed') =>
          parts.search({ ...conditions, outcome, limit: OWN_LIMIT })
        const [groups, refused, failed, latest, webhooks, troubles] = await Promise.all([
          count(conditions, ['outcome', 'code']),
          troubled('refused'),
          troubled('failed'),
          parts.search({ ...conditions, limit: OWN_LIMIT }),
          parts.webhooks.webhooksOf(system),
          parts.webhooks.troublesOf(system, OWN_LIMIT),
        ])
        const shown = (entries: readonly AuditEntry[]) => entries.map((entry) => showEntry(entry, right))
        const byTime = [...refused.entries, ...failed.entries].toSorted(
          (a, b) => b.record.receivedAt - a.record.receivedAt,
        )
        return {
          found: groups.reduce((sum, each) => sum + each.count, 0),
          json: undefined,
          data: {
            tally: tally(groups.map(({ values, count: n }) => ({ outcome: values[0] as Outcome, count: n }))),
            codes: groups
              .filter(({ values }) => values[0] !== 'delivered')
              .map(({ values, count: n }) => ({ code: values[1] ?? '', count: n })),
            problems: shown(byTime.slice(0, OWN_LIMIT)),
            latest: shown(latest.entries),
            webhooks,
            troubles,
          },
        }
      }),
    /** A look at how things stand: nothing of the log is read, and it is recorded all the same. */
    status: () =>
      work<undefined>({ report: 'status' }, async () => ({ found: 0, json: undefined, data: undefined })),
    /** All connections the reader may see. */
    connections: (report: string) =>
      work<readonly AgreedConnection[]>({ report }, async ({ parties }) => {
        const all = agreedConnections(registry(), await store.connections(parties), today())
        const data = connectionsOf(all, parties)
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
          const seen = connectionsOf(all, parties)
          return { found: made.total.total, json: undefined, data: { figures: made, connections: seen } }
        },
      ),
  }
}

export type Works = ReturnType<typeof createWorks>

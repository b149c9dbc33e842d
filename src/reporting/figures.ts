import type { Outcome } from '../model/exchange.ts'
import type { AuditConditions, AuditCount, AuditStore, Dimension } from './audit-query.ts'
import {
  coverage,
  type Division,
  type DivisionRow,
  dailyMean,
  divide,
  type Growth,
  growthOf,
  isCovered,
  type PairCount,
  type PeriodCounts,
  successOf,
  type Tally,
  tally,
} from './kpi.ts'
import { addDays, closedPart, dayOf, type Period, samePeriodBefore, startOf } from './period.ts'
import { AUDIT_SERVICE } from './reading.ts'

/** How long exchanges took, from receipt to record, in milliseconds. */
export interface Latency {
  readonly exchanges: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** A consumer and a service that met, with the last day something was delivered between them. */
export interface Connection {
  readonly consumer: string
  readonly provider: string
  readonly service: string
  readonly delivered: number
  /** `yyyy-mm-dd`. */
  readonly lastDelivered: string | undefined
}

/** Whose exchanges count; everybody's where absent. */
export type Parties = readonly string[] | undefined

export interface FigureStore {
  /** First day with an exchange. */
  opening(): Promise<string | undefined>
  connections(parties: Parties): Promise<readonly Connection[]>
  /** Of the latest exchanges since an instant. */
  latency(since: Date, parties: Parties): Promise<Latency | undefined>
}

export interface DayCount extends Tally {
  readonly day: string
}

/** Everything that is said of one period; each figure is defined in `KPIS`. */
export interface Figures {
  readonly period: Period
  /** Its days that are over, and the same days a year before. */
  readonly closed: Period
  readonly base: Period
  readonly opening: string | undefined
  readonly counts: PeriodCounts
  readonly total: Tally
  readonly closedTotal: number
  readonly baseTotal: number
  readonly growth: Growth
  readonly dailyMean: number | undefined
  /** Part of 1. */
  readonly success: number | undefined
  readonly cumulative: number
  /** Codes of provinces. */
  readonly covered: ReadonlySet<string>
  readonly days: readonly DayCount[]
  /** The same period a year before, whole. */
  readonly baseDays: readonly DayCount[]
  readonly refusals: readonly { readonly code: string; readonly provider: string; readonly count: number }[]
  readonly failures: readonly { readonly code: string; readonly provider: string; readonly count: number }[]
  readonly latency: Latency | undefined
}

interface FigureParts {
  readonly count: AuditStore['count']
  readonly store: FigureStore
  /** Unix milliseconds. */
  readonly now: () => number
}

const DAY_MS = 86_400_000
const PAIR = ['consumer', 'provider', 'service', 'outcome'] as const satisfies readonly Dimension[]
const DAY = ['day', 'service', 'outcome'] as const satisfies readonly Dimension[]
const CODE = ['service', 'outcome', 'code', 'provider'] as const satisfies readonly Dimension[]

function spanOf({ from, until }: Period, parties: Parties): AuditConditions {
  return { since: startOf(from), until: startOf(until), parties }
}

/** Groups come in the order of their dimensions' names, which `DIMENSIONS` fixes. */
function pairsOf(groups: readonly AuditCount[]): readonly PairCount[] {
  return groups.flatMap(({ values: [consumer = '', provider = '', service = '', outcome = ''], count }) =>
    service === AUDIT_SERVICE ? [] : [{ consumer, provider, service, outcome: outcome as Outcome, count }],
  )
}

function daysOf(groups: readonly AuditCount[]): readonly DayCount[] {
  const rows = groups.filter(({ values }) => values[1] !== AUDIT_SERVICE)
  const byDay = Map.groupBy(rows, ({ values }) => values[0] ?? '')
  return [...byDay]
    .map(([day, own]) => ({
      day,
      ...tally(own.map(({ values, count }) => ({ outcome: values[2] as Outcome, count }))),
    }))
    .toSorted((a, b) => (a.day < b.day ? -1 : 1))
}

function codesOf(groups: readonly AuditCount[], outcomes: readonly string[]) {
  return groups.flatMap(({ values: [service, outcome = '', code = '', provider = ''], count }) =>
    service !== AUDIT_SERVICE && outcomes.includes(outcome) ? [{ code, provider, count }] : [],
  )
}

/** Puts the figures of a period together from exact counts; the same for whoever shows them. */
export type ComputeFigures = (period: Period, parties?: Parties, service?: string) => Promise<Figures>

export function createFigures({ count, store, now }: FigureParts): ComputeFigures {
  return async (period, parties, service) => {
    const today = dayOf(now())
    const closed = closedPart(period, today)
    const base = samePeriodBefore(closed)
    const running: Period = { ...period, from: closed.until }
    const pairs = async (span: Period) =>
      span.from < span.until ? pairsOf(await count({ ...spanOf(span, parties), service }, PAIR)) : []
    const days = async (span: Period) => daysOf(await count({ ...spanOf(span, parties), service }, DAY))
    const [opening, closedPairs, rest, basePairs, ownDays, baseDays, all, codes, latency] = await Promise.all(
      [
        store.opening(),
        pairs(closed),
        pairs(running),
        pairs(base),
        days(period),
        days(samePeriodBefore(period)),
        count({ parties, service }, ['service']),
        count({ ...spanOf(period, parties), service }, CODE),
        store.latency(new Date(now() - DAY_MS), parties),
      ],
    )
    const current = [...closedPairs, ...rest]
    const covered = isCovered(base, opening)
    const closedTotal = tally(closedPairs).total
    const baseTotal = tally(basePairs).total
    const total = tally(current)
    return {
      period,
      closed,
      base,
      opening,
      counts: { current, closed: closedPairs, base: basePairs, covered },
      total,
      closedTotal,
      baseTotal,
      growth: growthOf(closedTotal, baseTotal, covered),
      dailyMean: dailyMean(closedTotal, closed),
      success: successOf(total),
      cumulative: all.reduce((sum, group) => sum + (group.values[0] === AUDIT_SERVICE ? 0 : group.count), 0),
      covered: coverage(current),
      days: ownDays,
      baseDays,
      refusals: codesOf(codes, ['refused']),
      failures: codesOf(codes, ['failed', 'interrupted']),
      latency,
    }
  }
}

export function divisionOf(figures: Figures, by: Division): readonly DivisionRow[] {
  return divide(figures.counts, by)
}

/** The period a page opens with: the running quarter, or the one before in its first days. */
export function usualPeriod(nowMs: number): string {
  const day = addDays(dayOf(nowMs), -7)
  return `${day.slice(0, 4)}-Q${Math.ceil(Number(day.slice(5, 7)) / 3)}`
}

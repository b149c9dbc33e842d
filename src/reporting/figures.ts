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
import {
  addDays,
  type Comparison,
  closedPart,
  dayOf,
  type Period,
  previousPeriod,
  samePeriodBefore,
  startOf,
} from './period.ts'

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

/** Which exchanges count: those of some subsystems, those of one service; all where both are absent. */
export interface FigureScope {
  readonly parties?: Parties
  readonly service?: string | undefined
}

/** Refusals of one reason by one provider under one agreement. */
export interface Refusal {
  readonly provider: string
  readonly code: string
  readonly agreement: string
  readonly count: number
  /** Days on which it happened, and the last of them. */
  readonly days: number
  readonly last: string
}

/** What one consumer was handed over in packages of one operation. */
export interface PackageCount {
  readonly consumer: string
  readonly service: string
  readonly operation: string
  readonly packages: number
  readonly records: number
  /** Before encryption. */
  readonly bytes: number
}

export interface FirstDelivery {
  readonly service: string
  readonly consumer?: string | undefined
  /** `yyyy-mm-dd`. */
  readonly since: string
}

export interface FigureStore {
  /** The most frequent first. */
  refusals(period: Period, scope: FigureScope): Promise<readonly Refusal[]>
  packages(period: Period, scope: FigureScope): Promise<readonly PackageCount[]>
  /** First day with an exchange. */
  opening(): Promise<string | undefined>
  connections(parties: Parties): Promise<readonly Connection[]>
  /** The first day from `since` on that a service delivered something to a consumer, or to anybody. */
  firstDelivered(asked: readonly FirstDelivery[]): Promise<readonly (string | undefined)[]>
  /** Of the latest exchanges since an instant. */
  latency(since: Date, scope: FigureScope): Promise<Latency | undefined>
}

export interface DayCount extends Tally {
  readonly day: string
}

/** Exchanges of each day that had any. */
export interface DaySeries {
  readonly own: readonly DayCount[]
  /** The same period a year before, whole. */
  readonly before: readonly DayCount[]
}

export interface CodeCount {
  readonly code: string
  readonly provider: string
  readonly count: number
}

/** What was not delivered, by error code and provider, the largest first. */
export interface CodeCounts {
  readonly refusals: readonly CodeCount[]
  /** Failed or interrupted. */
  readonly failures: readonly CodeCount[]
}

/** What is said of one period; each figure is defined in `KPIS`. */
export interface Figures {
  readonly period: Period
  readonly compare: Comparison
  /** Its days that are over, and those it is compared with. */
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
const DAY = ['day', 'outcome'] as const satisfies readonly Dimension[]
const CODE = ['outcome', 'code', 'provider'] as const satisfies readonly Dimension[]

function conditionsOf({ from, until }: Period, scope: FigureScope): AuditConditions {
  return { since: startOf(from), until: startOf(until), exchangesOnly: true, ...scope }
}

/** Groups come in the order of their dimensions' names, which `DIMENSIONS` fixes. */
function pairsOf(groups: readonly AuditCount[]): readonly PairCount[] {
  return groups.map(({ values: [consumer = '', provider = '', service = '', outcome = ''], count }) => ({
    consumer,
    provider,
    service,
    outcome: outcome as Outcome,
    count,
  }))
}

function daysOf(groups: readonly AuditCount[]): readonly DayCount[] {
  const byDay = Map.groupBy(groups, ({ values }) => values[0] ?? '')
  return [...byDay]
    .map(([day, own]) => ({
      day,
      ...tally(own.map(({ values, count }) => ({ outcome: values[1] as Outcome, count }))),
    }))
    .toSorted((a, b) => (a.day < b.day ? -1 : 1))
}

function codesOf(groups: readonly AuditCount[], outcomes: readonly string[]): readonly CodeCount[] {
  const found = new Map<string, CodeCount>()
  for (const {
    values: [outcome = '', code = '', provider = ''],
    count,
  } of groups) {
    if (!outcomes.includes(outcome)) continue
    const key = `${code} ${provider}`
    found.set(key, { code, provider, count: count + (found.get(key)?.count ?? 0) })
  }
  return [...found.values()].toSorted((a, b) => b.count - a.count)
}

/** Puts figures together from exact counts; the same for whoever shows them. Each is asked for by itself. */
export interface FigureDesk {
  of(period: Period, scope?: FigureScope, compare?: Comparison): Promise<Figures>
  days(period: Period, scope?: FigureScope): Promise<DaySeries>
  codes(period: Period, scope?: FigureScope): Promise<CodeCounts>
}

export function createFigures({ count, store, now }: FigureParts): FigureDesk {
  async function pairs(span: Period, scope: FigureScope): Promise<readonly PairCount[]> {
    return span.from < span.until ? pairsOf(await count(conditionsOf(span, scope), PAIR)) : []
  }

  /** The days that are over apart from those that run: they need not be counted each time. */
  async function counts(period: Period, scope: FigureScope, by: readonly Dimension[]) {
    const { until } = closedPart(period, dayOf(now()))
    const spans = [
      { ...period, until },
      { ...period, from: until },
    ].filter((span) => span.from < span.until)
    return (await Promise.all(spans.map((span) => count(conditionsOf(span, scope), by)))).flat()
  }

  return {
    async of(period, scope = {}, compare = 'same-period') {
      const closed = closedPart(period, dayOf(now()))
      const base = compare === 'same-period' ? samePeriodBefore(closed) : previousPeriod(period, closed)
      const [opening, closedPairs, rest, basePairs, all, latency] = await Promise.all([
        store.opening(),
        pairs(closed, scope),
        pairs({ ...period, from: closed.until }, scope),
        pairs(base, scope),
        count({ exchangesOnly: true, ...scope }, []),
        store.latency(new Date(now() - DAY_MS), scope),
      ])
      const current = [...closedPairs, ...rest]
      const covered = isCovered(base, opening)
      const closedTotal = tally(closedPairs).total
      const baseTotal = tally(basePairs).total
      const total = tally(current)
      return {
        period,
        compare,
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
        cumulative: all[0]?.count ?? 0,
        covered: coverage(current),
        latency,
      }
    },
    async days(period, scope = {}) {
      const [own, before] = await Promise.all([
        counts(period, scope, DAY),
        count(conditionsOf(samePeriodBefore(period), scope), DAY),
      ])
      return { own: daysOf(own), before: daysOf(before) }
    },
    async codes(period, scope = {}) {
      const groups = await counts(period, scope, CODE)
      return {
        refusals: codesOf(groups, ['refused']),
        failures: codesOf(groups, ['failed', 'interrupted']),
      }
    },
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

import type { ContractFault } from '../jobs/contract-faults.ts'
import { CRITERIA, type ErrorGroup, emptyTally, groupOf, type Tally } from '../jobs/data-quality.ts'
import { dayOf, type IsWorkingDay } from '../model/calendar.ts'
import { providerOf } from './connections.ts'
import type { Parties } from './figures.ts'
import type { Period } from './period.ts'

/** A rule that a provider's answers broke, from the first time on until they were right for some days. */
export interface IncidentRow {
  readonly service: string
  readonly operation: string
  readonly field: string
  readonly rule: string
  /** `yyyy-mm-dd`; `closed` is the last of the days that showed it mended. */
  readonly opened: string
  readonly last: string
  readonly closed: string | undefined
  /** Answers that broke it. */
  readonly count: number
}

/** What bulk verifications found of one unit's records, for one consumer at one service. */
export interface CleaningRow {
  readonly consumer: string
  readonly service: string
  /** Code of an administrative unit; '' where the records name none. */
  readonly unit: string
  readonly jobs: number
  readonly tally: Tally
}

/** When the newest event of one data set happened, Unix milliseconds. */
export interface NewestEvent {
  readonly service: string
  readonly type: string
  readonly newestMs: number
}

/** How long events of one data set took, in milliseconds from when they happened. */
export interface FreshnessRow extends NewestEvent {
  /** Published within the days asked for. */
  readonly events: number
  readonly publishedP50: number | undefined
  readonly publishedP95: number | undefined
  /** Pushed to subscribers, what was sent anew on request left out. */
  readonly deliveries: number
  readonly deliveredP50: number | undefined
  readonly deliveredP95: number | undefined
  /** Later than the contract promises. */
  readonly late: number
}

/** When a service's events are late: milliseconds after they happened. */
export interface Promised {
  readonly service: string
  readonly type: string
  readonly withinMs: number
}

export interface QualityStore {
  /** Rules broken in a period, the most frequent first. */
  faults(period: Period, parties: Parties): Promise<readonly Omit<ContractFault, 'day'>[]>
  /** Incidents that were open at some time of a period, the oldest first. */
  incidents(period: Period): Promise<readonly IncidentRow[]>
  /** When the newest event of each data set happened. */
  newest(): Promise<readonly NewestEvent[]>
  /** Of jobs done in a period. */
  cleaning(period: Period, parties: Parties): Promise<readonly CleaningRow[]>
  freshness(since: Date, promised: readonly Promised[]): Promise<readonly FreshnessRow[]>
}

/** By when an incident is to be explained, mended, and at the latest mended after a check on the spot: working days. */
export type Deadlines = readonly [explained: number, mended: number, checked: number]

export const AGES = ['explain', 'mend', 'check', 'over'] as const
/** Which of the deadlines an incident has not passed yet. */
export type Age = (typeof AGES)[number]

export interface Incident extends IncidentRow {
  readonly group: ErrorGroup
  /** Working days from its opening until it was closed, or until today. */
  readonly workingDays: number
  readonly age: Age
}

const DAY_MS = 86_400_000

/** @returns working days after one day up to and with another; the first day itself does not count. */
export function workingDaysBetween(isWorkingDay: IsWorkingDay, from: string, until: string): number {
  let count = 0
  for (let ms = Date.parse(from) + DAY_MS; ms <= Date.parse(until); ms += DAY_MS)
    if (isWorkingDay(new Date(ms).toISOString().slice(0, 10))) count += 1
  return count
}

export function ageOf(workingDays: number, [explained, mended, checked]: Deadlines): Age {
  if (workingDays <= explained) return 'explain'
  if (workingDays <= mended) return 'mend'
  return workingDays <= checked ? 'check' : 'over'
}

interface IncidentGround {
  readonly isWorkingDay: IsWorkingDay
  readonly deadlines: Deadlines
  /** `yyyy-mm-dd`. */
  readonly today: string
}

/** @returns incidents with their group and age, the open ones first, then the older ones. */
export function judgeIncidents(
  rows: readonly IncidentRow[],
  { isWorkingDay, deadlines, today }: IncidentGround,
): readonly Incident[] {
  return rows
    .map((row) => {
      const workingDays = workingDaysBetween(isWorkingDay, row.opened, row.closed ?? today)
      const group: ErrorGroup = row.rule === SILENT ? 7 : groupOf({ rule: row.rule })
      return { ...row, group, workingDays, age: ageOf(workingDays, deadlines) }
    })
    .toSorted(
      (a, b) =>
        Number(a.closed !== undefined) - Number(b.closed !== undefined) ||
        (a.opened < b.opened ? -1 : a.opened > b.opened ? 1 : 0),
    )
}

/** How many incidents of one provider are open at one age. */
export interface IncidentCount {
  readonly provider: string
  readonly age: Age
  readonly count: number
}

/** @returns the open ones of each provider at each age, the zeros too. */
export function countByProvider(
  incidents: readonly Incident[],
  providers: Iterable<string>,
): readonly IncidentCount[] {
  const open = incidents.filter(({ closed }) => closed === undefined)
  const counts = Map.groupBy(open, ({ service, age }) => `${providerOf(service)} ${age}`)
  const all = new Set([...providers, ...open.map(({ service }) => providerOf(service))])
  return [...all].flatMap((provider) =>
    AGES.map((age) => ({ provider, age, count: counts.get(`${provider} ${age}`)?.length ?? 0 })),
  )
}

/** What stands for a rule where a data set has had no event for longer than its contract allows. */
export const SILENT = 'silent'

/** @param silentAfterMs undefined where the contract promises nothing. */
export function silenceOf(
  { service, type, newestMs }: NewestEvent,
  silentAfterMs: number | undefined,
  nowMs: number,
): IncidentRow | undefined {
  if (silentAfterMs === undefined || nowMs - newestMs <= silentAfterMs) return undefined
  const opened = dayOf(newestMs + silentAfterMs)
  return {
    service,
    operation: type,
    field: '',
    rule: SILENT,
    opened,
    last: dayOf(nowMs),
    closed: undefined,
    count: 0,
  }
}

/** Puts tallies together. */
export function sumTallies(tallies: Iterable<Tally>): Tally {
  const sum = emptyTally()
  for (const { records, outcomes, groups, failing } of tallies) {
    sum.records += records
    for (const name of ['matched', 'differs', 'not_found', 'duplicate', 'invalid'] as const)
      sum.outcomes[name] += outcomes[name]
    for (const group of [1, 2, 3, 4, 5, 6, 7, 8] as const) sum.groups[group] += groups[group]
    for (const { id } of CRITERIA) sum.failing[id] += failing[id]
  }
  return sum
}

import type { Bilingual } from '../model/identifier.ts'

/** A span of whole days of Vietnam's calendar. */
export interface Period {
  /** As it was asked for: `2026`, `2026-H1`, `2026-Q3`, `2026-11`, `2026-11-22`. */
  readonly id: string
  /** First day, `yyyy-mm-dd`. */
  readonly from: string
  /** First day that no longer belongs. */
  readonly until: string
}

const DAY_MS = 86_400_000
/** Vietnam is at UTC+7 all year. */
const ZONE_MS = 7 * 3_600_000

/** @returns the day it is in Vietnam, `yyyy-mm-dd`. */
export function dayOf(ms: number): string {
  return new Date(ms + ZONE_MS).toISOString().slice(0, 10)
}

/** @returns the instant a day begins in Vietnam. */
export function startOf(day: string): Date {
  return new Date(Date.parse(`${day}T00:00:00Z`) - ZONE_MS)
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10)
}

/** @returns how many days lie from one day to another. */
export function daysBetween(from: string, until: string): number {
  return Math.max(0, Math.round((Date.parse(until) - Date.parse(from)) / DAY_MS))
}

function monthStart(year: number, month: number): string {
  return new Date(Date.UTC(year, month - 1, 1)).toISOString().slice(0, 10)
}

function months(id: string, year: number, first: number, count: number): Period {
  return { id, from: monthStart(year, first), until: monthStart(year, first + count) }
}

/** @returns the period that a name means; undefined where it names none. */
export function parsePeriod(id: string): Period | undefined {
  const [match, yearText = '', half, quarter, month, day] =
    /^(2\d{3})(?:-H([12])|-Q([1-4])|-(0[1-9]|1[0-2])(?:-(\d{2}))?)?$/.exec(id) ?? []
  if (match === undefined) return undefined
  const year = Number(yearText)
  if (half !== undefined) return months(id, year, Number(half) * 6 - 5, 6)
  if (quarter !== undefined) return months(id, year, Number(quarter) * 3 - 2, 3)
  if (month === undefined) return months(id, year, 1, 12)
  if (day === undefined) return months(id, year, Number(month), 1)
  const isDay = new Date(`${id}T00:00:00Z`).toJSON()?.startsWith(id) ?? false
  return isDay ? { id, from: id, until: addDays(id, 1) } : undefined
}

/** The same day a year before; of 29 February it is 1 March, so that spans stay spans. */
function yearBefore(day: string): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(Date.UTC(year - 1, month - 1, date)).toISOString().slice(0, 10)
}

/** The same days a year before (cùng kỳ). */
export function samePeriodBefore({ id, from, until }: Period): Period {
  return { id: `${id}−1`, from: yearBefore(from), until: yearBefore(until) }
}

/** What a period is compared with: the same days a year before (cùng kỳ), or the period right before it (kỳ trước). */
export const COMPARISONS = ['same-period', 'previous-period'] as const
export type Comparison = (typeof COMPARISONS)[number]

function monthsOf({ from, until }: Period): number {
  const [year = 0, month = 0] = from.split('-').map(Number)
  const [untilYear = 0, untilMonth = 0] = until.split('-').map(Number)
  return (untilYear - year) * 12 + untilMonth - month
}

/**
 * @param closed the days of `period` that are over.
 * @returns as many days of the period before; all of it where the period is over.
 */
export function previousPeriod(period: Period, closed: Period): Period {
  const { id, from } = period
  const count = monthsOf(period)
  const [year = 0, month = 1] = from.split('-').map(Number)
  const start =
    count === 0 ? addDays(from, -daysBetween(from, period.until)) : monthStart(year, month - count)
  const asMany = addDays(start, daysBetween(from, closed.until))
  const isOver = closed.until === period.until
  return { id: `${id}‹`, from: start, until: isOver || asMany > from ? from : asMany }
}

/** The part of a period that is over: a day that still runs is compared with nothing. */
export function closedPart(period: Period, today: string): Period {
  const until = today < period.until ? today : period.until
  return { ...period, until: until < period.from ? period.from : until }
}

/** @returns a period in words: `Quý IV/2026`, `6 tháng đầu năm 2026`. */
export function periodName(id: string): Bilingual {
  const [year = '', part = '', day] = id.split('-')
  if (part === '') return { vi: `Năm ${year}`, en: year }
  if (part.startsWith('H'))
    return part === 'H1'
      ? { vi: `6 tháng đầu năm ${year}`, en: `First half of ${year}` }
      : { vi: `6 tháng cuối năm ${year}`, en: `Second half of ${year}` }
  if (part.startsWith('Q'))
    return { vi: `Quý ${['I', 'II', 'III', 'IV'][Number(part[1]) - 1]}/${year}`, en: `${part} ${year}` }
  if (day !== undefined) return { vi: `Ngày ${day}/${part}/${year}`, en: `${day}/${part}/${year}` }
  return { vi: `Tháng ${part}/${year}`, en: `${part}/${year}` }
}

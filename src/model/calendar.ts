import type { Bilingual } from './identifier.ts'

/** Days on which offices are closed though it is no weekend, and weekend days on which they work in their place. */
export interface Calendar {
  readonly kind: 'Calendar'
  readonly id: string
  readonly title: Bilingual
  /** `yyyy-mm-dd`, Vietnam's time; `until` is the last day. */
  readonly holidays: readonly { readonly from: string; readonly until?: string; readonly title: Bilingual }[]
  /** Saturdays and Sundays that are worked. */
  readonly workedDays?: readonly string[]
}

/** Tells working days from others. */
export type IsWorkingDay = (day: string) => boolean

const DAY_MS = 86_400_000
/** Vietnam is at UTC+7 all year. */
const OFFSET_MS = 25_200_000

/** @returns the day of an instant in Vietnam, `yyyy-mm-dd`. */
export function dayOf(instantMs: number): string {
  return new Date(instantMs + OFFSET_MS).toISOString().slice(0, 10)
}

function nextDay(day: string, step: 1 | -1): string {
  return new Date(Date.parse(day) + step * DAY_MS).toISOString().slice(0, 10)
}

/** @returns what tells the working days that all calendars together leave. */
export function workingDays(calendars: readonly Calendar[]): IsWorkingDay {
  const closed = new Set<string>()
  const worked = new Set(calendars.flatMap((calendar) => calendar.workedDays ?? []))
  for (const { from, until = from } of calendars.flatMap(({ holidays }) => holidays)) {
    for (let day = from; day <= until; day = nextDay(day, 1)) closed.add(day)
  }
  return (day) => {
    if (closed.has(day)) return false
    const weekday = new Date(day).getUTCDay()
    return worked.has(day) || (weekday !== 0 && weekday !== 6)
  }
}

/**
 * @param days may be negative: so many working days before.
 * @returns the first millisecond after the last of so many working days that follow the day of the instant. That day
 * itself does not count (Civil Code, Article 147).
 */
export function afterWorkingDays(isWorkingDay: IsWorkingDay, instantMs: number, days: number): number {
  const step = days < 0 ? -1 : 1
  let day = dayOf(instantMs)
  for (let left = Math.abs(days); left > 0; ) {
    day = nextDay(day, step)
    if (isWorkingDay(day)) left -= 1
  }
  return Date.parse(day) - OFFSET_MS + DAY_MS
}

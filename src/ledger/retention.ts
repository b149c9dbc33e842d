/** Which months' identifying keys are to be destroyed; pure. Months are `yyyy-mm`, UTC, as tag keys are named. */

/** The service that erasures and holds are recorded under. */
export const ERASURE_SERVICE = 'erasure'

/** An order to keep what would be destroyed. */
export interface LegalHold {
  readonly id: string
  /** Who ordered it, and by which document. */
  readonly authority: string
  /** The first and the last month it is for. */
  readonly fromMonth: string
  readonly toMonth: string
  /** Its last day, `yyyy-mm-dd`, in Vietnam's time. */
  readonly untilDay: string
}

/** @returns the holds that keep a month on a day. */
export function holdsOver(month: string, today: string, holds: readonly LegalHold[]): readonly LegalHold[] {
  return holds.filter(
    ({ fromMonth, toMonth, untilDay }) => fromMonth <= month && month <= toMonth && today <= untilDay,
  )
}

/** The day in Vietnam, `yyyy-mm-dd`. @param nowMs Unix milliseconds. */
export function dayInVietnam(nowMs: number): string {
  return new Date(nowMs + 7 * 3_600_000).toISOString().slice(0, 10)
}

/** @returns whether a month ended at least `keepMonths` whole months before the present one. */
export function isPastRetention(month: string, keepMonths: number, nowMs: number): boolean {
  const now = new Date(nowMs)
  const latest = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - keepMonths - 1))
  return month <= latest.toISOString().slice(0, 7)
}

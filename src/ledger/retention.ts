/**
 * What of the records' private parts is to be erased, and what is kept from it; pure. Months are `yyyy-mm`, UTC, as tag
 * keys are named.
 */

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

/** A month that a hold keeps. */
export interface HeldMonth {
  readonly month: string
  readonly hold: string
}

/** @returns the holds that keep a month on a day. */
export function holdsOver(month: string, today: string, holds: readonly LegalHold[]): readonly LegalHold[] {
  return holds.filter(
    ({ fromMonth, toMonth, untilDay }) => fromMonth <= month && month <= toMonth && today <= untilDay,
  )
}

/** @returns the months that holds keep on a day, each with the hold. */
export function heldMonths(
  months: readonly string[],
  today: string,
  holds: readonly LegalHold[],
): readonly HeldMonth[] {
  return months.flatMap((month) => holdsOver(month, today, holds).map(({ id }) => ({ month, hold: id })))
}

/** The day in Vietnam, `yyyy-mm-dd`. @param nowMs Unix milliseconds. */
export function dayInVietnam(nowMs: number): string {
  return new Date(nowMs + 7 * 3_600_000).toISOString().slice(0, 10)
}

const DAY_MS = 86_400_000

/** For how many days private parts are kept, by the security level (1–5) of the subsystem that answered. */
export type RetentionDays = Readonly<Record<`level${1 | 2 | 3 | 4 | 5}Days`, number>>

/** What is due of the subsystems of some levels: all that was received before an instant. */
export interface DueSpan {
  readonly levels: readonly number[]
  readonly days: number
  /** Unix milliseconds. */
  readonly beforeMs: number
  readonly providers: readonly string[]
}

/** @returns what is due by subsystems, one span for all levels with the same days. */
export function dueSpans(
  subsystems: Iterable<{ readonly id: string; readonly securityLevel: number }>,
  days: RetentionDays,
  nowMs: number,
): readonly DueSpan[] {
  const byLevel = Map.groupBy(subsystems, ({ securityLevel }) => securityLevel)
  const levels = ([1, 2, 3, 4, 5] as const).map((level) => ({ level, days: days[`level${level}Days`] }))
  return [...Map.groupBy(levels, (each) => each.days)]
    .map(([span, group]) => ({
      levels: group.map(({ level }) => level),
      days: span,
      beforeMs: nowMs - span * DAY_MS,
      providers: group.flatMap(({ level }) => (byLevel.get(level) ?? []).map(({ id }) => id)).sort(),
    }))
    .toSorted((one, other) => one.days - other.days)
}

/**
 * @returns the months whose records are all past the longest span, whoever answered: also refusals, readings of the
 * log, and what subsystems answered that are no longer registered.
 */
export function dueMonths(months: readonly string[], days: RetentionDays, nowMs: number): readonly string[] {
  const before = new Date(nowMs - Math.max(...Object.values(days)) * DAY_MS)
  const first = before.toISOString().slice(0, 7)
  return months.filter((month) => month < first)
}

/** Of what something was erased, and by which record of the log. */
export interface Erasure {
  /** Exchange id of the erasure's own record. */
  readonly by: string
  /** `yyyy-mm-dd` in Vietnam: holds that ended before it keep nothing. */
  readonly today: string
}

/** A person's tags of one month: that of records about the person, and that of batches that asked about many. */
export interface PersonTag {
  readonly month: string
  readonly tag: string
  readonly inBatch?: Uint8Array | undefined
}

/** Where the log is about a person. */
export interface PersonTraces {
  readonly tags: readonly PersonTag[]
  /** Exchanges about this person: their private parts are about nobody else. */
  readonly exchanges: readonly string[]
  /** Batches that asked about the person among others. */
  readonly batches: readonly string[]
}

/** What is kept of a person's exchanges still: a case under way, an event being told, a file of many people's records. */
export interface LeftCopy {
  readonly kind: 'linked_procedure' | 'document_request' | 'event' | 'bulk_job'
  readonly id: string
  /** Then it goes by itself; absent where that is when it has ended. */
  readonly until?: Date
}

/** What an erasure came to of what is kept of exchanges beside their records. */
export interface ErasedCopies {
  readonly erased: number
  readonly left: readonly LeftCopy[]
}

/** Private parts, the keys of their tags, and the holds over them. Nothing that a hold keeps by then is erased. */
export interface ErasureStore {
  /** Months whose key is there. */
  keyMonths(): Promise<readonly string[]>
  /** Holds that were not released, ended ones included. */
  holds(): Promise<readonly LegalHold[]>
  /** @returns whether it was placed; false where the id is taken. */
  place(hold: LegalHold): Promise<boolean>
  /** @returns whether there was such a hold. */
  release(id: string): Promise<boolean>
  /** Erases all private parts of whole months, keys, tags and disclosures. @returns the months erased. */
  destroy(months: readonly string[], erasure: Erasure): Promise<readonly string[]>
  /** How many records of a span have a private part, or tags of a batch, and are not held. */
  countSpan(span: DueSpan, today: string): Promise<number>
  /** Erases them, some thousands at a time. @returns how many. */
  eraseSpan(span: DueSpan, erasure: Erasure): Promise<number>
  /** Where the log is about a person, by tags; held ones too. */
  tracesOf(tags: readonly PersonTag[]): Promise<PersonTraces>
  /** Erases the private parts about a person, and the person's tags of batches. @returns of how many records. */
  eraseTraces(traces: PersonTraces, erasure: Erasure): Promise<number>
  /**
   * Erases what is kept of a person's exchanges, and of what they were parts of, beside the records.
   * @param isDry nothing is done: it tells what would be.
   */
  eraseCopies(traces: PersonTraces, today: string, isDry: boolean): Promise<ErasedCopies>
  /**
   * Writes those months' private parts anew that something was erased in, so that no byte of it stays in their files;
   * a month that has not ended is left until it has, since exchanges would wait for it.
   */
  rewrite(presentMonth: string): Promise<void>
  /** The same for all other tables: exchanges wait for these, so it is for the night. */
  rewriteCopies(): Promise<void>
}

/** @returns how far a subsystem needs no second look: up to the first month that a hold kept. */
export function settledUntil(
  span: { readonly fromMs: number; readonly beforeMs: number },
  holds: readonly LegalHold[],
  today: string,
): number {
  let settledMs = span.beforeMs
  for (const { fromMonth, toMonth, untilDay } of holds) {
    if (untilDay < today) continue
    const startMs = Date.parse(`${fromMonth}-01T00:00:00Z`)
    const last = new Date(`${toMonth}-01T00:00:00Z`)
    const endMs = last.setUTCMonth(last.getUTCMonth() + 1)
    if (endMs > span.fromMs && startMs < settledMs) settledMs = Math.max(startMs, span.fromMs)
  }
  return settledMs
}

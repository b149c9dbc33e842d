import { PROVINCES } from '../reporting/provinces.ts'

/** Counts of one day between a consumer and a service. */
export interface HistoryRow {
  /** `yyyy-mm-dd`. */
  readonly at: string
  readonly consumer: string
  readonly provider: string
  readonly service: string
  readonly operation: string
  readonly outcome: 'delivered' | 'refused' | 'failed'
  readonly code: string
  readonly purpose: string
  readonly count: number
}

export interface HistoryPlan {
  /** First and last day, `yyyy-mm-dd`. */
  readonly from: string
  readonly to: string
  /** Services that the one-stop systems ask, the busiest first. */
  readonly services: readonly { readonly id: string; readonly operation: string; readonly purpose: string }[]
  /** About how many exchanges there are in all. */
  readonly exchanges: number
}

const DAY_MS = 86_400_000
const MERGER = '2025-07-01'
/** First day of the lunar year: offices are shut for a week. */
const TET = ['2025-01-29', '2026-02-17', '2027-02-06']
/** What a year adds, on the whole. */
const YEARLY_GROWTH = 1.67
/** Days on which nothing was carried: the gateway was being moved. */
const HOLES = new Set(['2025-04-13', '2025-04-14', '2025-10-05', '2026-05-17'])
const REFUSALS = ['field_not_agreed', 'agreement_missing', 'purpose_not_agreed', 'quota_exceeded']
const FAILURES = ['provider_unavailable', 'provider_timeout', 'response_invalid']

/** mulberry32: the same history wherever it is made. */
function createDraw(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How busy a day is beside an ordinary working day. */
function seasonOf(day: string): number {
  if (HOLES.has(day)) return 0
  const ms = Date.parse(day)
  if (TET.some((first) => ms >= Date.parse(first) - 2 * DAY_MS && ms < Date.parse(first) + 6 * DAY_MS))
    return 0.04
  const weekday = new Date(ms).getUTCDay()
  const week = weekday === 0 ? 0.14 : weekday === 6 ? 0.3 : weekday === 1 ? 1.2 : 1
  const date = Number(day.slice(8))
  const month =
    [0.92, 0.8, 1.06, 1.08, 1, 0.98, 1.1, 1.12, 1.02, 1, 1.05, 1.12][Number(day.slice(5, 7)) - 1] ?? 1
  return week * month * (date >= 25 ? 1.15 : 1)
}

/** Weights and growth of each agency that asks; those that were merged asked under their own codes until then. */
function agenciesOf(draw: () => number) {
  const big: Readonly<Record<string, number>> = {
    '79': 6,
    '01': 5.2,
    '31': 2.4,
    '48': 2.1,
    '75': 2,
    '40': 1.7,
    '38': 1.7,
  }
  return PROVINCES.flatMap(({ code, agencies }) => {
    const weight = (big[code] ?? 0.5 + draw()) / agencies.length
    const growth = 0.75 + draw() * 0.55
    const surge = draw() < 0.3 ? 1 + draw() : 0
    const surgeMonth = Math.floor(draw() * 24)
    return agencies.map((agency, place) => ({
      agency,
      isMain: place === 0,
      merged: agencies.length,
      weight,
      growth,
      surge,
      surgeMonth,
    }))
  })
}

function* countsOf(plan: HistoryPlan): Generator<HistoryRow> {
  const draw = createDraw(20_260_101)
  const agencies = agenciesOf(draw)
  const fromMs = Date.parse(plan.from)
  for (let ms = fromMs; ms <= Date.parse(plan.to); ms += DAY_MS) {
    const at = new Date(ms).toISOString().slice(0, 10)
    const season = seasonOf(at)
    const years = (ms - fromMs) / (365 * DAY_MS)
    const storm = 0.85 + draw() * 0.3
    for (const { agency, isMain, merged, weight, growth, surge, surgeMonth } of agencies) {
      if (at >= MERGER && !isMain) continue
      const own = at >= MERGER ? weight * merged : weight
      const isSurge = Math.floor(years * 12) === surgeMonth
      const scale = season * storm * own * (YEARLY_GROWTH * growth) ** years * (1 + (isSurge ? surge : 0))
      for (const [place, { id, operation, purpose }] of plan.services.entries()) {
        const count = scale * (1 / (place + 1)) * (0.8 + draw() * 0.4)
        const [provider] = [id.split('/').slice(0, 2).join('/')]
        const row = { at, consumer: `${agency}/mot-cua`, provider, service: id, operation, purpose, code: '' }
        const badDay = draw() < 0.01 ? 0.2 : 0.012
        const failed = count * badDay * draw()
        const refused = count * 0.03 * draw()
        yield { ...row, outcome: 'delivered', count: count - failed - refused }
        yield {
          ...row,
          outcome: 'failed',
          code: FAILURES[Math.floor(draw() * FAILURES.length)] ?? '',
          count: failed,
        }
        if (draw() < 0.5) {
          yield {
            ...row,
            outcome: 'refused',
            code: REFUSALS[Math.floor(draw() * REFUSALS.length)] ?? '',
            count: refused,
          }
        }
      }
    }
  }
}

/**
 * A history that never happened, the same each time: growing but not steadily, with weekends, Tết, bad days, days
 * without any exchange, and provinces under their old codes before the merger.
 */
export function* syntheticHistory(plan: HistoryPlan): Generator<HistoryRow> {
  let sum = 0
  for (const { count } of countsOf(plan)) sum += count
  const unit = plan.exchanges / sum
  for (const row of countsOf(plan)) {
    const count = Math.round(row.count * unit)
    if (count > 0) yield { ...row, count }
  }
}

/** What part of a day falls into each hour, from midnight on; the whole is 1. */
const HOURS = [1, 1, 1, 1, 1, 2, 6, 30, 90, 110, 105, 70, 25, 70, 105, 100, 80, 40, 14, 8, 6, 4, 2, 1]

/** The same rows spread over the hours of their day; sums stay as they are. */
export function* spreadOverHours(rows: Iterable<HistoryRow>): Generator<HistoryRow> {
  const whole = HOURS.reduce((sum, part) => sum + part, 0)
  for (const row of rows) {
    let given = 0
    let parts = 0
    for (const [hour, part] of HOURS.entries()) {
      parts += part
      const upTo = Math.round((row.count * parts) / whole)
      const count = upTo - given
      given = upTo
      if (count > 0) yield { ...row, at: `${row.at}T${String(hour).padStart(2, '0')}:00:00+07:00`, count }
    }
  }
}

import type { Outcome } from '../model/exchange.ts'
import type { Bilingual } from '../model/identifier.ts'
import { daysBetween, type Period } from './period.ts'
import { PROVINCES, provinceOf } from './provinces.ts'

/** A figure that is published, defined once for the console, the interface and the command line. */
export interface KpiDefinition {
  readonly title: Bilingual
  readonly unit: Bilingual
  readonly formula: Bilingual
  /** What is counted, and what is not. */
  readonly counts: Bilingual
}

const EXCHANGES: Bilingual = { vi: 'giao dịch', en: 'exchanges' }
const PERCENT: Bilingual = { vi: '%', en: '%' }
const COUNTED: Bilingual = {
  vi: 'Mỗi yêu cầu của một hệ thống đã xác thực là một giao dịch, dù được trả lời, bị từ chối hay không thành; gọi lại bên cung cấp nhiều lần vẫn là một. Lượt đọc sổ giao dịch không tính.',
  en: 'Each request of an authenticated system is one exchange, whether delivered, refused or failed; several attempts at the provider are still one. Readings of the log do not count.',
}

export const KPIS = {
  exchanges: {
    title: { vi: 'Tổng số giao dịch', en: 'Exchanges' },
    unit: EXCHANGES,
    formula: { vi: 'số bản ghi của kỳ trong sổ giao dịch', en: 'records of the period in the exchange log' },
    counts: COUNTED,
  },
  growth: {
    title: { vi: 'So với cùng kỳ năm trước', en: 'Against the same period last year' },
    unit: PERCENT,
    formula: {
      vi: '(kỳ này − cùng kỳ) ÷ cùng kỳ, trên những ngày đã hết',
      en: '(this period − same period) ÷ same period, over the days that are over',
    },
    counts: {
      vi: 'Lịch UTC+7. Kỳ gốc mà sổ chưa mở suốt: “chưa đủ dữ liệu”. Kỳ gốc dưới 30 giao dịch: không tính tỷ lệ. Tỉnh đã sáp nhập ngày 01/07/2025 được tính vào tỉnh hiện nay ở cả hai kỳ.',
      en: 'Calendar of UTC+7. A base period the log was not open for throughout: not enough data. A base under 30 exchanges: no percentage. Provinces merged on 2025-07-01 count with the province of today in both periods.',
    },
  },
  dailyMean: {
    title: { vi: 'Trung bình mỗi ngày', en: 'Mean per day' },
    unit: { vi: 'giao dịch/ngày', en: 'exchanges/day' },
    formula: {
      vi: 'giao dịch của các ngày đã hết ÷ số ngày đó',
      en: 'exchanges of the days that are over ÷ their number',
    },
    counts: COUNTED,
  },
  success: {
    title: { vi: 'Tỷ lệ thành công', en: 'Success' },
    unit: PERCENT,
    formula: {
      vi: 'đã trả ÷ (đã trả + không thành + đứt quãng)',
      en: 'delivered ÷ (delivered + failed + interrupted)',
    },
    counts: {
      vi: 'Từ chối đúng quy định là quyết định, không phải sự cố: không tính vào tỷ lệ này.',
      en: 'A refusal by the rules is a decision, no failure: it does not enter here.',
    },
  },
  cumulative: {
    title: { vi: 'Lũy kế từ khi vận hành', en: 'Cumulative since opening' },
    unit: EXCHANGES,
    formula: { vi: 'mọi giao dịch từ bản ghi đầu tiên', en: 'all exchanges since the first record' },
    counts: COUNTED,
  },
  coverage: {
    title: { vi: 'Tỉnh, thành phố có giao dịch', en: 'Provinces with exchanges' },
    unit: { vi: 'tỉnh, thành phố', en: 'provinces' },
    formula: {
      vi: `số tỉnh, thành có ít nhất một giao dịch được trả ÷ ${PROVINCES.length}`,
      en: `provinces with at least one delivered exchange ÷ ${PROVINCES.length}`,
    },
    counts: {
      vi: 'Theo cơ quan của hệ thống hỏi hoặc trả lời.',
      en: 'By the agency of the asking or answering system.',
    },
  },
  p95: {
    title: { vi: 'Độ trễ p95', en: 'p95 latency' },
    unit: { vi: 'ms', en: 'ms' },
    formula: {
      vi: 'mốc mà 95 % giao dịch của 24 giờ qua xong trước đó (10.000 giao dịch gần nhất)',
      en: 'what 95 % of the last 24 hours’ exchanges (the latest 10,000) took less than',
    },
    counts: {
      vi: 'Từ lúc nhận đến lúc ghi sổ, kể cả thời gian của bên cung cấp.',
      en: "From receipt to record, the provider's time included.",
    },
  },
  refusals: {
    title: { vi: 'Từ chối', en: 'Refusals' },
    unit: EXCHANGES,
    formula: { vi: 'số giao dịch bị từ chối, theo lý do', en: 'exchanges refused, by reason' },
    counts: { vi: 'Mã lý do là mã lỗi của cổng.', en: "Reasons are the gateway's error codes." },
  },
  unused: {
    title: { vi: 'Kết nối không dùng từ 90 ngày', en: 'Connections unused for 90 days' },
    unit: { vi: 'kết nối', en: 'connections' },
    formula: {
      vi: 'thỏa thuận còn hiệu lực mà cặp hệ thống–dịch vụ không có giao dịch được trả trong 90 ngày',
      en: 'agreements in force whose system–service pair had no delivered exchange in 90 days',
    },
    counts: {
      vi: 'Thỏa thuận có hiệu lực chưa đủ 90 ngày không tính.',
      en: 'Agreements younger than 90 days do not count.',
    },
  },
} as const satisfies Record<string, KpiDefinition>

export type KpiId = keyof typeof KPIS

/** A base this small gives percentages that mean nothing. */
export const MIN_BASE = 30
/** Counts this small could point at somebody: outside the roles they are not shown. */
export const MIN_CELL = 10
export const UNUSED_DAYS = 90

/** How often these four met in a span of days. */
export interface PairCount {
  readonly consumer: string
  readonly provider: string
  readonly service: string
  readonly outcome: Outcome
  readonly count: number
}

export type Growth =
  | { readonly kind: 'ratio'; readonly ratio: number }
  /** The log was not open throughout the base period. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'small_base' }

/** @param opening first day of the log; undefined where it holds nothing. */
export function isCovered(period: Period, opening: string | undefined): boolean {
  return opening !== undefined && opening <= period.from && period.from < period.until
}

export function growthOf(current: number, base: number, covered: boolean): Growth {
  if (!covered) return { kind: 'incomplete' }
  return base < MIN_BASE ? { kind: 'small_base' } : { kind: 'ratio', ratio: current / base - 1 }
}

export interface Tally {
  readonly total: number
  readonly delivered: number
  readonly refused: number
  /** Failed or interrupted. */
  readonly failed: number
}

export function tally(rows: Iterable<Pick<PairCount, 'outcome' | 'count'>>): Tally {
  let [delivered, refused, failed] = [0, 0, 0]
  for (const { outcome, count } of rows) {
    if (outcome === 'delivered') delivered += count
    else if (outcome === 'refused') refused += count
    else failed += count
  }
  return { total: delivered + refused + failed, delivered, refused, failed }
}

/** @returns the part of 1 that was delivered of all that could have been; undefined of nothing. */
export function successOf({ delivered, failed }: Tally): number | undefined {
  return delivered + failed === 0 ? undefined : delivered / (delivered + failed)
}

/** The whole days of a period and their mean. */
export function dailyMean(total: number, closed: Period): number | undefined {
  const days = daysBetween(closed.from, closed.until)
  return days === 0 ? undefined : total / days
}

/** Codes of the provinces that asked or answered. */
export function coverage(rows: Iterable<PairCount>): ReadonlySet<string> {
  const covered = new Set<string>()
  for (const { consumer, provider, outcome } of rows) {
    if (outcome !== 'delivered') continue
    for (const party of [consumer, provider]) {
      const province = provinceOf(party)
      if (province) covered.add(province.code)
    }
  }
  return covered
}

export const DIVISIONS = ['province', 'agency', 'provider', 'service'] as const
/** What exchanges are divided by: the province, agency that asked, the agency that answered, the service. */
export type Division = (typeof DIVISIONS)[number]

const KEYS: Readonly<Record<Division, (row: PairCount) => string | undefined>> = {
  province: ({ consumer }) => provinceOf(consumer)?.code,
  // A province's agencies of before the merger count as the one of today.
  agency: ({ consumer }) => provinceOf(consumer)?.agencies[0] ?? consumer.split('/')[0],
  provider: ({ provider }) => provider.split('/')[0] || undefined,
  service: ({ service }) => service || undefined,
}

export interface DivisionRow extends Tally {
  readonly key: string
  /** Of the part that is over, and of the same days a year before. */
  readonly closed: number
  readonly base: number
  readonly growth: Growth
}

/** Counts of one period: as it stands, its days that are over, and the same days a year before. */
export interface PeriodCounts {
  readonly current: readonly PairCount[]
  readonly closed: readonly PairCount[]
  readonly base: readonly PairCount[]
  readonly covered: boolean
}

/** One row for each key that has exchanges now or had them in the base period, the largest first. */
export function divide(counts: PeriodCounts, by: Division): readonly DivisionRow[] {
  const keyOf = KEYS[by]
  const group = (rows: readonly PairCount[]) => Map.groupBy(rows, (row) => keyOf(row) ?? '')
  const [current, closed, base] = [group(counts.current), group(counts.closed), group(counts.base)]
  const keys = new Set([...current.keys(), ...base.keys()].filter((key) => key !== ''))
  return [...keys]
    .map((key) => {
      const closedTotal = tally(closed.get(key) ?? []).total
      const baseTotal = tally(base.get(key) ?? []).total
      return {
        key,
        ...tally(current.get(key) ?? []),
        closed: closedTotal,
        base: baseTotal,
        growth: growthOf(closedTotal, baseTotal, counts.covered),
      }
    })
    .toSorted((a, b) => b.total - a.total || (a.key < b.key ? -1 : 1))
}

/**
 * Small-cell suppression for whoever has no role: counts under `MIN_CELL` are left out; where that leaves one
 * count alone, which the total would give away, the next smallest goes with it.
 * @returns undefined in place of what is not told.
 */
export function suppressSmall(counts: readonly number[]): readonly (number | undefined)[] {
  const hidden = new Set(counts.flatMap((count, place) => (count > 0 && count < MIN_CELL ? [place] : [])))
  if (hidden.size === 1) {
    const rest = counts
      .map((count, place) => ({ count, place }))
      .filter(({ count, place }) => count > 0 && !hidden.has(place))
      .toSorted((a, b) => a.count - b.count)
    if (rest[0]) hidden.add(rest[0].place)
  }
  return counts.map((count, place) => (hidden.has(place) ? undefined : count))
}

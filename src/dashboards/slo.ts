import { ERRORS } from '../model/error-table.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { MetricName } from './promql.ts'

/** A service level: the share of bad events in a window, and what share may be bad. */
export interface Slo {
  readonly id: string
  readonly title: Bilingual
  /** The share that has to be good, e.g. 0.999. */
  readonly objective: number
  /** PromQL of the share of bad events in `window`. */
  readonly badShare: (window: string) => string
  /** PromQL that holds where there were enough bad events in `window` to wake somebody: a quiet night has few of any. */
  readonly enough?: (window: string) => string
}

/** Faults of the gateway itself; a consumer's or a provider's do not count against it. */
const GATEWAY_CODES = Object.entries(ERRORS)
  .filter(([, { fault }]) => fault === 'gateway')
  .map(([code]) => code)
  .join('|')

const TRANSACTIONS: MetricName = 'lienthong_transactions_total'
const REFUSALS: MetricName = 'lienthong_refusals_total'
const OVERHEAD: MetricName = 'lienthong_overhead_seconds'
const SIZE: MetricName = 'lienthong_ledger_size'
const SIGNED: MetricName = 'lienthong_log_signed_size'
const CHECKPOINT: MetricName = 'lienthong_log_last_checkpoint_timestamp_seconds'

/** Both bounds are buckets of their histograms, so the shares are exact. */
const OVERHEAD_BOUND = '0.05'
const SEALED_WITHIN_SECONDS = 60

export const SLOS: readonly Slo[] = [
  {
    id: 'availability',
    title: { vi: 'Sẵn sàng', en: 'Availability' },
    objective: 0.999,
    badShare: (window) =>
      `(sum(rate(${REFUSALS}{code=~"${GATEWAY_CODES}"}[${window}])) or vector(0)) / ` +
      `(sum(rate(${TRANSACTIONS}[${window}])) > 0)`,
    enough: (window) => `sum(increase(${REFUSALS}{code=~"${GATEWAY_CODES}"}[${window}])) >= 10`,
  },
  {
    id: 'overhead',
    title: { vi: 'Riêng cổng dưới 50 ms', en: "The gateway's own time below 50 ms" },
    objective: 0.99,
    badShare: (window) =>
      `1 - sum(rate(${OVERHEAD}_bucket{le="${OVERHEAD_BOUND}"}[${window}])) / ` +
      `(sum(rate(${OVERHEAD}_count[${window}])) > 0)`,
    // The first exchanges after a start are slow ones.
    enough: (window) =>
      `sum(increase(${OVERHEAD}_count[${window}])) - sum(increase(${OVERHEAD}_bucket{le="${OVERHEAD_BOUND}"}[${window}])) >= 50`,
  },
  {
    id: 'sealing',
    title: { vi: 'Ký vào điểm kiểm trong 60 giây', en: 'Signed into a checkpoint within 60 s' },
    objective: 0.999,
    badShare: (window) => `avg_over_time(slo:sealing:late[${window}])`,
  },
]

/** 1 while records wait for a checkpoint longer than they may, else 0; averaged by the third service level. */
export const SEALING_LATE =
  `(max(${SIZE}) > bool max(${SIGNED})) * ` + `(time() - max(${CHECKPOINT}) > bool ${SEALED_WITHIN_SECONDS})`

/** Windows of the burn rates; the last is the period of the budget. */
export const WINDOWS = { often: ['5m', '30m', '1h', '2h', '6h'], seldom: ['1d', '3d', '30d'] } as const

/**
 * Multi-window, multi-burn-rate alerts (Google's SRE Workbook, chapter 5): a budget of 30 days is spent so many
 * times faster than it may be, over a long window and still over a short one.
 */
export const BURN_RATES = [
  { severity: 'critical', factor: 14.4, long: '1h', short: '5m' },
  { severity: 'critical', factor: 6, long: '6h', short: '30m' },
  { severity: 'warning', factor: 3, long: '1d', short: '2h' },
  { severity: 'warning', factor: 1, long: '3d', short: '6h' },
] as const

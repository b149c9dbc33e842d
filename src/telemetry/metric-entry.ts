/**
 * Where a label's values come from. A list is a closed set. `subsystem` … `address` are words of the
 * registry; any other value becomes `_unknown`. `method`, `status` and `error` follow OpenTelemetry's HTTP
 * conventions. `given` is chosen by the gateway itself (a version, a certificate's name).
 */
export type LabelSource =
  | readonly string[]
  | 'subsystem'
  | 'service'
  | 'operation'
  | 'route'
  | 'address'
  | 'method'
  | 'status'
  | 'error'
  | 'given'

/** One metric, declared once: the page, the dashboards and the documentation all read it here. */
export interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** English, on the page itself. */
  readonly help: string
  /** Vietnamese, for dashboards and the operator's handbook. */
  readonly meaning: string
  readonly unit?: 'seconds' | 'bytes' | 'records' | 'exchanges'
  readonly labels: Readonly<Record<string, LabelSource>>
  /** Upper bounds of a histogram's buckets, rising. */
  readonly buckets?: readonly number[]
  /** How several processes' gauges become one; counters and histograms are always summed. */
  readonly merge?: 'sum' | 'max' | 'min'
  /** Buckets remember the trace of their last observation (OpenMetrics exemplars). */
  readonly exemplars?: true
}

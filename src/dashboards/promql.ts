import type { METRICS } from '../telemetry/metric-table.ts'
import type { PROCESS_METRICS } from '../telemetry/process-table.ts'

/** A metric that the gateway declares: a dashboard cannot name another one. */
export type MetricName = keyof typeof METRICS | keyof typeof PROCESS_METRICS

/** Chosen at the top of each dashboard. */
const TARGET = 'job=~"$job",instance=~"$instance"'
const WINDOW = '$__rate_interval'

/** @param where further label matchers, as PromQL writes them. */
export function select(metric: MetricName, where = '', suffix = ''): string {
  return `${metric}${suffix}{${where === '' ? TARGET : `${TARGET},${where}`}}`
}

function summed(expression: string, by: string): string {
  return by === '' ? `sum(${expression})` : `sum by (${by}) (${expression})`
}

/** Events a second. @param by labels to keep, comma-separated. */
export function rate(metric: MetricName, by = '', where = ''): string {
  return summed(`rate(${select(metric, where)}[${WINDOW}])`, by)
}

/** Events in the time shown. */
export function increase(metric: MetricName, by = '', where = ''): string {
  return summed(`increase(${select(metric, where)}[$__range])`, by)
}

/** A quantile of a histogram, in its unit. */
export function quantile(q: number, metric: MetricName, by = '', where = ''): string {
  const buckets = summed(
    `rate(${select(metric, where, '_bucket')}[${WINDOW}])`,
    by === '' ? 'le' : `le, ${by}`,
  )
  return `histogram_quantile(${q}, ${buckets})`
}

/** The share of all that a part is, 0 … 1; nothing happened is no fault. */
export function share(part: string, whole: string): string {
  return `(${part}) / (${whole} > 0)`
}

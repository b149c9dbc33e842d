import { createFamily, type Family } from './family.ts'
import { type Known, knownNothing } from './known.ts'
import { admit } from './label.ts'
import type { LabelSource, MetricEntry } from './metric-entry.ts'
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  METRIC_NAMES,
  METRICS,
  type MetricName,
} from './metric-table.ts'
import { CounterSeries, GaugeSeries, HistogramSeries, type Labels } from './series.ts'

export interface MetricsOptions {
  /** Series one metric may hold before the rest is counted under `_other`. */
  readonly maxSeriesPerMetric?: number
}

/**
 * Every metric of the process. Numbers live in plain objects, because prom-client's own children build and
 * hash a label string at each observation (0.7–1.1 µs against 0.02); prom-client writes the page from them.
 */
export interface Metrics {
  readonly maxSeriesPerMetric: number
  counter<N extends CounterName>(name: N): Family<CounterSeries, LabelsOf<N>>
  gauge<N extends GaugeName>(name: N): Family<GaugeSeries, LabelsOf<N>>
  histogram<N extends HistogramName>(name: N): Family<HistogramSeries, LabelsOf<N>>
  /** All families in the order of the table, with gauges brought up to date. */
  collect(): readonly Family[]
  /** Registers what brings gauges up to date before a page is written. @returns its removal. */
  onCollect(refresh: () => void): () => void
  /** Words of the registry that labels may take from now on; series already held stay. */
  useKnown(known: Known): void
}

/** Counters of closed sets start with all their series at zero, where those are at most this many. */
const MAX_ZERO_SERIES = 64

/** @returns every combination of the closed sets; nothing where a label is open. */
function combinations(labels: MetricEntry['labels']): readonly Labels[] {
  let combined: Labels[] = [{}]
  for (const [label, source] of Object.entries(labels)) {
    if (typeof source === 'string') return []
    combined = combined.flatMap((base) => source.map((value) => ({ ...base, [label]: value })))
  }
  return combined.length <= MAX_ZERO_SERIES ? combined : []
}

/** Empty families of the whole table, by kind. */
export interface Families {
  /** In the order of the table. */
  readonly all: readonly Family[]
  readonly counters: ReadonlyMap<MetricName, Family<CounterSeries>>
  readonly gauges: ReadonlyMap<MetricName, Family<GaugeSeries>>
  readonly histograms: ReadonlyMap<MetricName, Family<HistogramSeries>>
}

const OVERFLOW = 'lienthong_metrics_series_overflow_total'

/** @param limit series one metric may hold. @param admitted what a label's source makes of a value. */
export function declareFamilies(
  limit: number,
  admitted: (source: LabelSource, value: string) => string,
): Families {
  const all: Family[] = []
  const counters = new Map<MetricName, Family<CounterSeries>>()
  const gauges = new Map<MetricName, Family<GaugeSeries>>()
  const histograms = new Map<MetricName, Family<HistogramSeries>>()
  for (const name of METRIC_NAMES) {
    const entry: MetricEntry = METRICS[name]
    // The overflow counter has one series per metric and is itself never full.
    const ownLimit = name === OVERFLOW ? METRIC_NAMES.length : limit
    const onOverflow = () => counters.get(OVERFLOW)?.child({ metric: name }).inc()
    const parts = { name, entry, limit: ownLimit, admit: admitted, onOverflow }
    if (entry.type === 'counter') {
      const family = createFamily({ ...parts, create: (labels) => new CounterSeries(labels) })
      counters.set(name, family)
      all.push(family)
    } else if (entry.type === 'gauge') {
      const family = createFamily({ ...parts, create: (labels) => new GaugeSeries(labels) })
      gauges.set(name, family)
      all.push(family)
    } else {
      const bounds = entry.buckets ?? []
      const family = createFamily({ ...parts, create: (labels) => new HistogramSeries(labels, bounds) })
      histograms.set(name, family)
      all.push(family)
    }
  }
  return { all, counters, gauges, histograms }
}

function declared<F>(map: ReadonlyMap<MetricName, F>, name: MetricName): F {
  const family = map.get(name)
  if (family === undefined) throw new RangeError(`${name} is not a metric of this kind`)
  return family
}

/** @param options where absent, 10,000 series per metric. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { maxSeriesPerMetric = 10_000 } = options
  let known = knownNothing()
  const refreshers = new Set<() => void>()
  const { all, counters, gauges, histograms } = declareFamilies(maxSeriesPerMetric, (source, value) =>
    admit(source, value, known),
  )
  for (const family of [...counters.values(), ...histograms.values()]) {
    for (const labels of combinations(family.entry.labels)) family.child(labels)
  }

  // The overloads give each name its own labels; the maps hold families of every name.
  function counter<N extends CounterName>(name: N): Family<CounterSeries, LabelsOf<N>>
  function counter(name: CounterName): Family<CounterSeries> {
    return declared(counters, name)
  }
  function gauge<N extends GaugeName>(name: N): Family<GaugeSeries, LabelsOf<N>>
  function gauge(name: GaugeName): Family<GaugeSeries> {
    return declared(gauges, name)
  }
  function histogram<N extends HistogramName>(name: N): Family<HistogramSeries, LabelsOf<N>>
  function histogram(name: HistogramName): Family<HistogramSeries> {
    return declared(histograms, name)
  }

  return {
    maxSeriesPerMetric,
    counter,
    gauge,
    histogram,
    collect() {
      for (const refresh of refreshers) refresh()
      return all
    },
    onCollect(refresh) {
      refreshers.add(refresh)
      return () => refreshers.delete(refresh)
    },
    useKnown(next) {
      known = next
    },
  }
}

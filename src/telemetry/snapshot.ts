import type { Family } from './family.ts'
import { declareFamilies } from './metrics.ts'
import { type Exemplar, GaugeSeries, HistogramSeries, type Labels } from './series.ts'

/** One series as it travels between processes. */
interface SeriesSnapshot {
  readonly labels: Labels
  readonly value?: number
  readonly counts?: readonly number[]
  readonly sum?: number
  readonly exemplars?: readonly (Exemplar | null)[]
}

/** The numbers of one process, by metric name. */
export type MetricsSnapshot = Readonly<Record<string, readonly SeriesSnapshot[]>>

function snapshotOf(series: ReturnType<Family['child']>): SeriesSnapshot {
  if (!(series instanceof HistogramSeries)) return { labels: series.labels, value: series.value }
  const { labels, counts, sum } = series
  if (!series.exemplars.some((exemplar) => exemplar !== undefined)) return { labels, counts, sum }
  return { labels, counts, sum, exemplars: series.exemplars.map((exemplar) => exemplar ?? null) }
}

/** @returns a copy that JSON carries. */
export function takeSnapshot(families: readonly Family[]): MetricsSnapshot {
  return Object.fromEntries(families.map((family) => [family.name, Array.from(family.series(), snapshotOf)]))
}

/** @returns the snapshot without gauges: a process that is gone has been counting, and now holds nothing. */
export function withoutGauges(snapshot: MetricsSnapshot): MetricsSnapshot {
  const { all } = declareFamilies(Number.POSITIVE_INFINITY, (_source, value) => value)
  const kept = all.filter(({ entry }) => entry.type !== 'gauge')
  return Object.fromEntries(kept.map(({ name }) => [name, snapshot[name] ?? []]))
}

function addHistogram(series: HistogramSeries, added: SeriesSnapshot): void {
  for (const [bucket, count] of (added.counts ?? []).entries()) {
    series.counts[bucket] = (series.counts[bucket] ?? 0) + count
    series.count += count
    const theirs = added.exemplars?.[bucket]
    if (theirs && theirs.atSeconds > (series.exemplars[bucket]?.atSeconds ?? 0))
      series.exemplars[bucket] = theirs
  }
  series.sum += added.sum ?? 0
}

const MERGES = {
  sum: (mine: number, theirs: number) => mine + theirs,
  max: Math.max,
  min: Math.min,
} as const

/** @returns the processes' numbers as one: counters and histograms summed, gauges as the table says. */
export function mergeSnapshots(snapshots: readonly MetricsSnapshot[]): readonly Family[] {
  const { all } = declareFamilies(Number.POSITIVE_INFINITY, (_source, value) => value)
  for (const family of all) {
    const merge = MERGES[family.entry.merge ?? 'sum']
    const seen = new Set<GaugeSeries>()
    for (const added of snapshots.flatMap((snapshot) => snapshot[family.name] ?? [])) {
      const series = family.child(added.labels)
      if (series instanceof HistogramSeries) addHistogram(series, added)
      else if (!(series instanceof GaugeSeries)) series.inc(added.value)
      else {
        series.set(seen.has(series) ? merge(series.value, added.value ?? 0) : (added.value ?? 0))
        seen.add(series)
      }
    }
  }
  return all
}

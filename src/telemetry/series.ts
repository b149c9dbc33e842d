/** Labels of one series, in the order of the metric's declaration. */
export type Labels = Readonly<Record<string, string>>

/** One counter series. Adding is a plain addition: nothing is hashed or looked up per observation. */
export class CounterSeries {
  readonly labels: Labels
  value = 0

  constructor(labels: Labels) {
    this.labels = labels
  }

  /** What is not a rise (negative, NaN) is left out: measuring never fails what it measures. */
  inc(amount = 1): void {
    if (amount > 0) this.value += amount
  }
}

/** One gauge series; it appears on the page from its first value on. */
export class GaugeSeries {
  readonly labels: Labels
  value = 0

  constructor(labels: Labels) {
    this.labels = labels
  }

  set(value: number): void {
    this.value = value
  }

  inc(): void {
    this.value += 1
  }

  dec(): void {
    this.value -= 1
  }
}

/** The last observation of a bucket that had a trace (OpenMetrics §4.6.1). */
export interface Exemplar {
  readonly traceId: string
  readonly value: number
  /** Unix time in seconds. */
  readonly atSeconds: number
}

/** One histogram series: observations per bucket (not yet cumulated), the last bucket being +Inf. */
export class HistogramSeries {
  readonly labels: Labels
  readonly bounds: readonly number[]
  readonly counts: number[]
  readonly exemplars: (Exemplar | undefined)[]
  sum = 0
  count = 0

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels
    this.bounds = bounds
    this.counts = new Array<number>(bounds.length + 1).fill(0)
    this.exemplars = new Array<Exemplar | undefined>(bounds.length + 1).fill(undefined)
  }

  /**
   * @param value in the metric's unit; what is no time (negative, NaN) counts as 0.
   * @param traceId remembered as the bucket's exemplar, with its Unix milliseconds.
   */
  observe(value: number, traceId?: string, atMs = 0): void {
    const size = Number.isNaN(value) ? 0 : Math.max(value, 0)
    let bucket = 0
    // A linear walk beats a search: bounds are few and most observations are small.
    while (bucket < this.bounds.length && size > (this.bounds[bucket] ?? 0)) bucket += 1
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.sum += size
    this.count += 1
    if (traceId !== undefined) this.exemplars[bucket] = { traceId, value: size, atSeconds: atMs / 1000 }
  }
}

export type Series = CounterSeries | GaugeSeries | HistogramSeries

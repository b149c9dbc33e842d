import { setImmediate as nextTurn } from 'node:timers/promises'
import { Counter, Gauge, Histogram, type Metric, Registry, type RegistryContentType } from 'prom-client'
import type { Family } from './family.ts'
import type { MetricEntry } from './metric-entry.ts'
import { HistogramSeries, type Labels, type Series } from './series.ts'

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0, which also carries exemplars. */
export type PageFormat = 'text' | 'openmetrics'

export interface Page {
  readonly contentType: string
  readonly body: string
}

/** One line of the page as prom-client writes it; shared labels are formatted once per series and kept. */
interface Sample {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  readonly sharedLabels: Labels
  readonly metricName?: string
  readonly exemplar?: { readonly labelSet: Labels; readonly value: number; readonly timestamp: number }
}

const NO_LABELS = {}

function simpleSamples(slice: readonly Series[]): Sample[] {
  const samples: Sample[] = []
  for (const series of slice) {
    if (series instanceof HistogramSeries) continue
    samples.push({ value: series.value, labels: NO_LABELS, sharedLabels: series.labels })
  }
  return samples
}

function bucketSamples(name: string, series: HistogramSeries): Sample[] {
  let cumulated = 0
  return series.counts.map((count, bucket) => {
    cumulated += count
    const exemplar = series.exemplars[bucket]
    return {
      value: cumulated,
      labels: { le: series.bounds[bucket] ?? '+Inf' },
      sharedLabels: series.labels,
      metricName: `${name}_bucket`,
      ...(exemplar !== undefined && {
        exemplar: {
          labelSet: { trace_id: exemplar.traceId },
          value: exemplar.value,
          timestamp: exemplar.atSeconds,
        },
      }),
    }
  })
}

function histogramSamples(name: string, slice: readonly Series[]): Sample[] {
  const samples: Sample[] = []
  for (const series of slice) {
    if (!(series instanceof HistogramSeries)) continue
    const shared = { labels: NO_LABELS, sharedLabels: series.labels }
    samples.push(
      ...bucketSamples(name, series),
      { ...shared, value: series.sum, metricName: `${name}_sum` },
      { ...shared, value: series.count, metricName: `${name}_count` },
    )
  }
  return samples
}

interface Declaration {
  readonly name: string
  readonly help: string
  readonly registers: []
}

/** prom-client's metrics as the page needs them: declared by prom-client, numbers taken from our series. */
class CounterPage extends Counter {
  readonly #slice: readonly Series[]

  constructor(declaration: Declaration, slice: readonly Series[]) {
    super(declaration)
    this.#slice = slice
  }

  override async get() {
    return { ...(await super.get()), values: simpleSamples(this.#slice) }
  }
}

class GaugePage extends Gauge {
  readonly #slice: readonly Series[]

  constructor(declaration: Declaration, slice: readonly Series[]) {
    super(declaration)
    this.#slice = slice
  }

  override async get() {
    return { ...(await super.get()), values: simpleSamples(this.#slice) }
  }
}

class HistogramPage extends Histogram {
  readonly #declaration: Declaration
  readonly #slice: readonly Series[]

  constructor(declaration: Declaration, slice: readonly Series[]) {
    super(declaration)
    this.#declaration = declaration
    this.#slice = slice
  }

  /** What prom-client's registry asks of a histogram in place of `get`. */
  getForPromString() {
    const { name, help } = this.#declaration
    return { name, help, type: 'histogram', values: histogramSamples(name, this.#slice) }
  }
}

function pageMetric(type: MetricEntry['type'], declaration: Declaration, slice: readonly Series[]): Metric {
  switch (type) {
    case 'counter':
      return new CounterPage(declaration, slice)
    case 'gauge':
      return new GaugePage(declaration, slice)
    case 'histogram':
      return new HistogramPage(declaration, slice)
  }
}

/** Lines written in one turn of the event loop: about 2 ms. */
const LINES_PER_TURN = 500

/** @returns the series in groups that one turn can write; one empty group where there are none. */
function slicesOf(family: Family): readonly (readonly Series[])[] {
  const linesPerSeries = family.entry.type === 'histogram' ? (family.entry.buckets ?? []).length + 3 : 1
  const size = Math.ceil(LINES_PER_TURN / linesPerSeries)
  const series = [...family.series()]
  const slices: Series[][] = [series.slice(0, size)]
  for (let from = size; from < series.length; from += size) slices.push(series.slice(from, from + size))
  return slices
}

/** `# HELP` and `# TYPE`, which only a family's first slice keeps. */
const HEADING = /^#.*\n#.*\n/

async function writeFamily(family: Family, contentType: RegistryContentType): Promise<string> {
  const { type, help } = family.entry
  // OpenMetrics names a counter's family without `_total`; prom-client adds it to the samples.
  const isRenamed = contentType === Registry.OPENMETRICS_CONTENT_TYPE && type === 'counter'
  const declaration = { name: isRenamed ? family.name.replace(/_total$/, '') : family.name, help }
  let text = ''
  for (const slice of slicesOf(family)) {
    const register = new Registry<RegistryContentType>()
    register.setContentType(contentType)
    register.registerMetric(pageMetric(type, { ...declaration, registers: [] }, slice))
    const written = await register.getSingleMetricAsString(declaration.name)
    text += text === '' ? written : `\n${written.replace(HEADING, '')}`
    await nextTurn()
  }
  return text
}

/**
 * Writes the families as a page, a few milliseconds at a turn of the event loop, so that a scrape of many
 * series does not hold exchanges up.
 */
export async function writePage(families: readonly Family[], format: PageFormat): Promise<Page> {
  const isOpenMetrics = format === 'openmetrics'
  const contentType = isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE
  const parts: string[] = []
  for (const family of families) parts.push(await writeFamily(family, contentType))
  return { contentType, body: parts.join('\n') + (isOpenMetrics ? '\n# EOF\n' : '\n') }
}

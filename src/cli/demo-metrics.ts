/** One sample of `/metrics`. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** How much the samples of some labels grew between two readings. */
export interface Growth {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly before: number
  readonly after: number
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Reads Prometheus' text format 0.0.4; comments are left out. */
export function parseMetrics(page: string): readonly Sample[] {
  return page.split('\n').flatMap((line): Sample[] => {
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? []
    if (name === undefined) return []
    const pairs = [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text])
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
}

/** @throws Error where the management listener does not answer. */
export async function readMetrics(managementUrl: string): Promise<readonly Sample[]> {
  const response = await fetch(`${managementUrl}/metrics`)
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`)
  return parseMetrics(await response.text())
}

/** @returns the sum of the samples of this name whose labels are these. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels)
  return samples
    .filter((sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

/** Two readings of one gateway. */
export interface Readings {
  readonly before: readonly Sample[]
  readonly after: readonly Sample[]
}

function changesOf(name: string, by: readonly string[], { before, after }: Readings): readonly Growth[] {
  const groups = new Map<string, Readonly<Record<string, string>>>()
  for (const sample of after) {
    if (sample.name !== name) continue
    const labels = Object.fromEntries(by.map((label) => [label, sample.labels[label] ?? '']))
    groups.set(JSON.stringify(labels), labels)
  }
  return [...groups.values()].map((labels) => ({
    name,
    labels,
    before: sumOf(before, name, labels),
    after: sumOf(after, name, labels),
  }))
}

/** @returns the growth of a metric summed by some of its labels; what stood still is left out. */
export function growthOf(name: string, by: readonly string[], readings: Readings): readonly Growth[] {
  return changesOf(name, by, readings).filter(({ before, after }) => before !== after)
}

/**
 * The quantile of what a histogram observed between two readings, over all its series: linear inside a bucket,
 * as PromQL's `histogram_quantile`.
 * @returns `undefined` where nothing was observed.
 */
export function quantileOf(quantile: number, name: string, readings: Readings): number | undefined {
  const buckets = changesOf(`${name}_bucket`, ['le'], readings)
    .map(({ labels, before, after }) => ({
      bound: Number(labels['le']?.replace('+Inf', 'Infinity')),
      count: after - before,
    }))
    .toSorted((a, b) => a.bound - b.bound)
  const rank = quantile * (buckets.at(-1)?.count ?? 0)
  if (rank === 0) return undefined
  let lower = { bound: 0, count: 0 }
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      // Of the last bucket only its lower end is known.
      if (bucket.bound === Number.POSITIVE_INFINITY) return lower.bound
      const share = (rank - lower.count) / (bucket.count - lower.count)
      return lower.bound + (bucket.bound - lower.bound) * share
    }
    lower = bucket
  }
  return lower.bound
}

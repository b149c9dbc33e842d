import { OTHER } from './label.ts'
import type { LabelSource, MetricEntry } from './metric-entry.ts'
import type { Labels, Series } from './series.ts'

/** All series of one metric. */
export interface Family<S extends Series = Series, L = Labels> {
  readonly name: string
  readonly entry: MetricEntry
  /**
   * @returns the series of these labels; keep it where one is counted often. A value its source does not
   * admit becomes `_unknown`; where the metric is full, values of open sets become `_other`.
   */
  child(labels: L): S
  remove(labels: L): void
  clear(): void
  /** Series held. */
  size(): number
  series(): Iterable<S>
}

interface FamilyParts<S extends Series> {
  readonly name: string
  readonly entry: MetricEntry
  readonly limit: number
  /** @returns the value a label of this source may take in place of the one given. */
  readonly admit: (source: LabelSource, value: string) => string
  readonly create: (labels: Labels) => S
  readonly onOverflow: () => void
}

/** Divides the values of a key; no label holds it. */
const UNIT_SEPARATOR = '\u001f'

/** @param parts the metric's declaration, its limit of series and how to make one. */
export function createFamily<S extends Series, L extends Labels>(parts: FamilyParts<S>): Family<S, L> {
  const { name, entry, limit, create } = parts
  const sources: readonly (readonly [string, LabelSource])[] = Object.entries(entry.labels)
  const held = new Map<string, S>()

  function admitted(labels: Labels): string[] {
    return sources.map(([label, source]) => parts.admit(source, labels[label] ?? ''))
  }

  function hold(key: string, values: readonly string[]): S {
    const made = create(Object.fromEntries(sources.map(([label], place) => [label, values[place] ?? ''])))
    held.set(key, made)
    return made
  }

  return {
    name,
    entry,
    child(labels) {
      const values = admitted(labels)
      const key = values.join(UNIT_SEPARATOR)
      const existing = held.get(key)
      if (existing !== undefined) return existing
      if (held.size < limit) return hold(key, values)
      parts.onOverflow()
      // Closed sets keep their values, so that refusals do not vanish among deliveries: few series more.
      const merged = values.map((value, place) => (typeof sources[place]?.[1] === 'string' ? OTHER : value))
      const mergedKey = merged.join(UNIT_SEPARATOR)
      return held.get(mergedKey) ?? hold(mergedKey, merged)
    },
    remove(labels) {
      held.delete(admitted(labels).join(UNIT_SEPARATOR))
    },
    clear: () => held.clear(),
    size: () => held.size,
    series: () => held.values(),
  }
}

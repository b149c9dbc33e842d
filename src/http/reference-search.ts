import { ERRORS } from '../model/error-table.ts'
import type { Language } from '../model/identifier.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import type { MetricEntry } from '../telemetry/metric-entry.ts'
import { METRICS } from '../telemetry/metric-table.ts'
import { listSettings } from './setting-list.ts'

/** Something the reference tells of. */
export interface Subject {
  readonly kind: 'service' | 'problem' | 'metric' | 'alert' | 'setting'
  /** As programs and settings name it. */
  readonly name: string
  readonly title: Readonly<Record<Language, string>>
  readonly href: string
  /** What else it is found by. */
  readonly words: string
}

/** Letters as they are compared: no marks, no case, `đ` as `d`. */
export function fold(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('đ', 'd')
}

/** Problems, metrics and settings: the same for every registry. */
export function fixedSubjects(): readonly Subject[] {
  const problems = Object.entries(ERRORS).map(
    ([name, { title, fix, fault }]): Subject => ({
      kind: 'problem',
      name,
      title,
      href: `/problems/${name}`,
      words: `${fix.vi} ${fix.en} ${fault}`,
    }),
  )
  const metrics = Object.entries<MetricEntry>(METRICS).map(
    ([name, { help, meaning }]): Subject => ({
      kind: 'metric',
      name,
      title: { vi: meaning, en: help },
      href: `/docs/metrics#${name}`,
      words: '',
    }),
  )
  const settings = listSettings().map(
    ({ path, environment = '', meaning }): Subject => ({
      kind: 'setting',
      name: path,
      title: meaning,
      href: `/docs/settings#${encodeURIComponent(path)}`,
      words: environment,
    }),
  )
  return [...problems, ...metrics, ...settings]
}

export function serviceSubjects(services: Iterable<CompiledService>): readonly Subject[] {
  return [...services].map(({ document, provider, contract }): Subject => {
    const operations = [...contract.operations.values()].map(
      ({ id, title }) => `${id} ${title.vi} ${title.en}`,
    )
    return {
      kind: 'service',
      name: document.id,
      title: document.name,
      href: `/docs/services/${document.id}`,
      words: `${provider.name.vi} ${provider.name.en} ${operations.join(' ')}`,
    }
  })
}

const MAX_FOUND = 60

/** @returns the subjects that hold every word of the question, those named by it first; marks need not be typed. */
export function searchSubjects(subjects: readonly Subject[], question: string): readonly Subject[] {
  const words = fold(question)
    .split(/[^\p{L}\p{N}_./-]+/u)
    .filter((word) => word !== '')
  if (words.length === 0) return []
  const places = subjects.flatMap((subject) => {
    const name = fold(subject.name)
    const title = fold(`${subject.title.vi} ${subject.title.en}`)
    const all = `${name} ${title} ${fold(subject.words)}`
    if (!words.every((word) => all.includes(word))) return []
    const isNamed = words.every((word) => name.includes(word))
    const isTitled = words.every((word) => title.includes(word))
    return [{ subject, rank: isNamed ? 0 : isTitled ? 1 : 2 }]
  })
  return places
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, MAX_FOUND)
    .map(({ subject }) => subject)
}

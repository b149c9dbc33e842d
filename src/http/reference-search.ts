import settingsSchema from '../../schemas/settings.schema.json' with { type: 'json' }
import { isMembers, membersOf } from '../contract/document.ts'
import { ERRORS } from '../model/error-table.ts'
import type { Language } from '../model/identifier.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import type { MetricEntry } from '../telemetry/metric-entry.ts'
import { METRICS } from '../telemetry/metric-table.ts'

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

interface Setting {
  readonly path: string
  readonly description: string
}

function settingsBelow(schema: unknown, path: readonly string[]): readonly Setting[] {
  const { properties } = isMembers(schema) ? schema : {}
  return membersOf(properties).flatMap(([name, member]) => {
    const below = [...path, name]
    const deeper = settingsBelow(member, below)
    if (deeper.length > 0) return deeper
    const said = isMembers(member) ? member['description'] : undefined
    return [{ path: below.join('.'), description: typeof said === 'string' ? said : '' }]
  })
}

/** `vi / en`, as the settings' schema says it; one text for both where it says one only. */
function bothOf(description: string): Subject['title'] {
  const [vi = '', en = vi] = description.split(' / ')
  return { vi, en }
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
  const settings = settingsBelow(settingsSchema, []).map(
    ({ path, description }): Subject => ({
      kind: 'setting',
      name: path,
      title: bothOf(description),
      href: `/docs/settings#${path}`,
      words: `LIENTHONG_${path.replaceAll('.', '_').toUpperCase()}`,
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

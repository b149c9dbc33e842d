import type { Violation } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'

/** What becomes of one record of a bulk job. */
export const RECORD_OUTCOMES = ['matched', 'differs', 'not_found', 'duplicate', 'invalid'] as const
export type RecordOutcome = (typeof RECORD_OUTCOMES)[number]

/** The eight error groups of official letter 4856 on data quality, by their number there. */
export const ERROR_GROUPS = {
  1: { vi: 'Thiếu thông tin bắt buộc', en: 'Something mandatory is missing' },
  2: { vi: 'Giá trị bất thường, ngoài phạm vi', en: 'Abnormal or out of range' },
  3: { vi: 'Trùng lặp', en: 'Duplicate' },
  4: { vi: 'Sai định dạng', en: 'Wrong format' },
  5: { vi: 'Tham chiếu không tồn tại', en: 'Broken reference' },
  6: { vi: 'Mâu thuẫn giữa các trường', en: 'Fields contradict each other' },
  7: { vi: 'Dữ liệu cũ', en: 'Stale' },
  8: { vi: 'Không khớp nguồn quốc gia', en: 'Differs from the national source' },
} as const satisfies Readonly<Record<number, Bilingual>>
export type ErrorGroup = keyof typeof ERROR_GROUPS
export const GROUP_NUMBERS: readonly ErrorGroup[] = [1, 2, 3, 4, 5, 6, 7, 8]

/** What people write where they know nothing. */
const BLANK = /^\s*(?:n\/?a|null|none|không rõ|không có|-+|\.+|\?+)?\s*$/iu

/** What begins with a digit, or with another letter than N or K, is none of these: most values, in bulk. */
const TELLING = /^[0-9A-JLMO-Za-jlmo-z]/

export function isBlank(value: unknown): boolean {
  if (typeof value !== 'string') return value === null || value === undefined
  return !TELLING.test(value) && BLANK.test(value)
}

const RANGE_RULES: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'enum',
])

/** The error group that a broken rule of the contract belongs to. */
export function groupOf({ rule }: Pick<Violation, 'rule'>): ErrorGroup {
  if (rule === 'required') return 1
  if (rule === 'x-consistent-person') return 6
  return RANGE_RULES.has(rule) ? 2 : 4
}

/** One criterion of the data-quality index: the share of records free of some groups, and what it weighs. */
export interface Criterion {
  readonly id: 'accurate' | 'complete' | 'clean' | 'live' | 'consistent'
  readonly title: Bilingual
  readonly groups: readonly ErrorGroup[]
}

/** DQI = w1·Đúng + w2·Đủ + w3·Sạch + w4·Sống + w5·Thống nhất. */
export const CRITERIA: readonly Criterion[] = [
  { id: 'accurate', title: { vi: 'Đúng', en: 'Accurate' }, groups: [5, 8] },
  { id: 'complete', title: { vi: 'Đủ', en: 'Complete' }, groups: [1] },
  { id: 'clean', title: { vi: 'Sạch', en: 'Clean' }, groups: [2, 3, 4] },
  { id: 'live', title: { vi: 'Sống', en: 'Live' }, groups: [7] },
  { id: 'consistent', title: { vi: 'Thống nhất', en: 'Consistent' }, groups: [6] },
]

/** Weight of each criterion; they need not add up to 1. */
export type QualityWeights = Readonly<Record<Criterion['id'], number>>

/** Counts of some records: of a whole job, or of one administrative unit of it. */
export interface Tally {
  records: number
  readonly outcomes: Record<RecordOutcome, number>
  /** Records with a fault of a group; a record counts once for each group. */
  readonly groups: Record<ErrorGroup, number>
  /** Records by the criterion they fail. */
  readonly failing: Record<Criterion['id'], number>
}

export function emptyTally(): Tally {
  return {
    records: 0,
    outcomes: { matched: 0, differs: 0, not_found: 0, duplicate: 0, invalid: 0 },
    groups: { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0 },
    failing: { accurate: 0, complete: 0, clean: 0, live: 0, consistent: 0 },
  }
}

/** The groups of one record as bits: bit n is group n. */
export function groupBits(groups: readonly ErrorGroup[]): number {
  return groups.reduce((bits, group) => bits | (1 << group), 0)
}

const CRITERION_BITS = CRITERIA.map(({ id, groups }) => ({ id, bits: groupBits(groups) }))

export function count(tally: Tally, outcome: RecordOutcome, groups: number): void {
  tally.records += 1
  tally.outcomes[outcome] += 1
  if (groups === 0) return
  for (const group of GROUP_NUMBERS) if ((groups & (1 << group)) !== 0) tally.groups[group] += 1
  for (const { id, bits } of CRITERION_BITS) if ((groups & bits) !== 0) tally.failing[id] += 1
}

export interface QualityIndex {
  /** 0 to 100, one decimal. */
  readonly index: number
  readonly criteria: readonly {
    readonly id: string
    readonly title: Bilingual
    readonly share: number
    readonly weight: number
  }[]
}

const round = (value: number) => Math.round(value * 10) / 10

/** @returns the index of some records; undefined where there are none. */
export function qualityOf({ records, failing }: Tally, weights: QualityWeights): QualityIndex | undefined {
  if (records === 0) return undefined
  const criteria = CRITERIA.map(({ id, title }) => ({
    id,
    title,
    share: round((100 * (records - failing[id])) / records),
    weight: weights[id],
  }))
  const total = criteria.reduce((sum, { weight }) => sum + weight, 0)
  const index = CRITERIA.reduce(
    (sum, { id }) => sum + (100 * weights[id] * (records - failing[id])) / records,
    0,
  )
  return { index: round(index / total), criteria }
}

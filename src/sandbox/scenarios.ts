import type { Bilingual } from '../model/identifier.ts'

/** What the sandbox does instead of answering normally. */
export type Misconduct = 'not_found' | 'conflict' | 'answer_invalid' | 'unavailable' | 'no_answer' | 'slow'

/** A number that provokes a fault on purpose, so that every error can be tried out. */
export interface Scenario {
  /** The last six digits of a personal id or tax code, or the parcel number written with six digits. */
  readonly ending: string
  readonly misconduct: Misconduct
  readonly title: Bilingual
}

/** Every number that provokes a fault. No ordinary synthetic person, parcel or taxpayer has one of them. */
export const SCENARIOS = [
  {
    ending: '000404',
    misconduct: 'not_found',
    title: {
      vi: 'Cơ quan cung cấp không có dữ liệu: trả lời 404',
      en: 'The provider holds nothing: answers 404',
    },
  },
  {
    ending: '000409',
    misconduct: 'conflict',
    title: {
      vi: 'Dữ liệu nộp trái với dữ liệu đã có: trả lời 409 (chỉ với thao tác nộp)',
      en: 'What is submitted contradicts what is held: answers 409 (submissions only)',
    },
  },
  {
    ending: '000422',
    misconduct: 'answer_invalid',
    title: {
      vi: 'Cơ quan cung cấp trả lời sai hợp đồng: HTTP 200 với nội dung ngoài lược đồ',
      en: 'The provider breaks the contract: HTTP 200 with a body outside the schema',
    },
  },
  {
    ending: '000503',
    misconduct: 'unavailable',
    title: { vi: 'Cơ quan cung cấp tạm ngừng: trả lời 503', en: 'The provider is unavailable: answers 503' },
  },
  {
    ending: '000504',
    misconduct: 'no_answer',
    title: {
      vi: 'Cơ quan cung cấp nhận yêu cầu nhưng không trả lời',
      en: 'The provider takes the request and never answers',
    },
  },
  {
    ending: '009001',
    misconduct: 'slow',
    title: {
      vi: 'Cơ quan cung cấp trả lời đúng nhưng chậm 3 giây',
      en: 'The provider answers well, 3 s late',
    },
  },
] as const satisfies readonly Scenario[]

/** Endings whose people, parcels and taxpayers exist, because an ordinary answer is due for them. */
export const ANSWERED_ENDINGS: ReadonlySet<string> = new Set(
  SCENARIOS.filter(({ misconduct }) => misconduct === 'slow' || misconduct === 'conflict').map(
    ({ ending }) => ending,
  ),
)

const BY_ENDING: ReadonlyMap<string, Misconduct> = new Map(
  SCENARIOS.map(({ ending, misconduct }) => [ending, misconduct]),
)

/**
 * @param identifier a personal id (12 digits), a tax code (10, 10-3 or 12 digits; of a dependent unit the
 *   parent's ten digits count) or a parcel key (`ward_sheet_parcel`).
 */
export function misconductFor(identifier: string): Misconduct | undefined {
  const [, , parcelNumber] = identifier.split('_')
  const digits = parcelNumber ?? identifier.split('-')[0] ?? ''
  return BY_ENDING.get(digits.slice(-6).padStart(6, '0'))
}

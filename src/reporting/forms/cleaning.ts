import {
  ERROR_GROUPS,
  GROUP_NUMBERS,
  type QualityWeights,
  qualityOf,
  RECORD_OUTCOMES,
  type RecordOutcome,
  type Tally,
} from '../../jobs/data-quality.ts'
import type { Bilingual } from '../../model/identifier.ts'
import type { Cell, Column, FORMS, Form } from '../form.ts'
import type { Names } from '../names.ts'
import { provinceOf } from '../provinces.ts'
import { type CleaningRow, sumTallies } from '../quality.ts'

/** What cleaning results are divided by; `unit` is the administrative unit that the records name. */
export type CleaningDivision = (typeof FORMS)['cleaning']['divisions'][number]

export const CLEANING_DIVISIONS: Readonly<Record<CleaningDivision, Bilingual>> = {
  unit: { vi: 'Đơn vị hành chính', en: 'Administrative unit' },
  group: { vi: 'Nhóm lỗi', en: 'Error group' },
  agency: { vi: 'Cơ quan khai thác', en: 'Consumer agency' },
  service: { vi: 'Dịch vụ', en: 'Service' },
}

const OUTCOME_TITLES: Readonly<Record<RecordOutcome, Bilingual>> = {
  matched: { vi: 'Khớp', en: 'Matched' },
  differs: { vi: 'Sai lệch', en: 'Differs' },
  not_found: { vi: 'Không có', en: 'Not found' },
  duplicate: { vi: 'Trùng', en: 'Duplicate' },
  invalid: { vi: 'Không hợp lệ', en: 'Invalid' },
}

function keyOf({ unit, consumer, service }: CleaningRow, by: CleaningDivision): string {
  if (by === 'unit') return unit
  if (by === 'service') return service
  return provinceOf(consumer)?.agencies[0] ?? consumer.split('/')[0] ?? ''
}

function nameOf(key: string, by: CleaningDivision, names: Names): Bilingual {
  if (by === 'service') return names.service(key)
  if (by === 'agency') return names.of('agency', key)
  if (key === '') return { vi: 'Không ghi đơn vị', en: 'No unit named' }
  return names.province(key)
}

const KEYED: readonly Column[] = [{ id: 'key', title: { vi: 'Mã', en: 'Code' }, kind: 'code' }]
const RECORDS: Column = {
  id: 'records',
  title: { vi: 'Bản ghi', en: 'Records' },
  kind: 'count',
  isWhole: true,
}

function outcomeTable(
  rows: readonly CleaningRow[],
  by: CleaningDivision,
  names: Names,
  weights: QualityWeights,
) {
  const columns: readonly Column[] = [
    { id: 'name', title: CLEANING_DIVISIONS[by], kind: 'name' },
    ...KEYED,
    RECORDS,
    ...RECORD_OUTCOMES.map((id): Column => ({ id, title: OUTCOME_TITLES[id], kind: 'count' })),
    { id: 'dataQuality', title: { vi: 'DQI', en: 'Index' }, kind: 'decimal' },
  ]
  const cells = (tally: Tally): Cell[] => [
    tally.records,
    ...RECORD_OUTCOMES.map((outcome) => tally.outcomes[outcome]),
    qualityOf(tally, weights)?.index,
  ]
  const groups = [...Map.groupBy(rows, (row) => keyOf(row, by))]
    .map(([key, own]) => ({ key, tally: sumTallies(own.map(({ tally }) => tally)) }))
    .filter(({ tally }) => tally.records > 0)
    .toSorted((a, b) => b.tally.records - a.tally.records || (a.key < b.key ? -1 : 1))
  return {
    columns,
    rows: groups.map(({ key, tally }) => [
      nameOf(key, by, names),
      key === '' ? undefined : key,
      ...cells(tally),
    ]),
    total: [{ vi: 'Tổng số', en: 'Total' }, undefined, ...cells(sumTallies(rows.map(({ tally }) => tally)))],
  }
}

/** Error groups; a record may count in several, so they add up to nothing. */
function groupTable(rows: readonly CleaningRow[]) {
  const sum = sumTallies(rows.map(({ tally }) => tally))
  const columns: readonly Column[] = [
    { id: 'name', title: CLEANING_DIVISIONS.group, kind: 'name' },
    ...KEYED,
    { id: 'records', title: { vi: 'Bản ghi có lỗi', en: 'Records with it' }, kind: 'count' },
    { id: 'share', title: { vi: 'Tỷ lệ', en: 'Share' }, kind: 'share' },
  ]
  return {
    columns,
    rows: GROUP_NUMBERS.map((group): Cell[] => [
      ERROR_GROUPS[group],
      String(group),
      sum.groups[group],
      sum.records === 0 ? undefined : sum.groups[group] / sum.records,
    ]),
  }
}

interface CleaningParts {
  readonly by: CleaningDivision
  readonly names: Names
  readonly weights: QualityWeights
}

/** What bulk verifications found (làm sạch dữ liệu): by unit, agency or service, or by error group. */
export function cleaningForm(rows: readonly CleaningRow[], { by, names, weights }: CleaningParts): Form {
  const sum = sumTallies(rows.map(({ tally }) => tally))
  const jobs = rows.reduce((count, row) => count + row.jobs, 0)
  const quality = qualityOf(sum, weights)
  return {
    id: 'cleaning',
    ...(by === 'group' ? groupTable(rows) : outcomeTable(rows, by, names, weights)),
    notes:
      quality === undefined
        ? []
        : [
            {
              vi: `${jobs} lượt đối chiếu hàng loạt, ${sum.records} bản ghi; chỉ số chất lượng dữ liệu ${quality.index}/100 (${quality.criteria.map(({ title, share }) => `${title.vi} ${share}`).join(', ')}).`,
              en: `${jobs} bulk verification${jobs === 1 ? '' : 's'}, ${sum.records} records; data-quality index ${quality.index} of 100 (${quality.criteria.map(({ title, share }) => `${title.en} ${share}`).join(', ')}).`,
            },
          ],
    suppressed: false,
    facts: { by, jobs, quality },
  }
}

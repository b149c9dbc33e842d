import { ERROR_GROUPS } from '../../jobs/data-quality.ts'
import type { Bilingual } from '../../model/identifier.ts'
import { providerOf } from '../connections.ts'
import type { Column, Form } from '../form.ts'
import type { Names } from '../names.ts'
import { AGES, type Age, type Deadlines, type Incident, SILENT } from '../quality.ts'

/** @returns what each age means, with the deadlines in force. */
export function ageTitles([explained, mended, checked]: Deadlines): Readonly<Record<Age, Bilingual>> {
  return {
    explain: {
      vi: `Đến ${explained} ngày: tìm nguyên nhân, trả lời`,
      en: `Up to ${explained} days: find and tell the cause`,
    },
    mend: {
      vi: `Đến ${mended} ngày: sửa ở nguồn, đồng bộ lại`,
      en: `Up to ${mended} days: mend at the source`,
    },
    check: { vi: `Đến ${checked} ngày: xác minh thực địa`, en: `Up to ${checked} days: check on the spot` },
    over: { vi: `Quá ${checked} ngày`, en: `Over ${checked} days` },
  }
}

/** @returns what broke, in words. */
export function ruleWords(rule: string): Bilingual {
  if (rule === SILENT) return { vi: 'im quá hạn của hợp đồng', en: 'silent for too long' }
  return { vi: rule, en: rule }
}

const COLUMNS: readonly Column[] = [
  { id: 'service', title: { vi: 'Dịch vụ', en: 'Service' }, kind: 'name' },
  { id: 'provider', title: { vi: 'Bên cung cấp', en: 'Provider' }, kind: 'text', fileOnly: true },
  { id: 'operation', title: { vi: 'Thao tác', en: 'Operation' }, kind: 'code' },
  { id: 'field', title: { vi: 'Trường', en: 'Field' }, kind: 'code' },
  { id: 'rule', title: { vi: 'Quy tắc', en: 'Rule' }, kind: 'text' },
  { id: 'group', title: { vi: 'Nhóm lỗi', en: 'Error group' }, kind: 'text' },
  { id: 'opened', title: { vi: 'Mở', en: 'Opened' }, kind: 'day' },
  { id: 'last', title: { vi: 'Gần nhất', en: 'Last' }, kind: 'day' },
  { id: 'closed', title: { vi: 'Đóng', en: 'Closed' }, kind: 'day' },
  { id: 'workingDays', title: { vi: 'Ngày làm việc', en: 'Working days' }, kind: 'text' },
  { id: 'age', title: { vi: 'Thời hạn', en: 'Deadline' }, kind: 'text', fileOnly: true },
  { id: 'count', title: { vi: 'Câu trả lời', en: 'Answers' }, kind: 'count' },
]

/** @returns open incidents by age, and those closed. */
export function countIncidents(incidents: readonly Incident[]) {
  const open = incidents.filter(({ closed }) => closed === undefined)
  const ages = Map.groupBy(open, ({ age }) => age)
  return {
    open: open.length,
    closed: incidents.length - open.length,
    ages: Object.fromEntries(AGES.map((age) => [age, ages.get(age)?.length ?? 0])) as Readonly<
      Record<Age, number>
    >,
  }
}

export function incidentForm(incidents: readonly Incident[], names: Names, deadlines: Deadlines): Form {
  const counts = countIncidents(incidents)
  const titles = ageTitles(deadlines)
  const say = (language: 'vi' | 'en') =>
    AGES.map((age) => `${titles[age][language].toLowerCase()}: ${counts.ages[age]}`).join('; ')
  return {
    id: 'incidents',
    columns: COLUMNS,
    rows: incidents.map((each) => [
      names.service(each.service),
      names.subsystem(providerOf(each.service)),
      each.operation,
      each.field === '' ? '/' : each.field,
      ruleWords(each.rule),
      {
        vi: `${each.group} ${ERROR_GROUPS[each.group].vi}`,
        en: `${each.group} ${ERROR_GROUPS[each.group].en}`,
      },
      each.opened,
      each.last,
      each.closed,
      String(each.workingDays),
      titles[each.age],
      each.count,
    ]),
    notes: [
      {
        vi: `${counts.open} sự cố đang mở (${say('vi')}), ${counts.closed} đã đóng trong kỳ.`,
        en: `${counts.open} incidents are open (${say('en')}), ${counts.closed} were closed within the period.`,
      },
    ],
    suppressed: false,
    facts: { counts, deadlines },
  }
}

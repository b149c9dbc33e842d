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

/** What the rules of contracts (keywords of JSON Schema, and a few of the gateway's own) forbid. */
const RULES: Readonly<Record<string, Bilingual>> = {
  type: { vi: 'sai kiểu', en: 'wrong type' },
  enum: { vi: 'ngoài danh mục', en: 'not in the list' },
  const: { vi: 'khác giá trị cố định', en: 'not the fixed value' },
  format: { vi: 'sai định dạng', en: 'wrong format' },
  pattern: { vi: 'sai mẫu', en: 'not of the pattern' },
  minLength: { vi: 'quá ngắn', en: 'too short' },
  maxLength: { vi: 'quá dài', en: 'too long' },
  minimum: { vi: 'quá nhỏ', en: 'too small' },
  maximum: { vi: 'quá lớn', en: 'too large' },
  exclusiveMinimum: { vi: 'quá nhỏ', en: 'too small' },
  exclusiveMaximum: { vi: 'quá lớn', en: 'too large' },
  multipleOf: { vi: 'không phải bội số', en: 'not a multiple' },
  minItems: { vi: 'quá ít phần tử', en: 'too few items' },
  maxItems: { vi: 'quá nhiều phần tử', en: 'too many items' },
  items: { vi: 'quá nhiều phần tử', en: 'too many items' },
  uniqueItems: { vi: 'phần tử trùng nhau', en: 'items repeat' },
  contains: { vi: 'thiếu phần tử phải có', en: 'an item is missing' },
  minProperties: { vi: 'quá ít thành phần', en: 'too few members' },
  maxProperties: { vi: 'quá nhiều thành phần', en: 'too many members' },
  required: { vi: 'thiếu trường bắt buộc', en: 'a mandatory member is missing' },
  dependentRequired: { vi: 'thiếu trường đi kèm', en: 'a member that goes with it is missing' },
  additionalProperties: { vi: 'có trường ngoài hợp đồng', en: 'a member beyond the contract' },
  propertyNames: { vi: 'tên trường không hợp lệ', en: 'wrong name of a member' },
  oneOf: { vi: 'không đúng một trong các dạng', en: 'none or several of the forms' },
  anyOf: { vi: 'không đúng dạng nào', en: 'none of the forms' },
  not: { vi: 'có dạng bị cấm', en: 'a forbidden form' },
  if: { vi: 'không thỏa điều kiện', en: 'a condition not met' },
  'false schema': { vi: 'không được có giá trị', en: 'a value where none may be' },
  'x-consistent-person': { vi: 'số định danh mâu thuẫn', en: 'the personal id contradicts' },
  json: { vi: 'không phải JSON', en: 'not JSON' },
  provider_form: { vi: 'không đúng dạng của hệ thống cũ', en: 'not of the older form' },
  [SILENT]: { vi: 'im quá hạn của hợp đồng', en: 'silent for too long' },
}

/** @returns what broke, in words; the rule itself where it has none. */
export function ruleWords(rule: string): Bilingual {
  return RULES[rule] ?? { vi: rule, en: rule }
}

const COLUMNS: readonly Column[] = [
  { id: 'service', title: { vi: 'Dịch vụ', en: 'Service' }, kind: 'name' },
  { id: 'provider', title: { vi: 'Bên cung cấp', en: 'Provider' }, kind: 'text', fileOnly: true },
  { id: 'operation', title: { vi: 'Thao tác', en: 'Operation' }, kind: 'text' },
  { id: 'operationId', title: { vi: 'Mã thao tác', en: 'Operation id' }, kind: 'code', fileOnly: true },
  { id: 'field', title: { vi: 'Trường', en: 'Field' }, kind: 'code' },
  { id: 'rule', title: { vi: 'Quy tắc', en: 'Rule' }, kind: 'text' },
  { id: 'ruleId', title: { vi: 'Mã quy tắc', en: 'Rule id' }, kind: 'code', fileOnly: true },
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
      names.operation(each.service, each.operation),
      each.operation,
      each.field === '' ? '/' : each.field,
      ruleWords(each.rule),
      each.rule,
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

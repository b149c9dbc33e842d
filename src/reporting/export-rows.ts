import type { PrivateName } from '../ledger/disclosure.ts'
import type { ShownEntry } from './audit-desk.ts'

/** Columns of a table of exchanges, both languages in one head, as forms of the administration have it. */
const COLUMNS: readonly (readonly [
  title: string,
  value: (entry: ShownEntry) => string | number | undefined,
])[] = [
  ['STT / Leaf index', ({ leafIndex }) => leafIndex],
  ['Mã giao dịch / Exchange', ({ record }) => record.exchange],
  ['Thời điểm nhận / Received (UTC+7)', ({ receivedAt }) => formatVietnam(receivedAt)],
  ['Thời điểm ghi / Recorded (UTC+7)', ({ recordedAt }) => formatVietnam(recordedAt)],
  ['Bên hỏi / Consumer', ({ record }) => record.consumer],
  ['Bên cung cấp / Provider', ({ record }) => record.provider],
  ['Dịch vụ / Service', ({ record }) => record.service],
  ['Thao tác / Operation', ({ record }) => record.operation],
  ['Kết quả / Outcome', ({ record }) => record.outcome],
  ['Mã lỗi / Code', ({ record }) => record.code],
  ['Thỏa thuận / Agreement', ({ record }) => record.agreement?.id],
  ['Mục đích / Purpose', ({ record }) => record.purpose],
  ['Căn cứ / Legal bases', ({ record }) => record.legalBases?.join(' ')],
  ['Thủ tục / Procedure', ({ record }) => record.procedure],
  ['Trường đã trả / Fields', ({ record }) => record.fields?.join(' ')],
  ['Mili giây bên cung cấp / Provider ms', ({ record }) => record.providerMs],
  ['Nhãn người / Subject tag', (entry) => disclosed(entry, 'subjectTag')],
  ['Cán bộ / Officer', (entry) => disclosed(entry, 'officer')],
  ['Hồ sơ / Dossier', (entry) => disclosed(entry, 'dossier')],
  ['Lý do tra cứu / Note', (entry) => disclosed(entry, 'note')],
  ['Dấu bản ghi / Leaf hash', ({ leafHash }) => leafHash],
]

/** What was erased is said in each place it would have stood in. */
function disclosed({ record, private: part }: ShownEntry, name: PrivateName): string | undefined {
  if (part === undefined || record.private?.[name] === undefined) return undefined
  return 'erased' in part ? 'đã xóa / erased' : part[name]
}

export const EXPORT_TITLES: readonly string[] = COLUMNS.map(([title]) => title)

/** `dd/MM/yyyy HH:mm:ss` in Vietnam, which is at UTC+7 all year. */
function formatVietnam(instant: string): string {
  const [day = '', time = ''] = new Date(Date.parse(instant) + 7 * 3_600_000).toISOString().split('T')
  return `${day.split('-').toReversed().join('/')} ${time.slice(0, 8)}`
}

/** One row of the table, in the order of `EXPORT_TITLES`. */
export function exportRow(entry: ShownEntry): readonly (string | number | undefined)[] {
  return COLUMNS.map(([, value]) => value(entry))
}

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection): `=` `+` `-`
 * `@`, also in full width, and tab or line ends.
 */
function defuse(text: string): string {
  return /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text
}

function csvCell(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = defuse(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** One line of CSV (RFC 4180). */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function xmlText(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}

/**
 * One row of a sheet (ECMA-376 §18.3.1.73). Texts are inline strings, which no program takes for a formula; they
 * are defused all the same, since the sheet may be saved as CSV.
 */
export function sheetRow(cells: readonly (string | number | undefined)[]): string {
  const written = cells.map((value) => {
    if (value === undefined) return '<c/>'
    if (typeof value === 'number') return `<c><v>${value}</v></c>`
    return `<c t="inlineStr"><is><t xml:space="preserve">${xmlText(defuse(value))}</t></is></c>`
  })
  return `<row>${written.join('')}</row>`
}

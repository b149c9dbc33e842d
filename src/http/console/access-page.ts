import type { Bilingual } from '../../model/identifier.ts'
import type { ShownEntry } from '../../reporting/audit-desk.ts'
import { FORM_IDS, FORMS } from '../../reporting/form.ts'
import { COMPARISON_TITLES, DIVISION_TITLES } from '../../reporting/report.ts'
import { html, type Markup } from './html.ts'
import { KIND_WORDS } from './search-page.ts'
import { periodWords } from './statistics-page.ts'
import { OUTCOMES, outcomeBadge, type Page, scrollTable, type View } from './view.ts'

const CONDITION_WORDS: Readonly<Record<string, readonly [vi: string, en: string]>> = {
  form: ['biểu', 'form'],
  report: ['trang', 'page'],
  period: ['kỳ', 'period'],
  by: ['theo', 'by'],
  compare: ['so với', 'compared with'],
  agency: ['cơ quan', 'agency'],
  service: ['dịch vụ', 'service'],
  consumer: ['bên hỏi', 'consumer'],
  provider: ['bên cung cấp', 'provider'],
  outcome: ['kết quả', 'outcome'],
  code: ['mã lỗi', 'code'],
  since: ['từ', 'from'],
  until: ['đến', 'until'],
  exchange: ['giao dịch', 'exchange'],
  trace: ['vết', 'trace'],
  format: ['tệp', 'file'],
}
/** What a reading was of. */
const REPORT_WORDS: Readonly<Record<string, Bilingual>> = {
  statistics: { vi: 'thống kê', en: 'statistics' },
  quality: { vi: 'chất lượng', en: 'quality' },
  agency: { vi: 'một cơ quan', en: 'one agency' },
  agencies: { vi: 'các cơ quan', en: 'agencies' },
  service: { vi: 'một dịch vụ', en: 'one service' },
  services: { vi: 'các dịch vụ', en: 'services' },
  connections: { vi: 'kết nối', en: 'connections' },
  own: { vi: 'giao dịch của một hệ thống', en: "one system's exchanges" },
  status: { vi: 'trạng thái', en: 'status' },
}

const FORM_WORDS: Readonly<Record<string, Bilingual>> = Object.fromEntries(
  FORM_IDS.map((id) => [id, FORMS[id].title]),
)

/** A condition's value in words, where it has any. */
function valueWords(view: View, name: string, value: string): string {
  const { pick, names, format } = view
  const tables: Readonly<Record<string, Readonly<Record<string, Bilingual>>>> = {
    form: FORM_WORDS,
    report: REPORT_WORDS,
    // What was looked for by, or how a report was divided.
    by: { ...KIND_WORDS, ...DIVISION_TITLES },
    compare: COMPARISON_TITLES,
    outcome: OUTCOMES,
  }
  const words = tables[name]?.[value]
  if (words !== undefined) return format.inside(pick(words))
  if (/^\d{4}(?:-(?:H\d|Q\d|\d{2}))?$/.test(value)) return format.inside(periodWords(view, value))
  if (name === 'since' || name === 'until') return format.instant(value)
  if (name === 'agency') return pick(names.agency(value))
  if (name === 'service') return pick(names.service(value))
  return name === 'consumer' || name === 'provider' ? pick(names.subsystem(value)) : value
}

/** How much was shown is no condition. */
const UNTOLD = new Set(['limit', 'total', 'exchangesOnly', 'cursor'])

/** What was looked for, in words; the record itself holds canonical JSON. */
function conditionWords(view: View, query: string | undefined): Markup | string {
  const { say } = view
  if (query === undefined) return ''
  const asked = Object.entries(Object(JSON.parse(query)) as Record<string, unknown>).filter(
    ([name, value]) => !UNTOLD.has(name) && value !== false,
  )
  if (asked.length === 0) return say('tất cả', 'everything')
  return html`${asked.map(([name, value]) => {
    const words = CONDITION_WORDS[name]
    const text =
      typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
    return html`<span>${words === undefined ? name : say(...(words as [string, string]))} <b>${valueWords(view, name, text)}</b></span>`
  })}`
}

/** Who read the log, as the log itself tells. */
export function accessPage(view: View, entries: readonly ShownEntry[]): Page {
  const { say, format, pick, names } = view
  const title = say('Ai đã xem sổ', 'Who has looked at the log')
  const rows = entries.map(
    ({ record, receivedAt }) =>
      html`<tr><td class="time">${format.instant(receivedAt).slice(11)}<small>${format.instant(receivedAt).slice(0, 10)}</small></td><td>${pick(names.subsystem(record.consumer ?? ''))}<small>${record.consumer}</small></td><td><a href="/console/exchanges/${record.exchange}">${pick(names.operation(record.service ?? '', record.operation ?? ''))}</a></td><td class="conditions">${conditionWords(view, record.reading?.query)}</td><td class="number">${format.number(record.reading?.found ?? 0)}</td><td>${outcomeBadge(view, record.outcome ?? '')}</td></tr>`,
  )
  return {
    title,
    section: 'access',
    body: html`<h1>${title}</h1><p class="sentence">${say('Ai đọc sổ cũng được ghi vào sổ, kể cả lần xem này: dòng đầu khi bạn tải lại trang. Điều kiện tìm được ghi, mã của người thì không.', 'Whoever reads the log stands in it, this very view included: reload and see. Conditions are recorded, identifiers of people never.')}</p><section class="card">${scrollTable(title, html`<table><caption class="hidden">${title}</caption><thead><tr><th scope="col">${say('Thời điểm', 'Time')}</th><th scope="col">${say('Ai', 'Who')}</th><th scope="col">${say('Thao tác', 'What')}</th><th scope="col">${say('Điều kiện', 'Conditions')}</th><th scope="col" class="number">${say('Số kết quả', 'Found')}</th><th scope="col">${say('Trạng thái', 'Outcome')}</th></tr></thead><tbody>${rows}</tbody></table>`)}</section>`,
  }
}

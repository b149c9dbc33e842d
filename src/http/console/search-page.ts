import { errorEntry } from '../../model/errors.ts'
import type { ShownEntry } from '../../reporting/audit-desk.ts'
import { providerOf } from '../../reporting/connections.ts'
import { html, type Markup } from './html.ts'
import { OUTCOMES, outcomeBadge, type Page, scrollTable, type View } from './view.ts'

/** What a search was asked with; it stands in the address, but for identifiers. */
export interface Filters {
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly consumer?: string | undefined
  readonly provider?: string | undefined
  readonly service?: string | undefined
  readonly outcome?: string | undefined
  readonly code?: string | undefined
  /** W3C trace id. */
  readonly trace?: string | undefined
  /** Present where readings of the log are shown too. */
  readonly readings?: string | undefined
  readonly cursor?: string | undefined
}

export interface Choices {
  readonly subsystems: readonly string[]
  readonly services: readonly string[]
}

export const KINDS = ['auto', 'subject', 'dossier', 'officer'] as const
export type IdentifierKind = (typeof KINDS)[number]

/** What was found by an identifier, which itself is not kept. */
export interface Sought {
  readonly kind: Exclude<IdentifierKind, 'auto'>
  readonly identifier: string
}

export interface SearchResult {
  readonly entries: readonly ShownEntry[]
  readonly total: number | undefined
  /** Records there are; a sandbox's statistics may count more. */
  readonly recorded: number
  readonly next: string | undefined
}

interface SearchPage {
  readonly filters: Filters
  readonly choices: Choices
  readonly result: SearchResult
  readonly sought?: Sought | undefined
}

/** What an identifier is, as people call it. */
export const KIND_WORDS = {
  auto: { vi: 'Tự nhận biết', en: 'Recognise it' },
  subject: { vi: 'Số định danh của người, mã số thuế', en: "Person's number or tax code" },
  dossier: { vi: 'Mã hồ sơ', en: 'Dossier code' },
  officer: { vi: 'Mã cán bộ', en: "Officer's code" },
} as const

function identifierForm({ say, pick, viewer }: View, sought: Sought | undefined): Markup {
  const options = KINDS.map(
    (kind) =>
      html`<option value="${kind}"${kind === sought?.kind ? html` selected` : ''}>${pick(KIND_WORDS[kind])}</option>`,
  )
  return html`<form class="find" method="post" action="/console/search" autocomplete="off">
<input type="hidden" name="csrf" value="${viewer?.csrf}">
<label for="identifier">${say('Tra theo mã', 'Look up any identifier')}</label>
<p id="identifier-hint" class="hint">${say(
    'Mã giao dịch, biên nhận, vết (trace), số bản ghi (#1234), mã hồ sơ, số định danh, mã số thuế hoặc mã cán bộ. Mã được gửi kín, không nằm trong địa chỉ trang; sổ chỉ giữ nhãn mã hóa.',
    'Exchange id, receipt, trace id, place in the log (#1234), dossier code, personal number, tax code or officer. It is sent in the body, never in an address; the log only holds keyed tags.',
  )}</p>
<div class="row"><input id="identifier" name="identifier" type="text" required maxlength="4000" aria-describedby="identifier-hint" spellcheck="false">
<select name="kind" aria-label="${say('Loại mã', 'Kind of identifier')}">${options}</select>
<button>${say('Tra cứu', 'Look up')}</button></div></form>`
}

function select(
  id: string,
  label: string,
  all: string,
  options: readonly (readonly [string, string])[],
  chosen: string | undefined,
): Markup {
  return html`<div class="field"><label for="${id}">${label}</label><select id="${id}" name="${id}"><option value="">${all}</option>${options.map(
    ([value, text]) =>
      html`<option value="${value}"${value === chosen ? html` selected` : ''}>${text}</option>`,
  )}</select></div>`
}

function filterForm(view: View, { filters, choices }: SearchPage): Markup {
  const { say, pick, names } = view
  const all = say('Tất cả', 'All')
  const subsystems = choices.subsystems.map((id) => [id, `${pick(names.subsystem(id))} (${id})`] as const)
  const provided = new Set(choices.services.map(providerOf))
  const providers = subsystems.filter(([id]) => provided.has(id))
  const services = choices.services.map((id) => [id, pick(names.service(id))] as const)
  const outcomes = Object.entries(OUTCOMES).map(([id, words]) => [id, pick(words)] as const)
  return html`<form class="filters" method="get" action="/console/search">
<div class="field"><label for="since">${say('Từ ngày', 'From')}</label><input type="date" id="since" name="since" value="${filters.since}"></div>
<div class="field"><label for="until">${say('Đến hết ngày', 'Through')}</label><input type="date" id="until" name="until" value="${filters.until}"></div>
${select('consumer', say('Bên hỏi', 'Consumer'), all, subsystems, filters.consumer)}
${select('provider', say('Bên cung cấp', 'Provider'), all, providers, filters.provider)}
${select('service', say('Dịch vụ', 'Service'), all, services, filters.service)}
${select('outcome', say('Kết quả', 'Outcome'), all, outcomes, filters.outcome)}
<label class="check"><input type="checkbox" name="readings" value="1"${filters.readings !== undefined && html` checked`}> ${say('Kể cả lượt đọc sổ', 'Include readings of the log')}</label>${filters.trace !== undefined && html`<input type="hidden" name="trace" value="${filters.trace}">`}${filters.code !== undefined && html`<input type="hidden" name="code" value="${filters.code}">`}
<div class="actions"><button>${say('Lọc', 'Filter')}</button><a class="reset" href="/console/search">${say('Bỏ lọc', 'Clear')}</a></div></form>`
}

function row(view: View, { record, receivedAt }: ShownEntry, of: 'all' | 'one'): Markup {
  const { format, names, pick } = view
  const [day = '', time = ''] = format.instant(receivedAt).split(' ')
  const id = record.exchange ?? ''
  const error = errorEntry(record.code)
  return html`<tr><td class="time">${time}<small>${day}</small></td>
<td><a class="id" href="/console/exchanges/${id}">…${id.slice(-12)}</a></td>
${of === 'all' && html`<td class="by">${pick(names.subsystem(record.consumer ?? ''))}</td>`}
<td class="of">${pick(names.service(record.service ?? ''))}<small>${pick(names.operation(record.service ?? '', record.operation ?? ''))}</small></td>
<td class="end">${outcomeBadge(view, record.outcome ?? '')}${record.code !== undefined && html`<small>${error === undefined ? record.code : pick(error.title)}</small>`}</td>
${record.providerMs === undefined ? html`<td class="number">–</td>` : html`<td class="number ms">${format.number(record.providerMs)}</td>`}</tr>`
}

/** @param own what a table of one consumer's exchanges is called; the page names the consumer already. */
export function exchangeTable(view: View, entries: readonly ShownEntry[], own?: string): Markup {
  const { say } = view
  const of = own === undefined ? 'all' : 'one'
  const table = html`<table class="exchanges ${of}"><thead><tr><th scope="col">${say('Thời điểm', 'Time')}</th><th scope="col">${say('Mã giao dịch', 'Exchange')}</th>${of === 'all' && html`<th scope="col">${say('Bên hỏi', 'Consumer')}</th>`}<th scope="col">${say('Dịch vụ', 'Service')}</th><th scope="col">${say('Kết quả', 'Outcome')}</th><th scope="col" class="number">${say('Bên cung cấp (ms)', 'Provider (ms)')}</th></tr></thead><tbody>${entries.map((entry) => row(view, entry, of))}</tbody></table>`
  return scrollTable(own ?? say('Các giao dịch', 'Exchanges'), table)
}

/** @returns the address of a search, so that it can be kept. */
export function searchAddress(filters: Filters): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value)
  const text = query.toString()
  return text === '' ? '/console/search' : `/console/search?${text}`
}

function exportForm({ say, viewer }: View, { filters, sought }: SearchPage): Markup {
  const { cursor, ...conditions } = filters
  const hidden = Object.entries({ ...conditions, ...sought }).map(
    ([name, value]) => value && html`<input type="hidden" name="${name}" value="${value}">`,
  )
  return html`<form class="export" method="post" action="/console/export"><input type="hidden" name="csrf" value="${viewer?.csrf}">${hidden}
<label for="format">${say('Xuất ra tệp', 'Export as')}</label> <select id="format" name="format"><option value="xlsx">XLSX</option><option value="csv">CSV</option><option value="ndjson">NDJSON</option></select>
<button class="secondary">${say('Tải về, kèm bản kê có chữ ký', 'Download with signed manifest')}</button></form>`
}

function nextPage({ say, viewer }: View, { filters, sought, result }: SearchPage): Markup | undefined {
  if (result.next === undefined) return undefined
  const words = say('Trang sau: cũ hơn', 'Next page: earlier')
  if (sought === undefined) {
    return html`<p class="next"><a href="${searchAddress({ ...filters, cursor: result.next })}" rel="next">${words} →</a></p>`
  }
  return html`<form class="next" method="post" action="/console/search"><input type="hidden" name="csrf" value="${viewer?.csrf}"><input type="hidden" name="identifier" value="${sought.identifier}"><input type="hidden" name="kind" value="${sought.kind}"><input type="hidden" name="cursor" value="${result.next}"><button class="secondary">${words} →</button></form>`
}

export function searchPage(view: View, page: SearchPage): Page {
  const { say, pick, format } = view
  const { result, sought } = page
  const count =
    result.total === undefined ? format.number(result.entries.length) : format.number(result.total)
  return {
    title: say('Tra cứu giao dịch', 'Search exchanges'),
    section: 'search',
    body: html`<h1>${say('Tra cứu giao dịch', 'Search exchanges')}</h1>
${identifierForm(view, sought)}
<details class="more"${sought === undefined ? html` open` : ''}><summary>${say('Lọc theo điều kiện', 'Filter by conditions')}</summary>${filterForm(view, page)}</details>
<div class="found"><p><strong>${count}</strong> ${say('giao dịch khớp', 'exchanges match')}${sought && html` ${say('với', 'by')} ${format.inside(pick(KIND_WORDS[sought.kind]))}`}${page.filters.trace !== undefined && html` ${say('có vết', 'with trace')} <code>${page.filters.trace}</code>`}${page.filters.code !== undefined && html` ${say('có mã lỗi', 'with code')} <code>${page.filters.code}</code>`}. ${sought === undefined && say('Muốn giữ bộ lọc này, hãy lưu địa chỉ trang.', 'To keep this search, keep the address of the page.')}</p>${exportForm(view, page)}</div>
${result.total !== undefined && result.total > result.recorded && html`<p class="hint">${say('Số đếm gồm cả số liệu mô phỏng của môi trường thử; danh sách dưới đây chỉ có giao dịch có bản ghi.', 'The count includes this sandbox’s synthetic figures; listed are the exchanges that have a record.')}</p>`}
${result.entries.length === 0 ? html`<p class="empty">${say('Không có giao dịch nào khớp. Thử nới khoảng ngày, hoặc chọn đúng loại mã.', 'No exchange matches. Try a wider span of days, or choose the kind of identifier.')}</p>` : exchangeTable(view, result.entries)}
${nextPage(view, page)}`,
  }
}

import type { ShownEntry } from '../../reporting/audit-desk.ts'
import type { AgreedConnection } from '../../reporting/connections.ts'
import { divisionOf, type Figures } from '../../reporting/figures.ts'
import { UNUSED_DAYS } from '../../reporting/kpi.ts'
import type { NamedFinding } from '../../telemetry/health.ts'
import { html, type Markup } from './html.ts'
import { divisionTable, periodForm, tiles } from './statistics-page.ts'
import { outcomeBadge, type Page, scrollTable, type View } from './view.ts'

export function connectionTable(view: View, title: string, connections: readonly AgreedConnection[]): Markup {
  const { say, format, pick, names } = view
  if (connections.length === 0)
    return html`<p class="empty">${say('Chưa có kết nối nào.', 'No connection yet.')}</p>`
  const state = (each: AgreedConnection) => {
    if (each.state !== 'active') return html`<span class="badge warn">${say('Tạm dừng', 'Suspended')}</span>`
    if (each.use === undefined)
      return html`<span class="badge ${each.unused ? 'bad' : 'none'}">${say('Chưa dùng', 'Never used')}</span>`
    return each.unused
      ? html`<span class="badge bad">${say(`Không dùng ${UNUSED_DAYS} ngày`, `Unused ${UNUSED_DAYS} days`)}</span>`
      : html`<span class="badge good">${say('Đang dùng', 'In use')}</span>`
  }
  const rows = connections.map(
    (each) =>
      html`<tr><td><a href="/console/agencies/${each.consumer.split('/')[0]}">${pick(names.subsystem(each.consumer))}</a></td><td><a href="/console/services/${each.service}">${pick(names.service(each.service))}</a></td><td>${each.title}<small><code>${each.agreement}</code></small></td><td>${state(each)}${each.ending && html` <span class="badge warn">${say('Sắp hết hạn', 'Ending soon')}</span>`}</td><td class="number">${each.use?.lastDelivered === undefined ? '–' : format.day(each.use.lastDelivered)}</td><td class="number">${format.number(each.use?.delivered ?? 0)}</td><td class="number">${each.until === undefined ? say('không thời hạn', 'open') : format.day(each.until)}</td></tr>`,
  )
  return scrollTable(
    title,
    html`<table><caption class="hidden">${title}</caption><thead><tr><th scope="col">${say('Bên hỏi', 'Consumer')}</th><th scope="col">${say('Dịch vụ', 'Service')}</th><th scope="col">${say('Thỏa thuận', 'Agreement')}</th><th scope="col">${say('Trạng thái', 'State')}</th><th scope="col" class="number">${say('Dùng gần nhất', 'Last use')}</th><th scope="col" class="number">${say('Đã trả', 'Delivered')}</th><th scope="col" class="number">${say('Hết hạn', 'Ends')}</th></tr></thead><tbody>${rows}</tbody></table>`,
  )
}

export interface Listed {
  readonly address: string
  readonly name: string
  readonly note: string
  readonly count: number
}

/** Agencies or services, each with a number to compare. */
export function listPage(view: View, section: 'agencies' | 'services', listed: readonly Listed[]): Page {
  const { say, format } = view
  const title =
    section === 'agencies'
      ? say('Cơ quan', 'Agencies')
      : say('Dịch vụ chia sẻ dữ liệu', 'Data-sharing services')
  const rows = listed.map(
    ({ address, name, note, count }) =>
      html`<li><a href="${address}">${name}</a><small>${note}</small><span class="number">${format.number(count)}</span></li>`,
  )
  return {
    title,
    section,
    body: html`<h1>${title}</h1><section class="card"><ul class="directory">${rows}</ul></section>`,
  }
}

interface PartyPage {
  readonly title: string
  readonly code: string
  readonly section: 'agencies' | 'services'
  readonly figures: Figures
  readonly connections: readonly (readonly [title: string, connections: readonly AgreedConnection[]])[]
  readonly facts: readonly (readonly [title: string, value: string])[]
  readonly today: string
}

/** One agency, or one service: its figures, and the connections it has. */
export function partyPage(view: View, page: PartyPage): Page {
  const { say } = view
  const { figures, section } = page
  const by = section === 'agencies' ? 'service' : 'agency'
  const title =
    section === 'agencies' ? say('Dịch vụ', 'Service') : say('Cơ quan khai thác', 'Consumer agency')
  const back = section === 'agencies' ? say('Cơ quan', 'Agencies') : say('Dịch vụ', 'Services')
  return {
    title: page.title,
    section,
    body: html`<p class="crumb"><a href="/console/${section}">${back}</a></p><div class="headline"><h1>${page.title}<small>${page.code}</small></h1>${periodForm(view, `/console/${section}/${page.code}`, figures.period.id, page.today)}</div>
${tiles(view, figures)}
${page.facts.length > 0 && html`<section class="card"><dl class="facts">${page.facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`}
${page.connections.map(([heading, connections]) => html`<section class="card"><h2>${heading}</h2>${connectionTable(view, heading, connections)}</section>`)}
<section class="card"><h2>${title}</h2>${divisionTable(view, divisionOf(figures, by), { title, by, address: (key) => `/console/${by === 'service' ? 'services' : 'agencies'}/${key}` })}</section>`,
  }
}

const CONDITION_WORDS: Readonly<Record<string, readonly [vi: string, en: string]>> = {
  form: ['biểu', 'form'],
  report: ['số liệu', 'figures'],
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
/** How much was shown is no condition. */
const UNTOLD = new Set(['limit', 'total', 'exchangesOnly', 'cursor'])

/** What was looked for, in words; the record itself holds canonical JSON. */
function conditionWords({ say }: View, query: string | undefined): Markup | string {
  if (query === undefined) return ''
  const asked = Object.entries(Object(JSON.parse(query)) as Record<string, unknown>).filter(
    ([name, value]) => !UNTOLD.has(name) && value !== false,
  )
  if (asked.length === 0) return say('tất cả', 'everything')
  return html`${asked.map(([name, value]) => {
    const words = CONDITION_WORDS[name]
    const text =
      typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
    return html`<span>${words === undefined ? name : say(...(words as [string, string]))} <b>${text}</b></span>`
  })}`
}

/** Who read the log, as the log itself tells. */
export function accessPage(view: View, entries: readonly ShownEntry[]): Page {
  const { say, format, pick, names } = view
  const title = say('Ai đã xem sổ', 'Who has looked at the log')
  const actions: Readonly<Record<string, string>> = {
    search: say('tra cứu', 'searched'),
    count: say('đếm, thống kê', 'counted'),
    exchange: say('mở một giao dịch', 'opened an exchange'),
    export: say('kết xuất', 'exported'),
    figures: say('lập báo cáo', 'made a report'),
    entries: say('đọc nguyên văn sổ', "read the log's own bytes"),
    operationalData: say('đọc số liệu vận hành', 'read operational data'),
    findUsage: say('người dân xem dữ liệu của mình', 'a person asked about their data'),
  }
  const rows = entries.map(
    ({ record, receivedAt }) =>
      html`<tr><td class="time">${format.instant(receivedAt).slice(11)}<small>${format.instant(receivedAt).slice(0, 10)}</small></td><td>${pick(names.subsystem(record.consumer ?? ''))}<small>${record.consumer}</small></td><td><a href="/console/exchanges/${record.exchange}">${actions[record.operation ?? ''] ?? record.operation}</a></td><td class="conditions">${conditionWords(view, record.reading?.query)}</td><td class="number">${format.number(record.reading?.found ?? 0)}</td><td>${outcomeBadge(view, record.outcome ?? '')}</td></tr>`,
  )
  return {
    title,
    section: 'access',
    body: html`<h1>${title}</h1><p class="sentence">${say('Ai đọc sổ cũng được ghi vào sổ, kể cả lần xem này: dòng đầu khi bạn tải lại trang. Điều kiện tìm được ghi, mã của người thì không.', 'Whoever reads the log stands in it, this very view included: reload and see. Conditions are recorded, identifiers of people never.')}</p><section class="card">${scrollTable(title, html`<table><caption class="hidden">${title}</caption><thead><tr><th scope="col">${say('Thời điểm', 'Time')}</th><th scope="col">${say('Ai', 'Who')}</th><th scope="col">${say('Việc', 'What')}</th><th scope="col">${say('Điều kiện', 'Conditions')}</th><th scope="col" class="number">${say('Thấy', 'Found')}</th><th scope="col">${say('Kết quả', 'Outcome')}</th></tr></thead><tbody>${rows}</tbody></table>`)}</section>`,
  }
}

export interface StatusFacts {
  readonly checks: readonly NamedFinding[]
  readonly treeSize: number
  readonly checkpoint: { readonly size: number; readonly cosigners: readonly string[] } | undefined
  readonly registry: {
    readonly version: number
    readonly digest: string
    readonly services: number
    readonly agreements: number
  }
  /** Providers whose circuit is not closed. */
  readonly circuits: readonly { readonly provider: string; readonly state: string }[]
}

export function statusPage(view: View, facts: StatusFacts): Page {
  const { say, format, pick, names } = view
  const mark = (ok: boolean, concern = false) => {
    if (ok && concern) return html`<span class="badge warn">${say('Cần xem', 'Look')}</span>`
    return html`<span class="badge ${ok ? 'good' : 'bad'}">${ok ? say('Tốt', 'OK') : say('Có sự cố', 'Trouble')}</span>`
  }
  const { checkpoint, registry, circuits } = facts
  const open = circuits.filter(({ state }) => state !== 'closed')
  return {
    title: say('Trạng thái', 'Status'),
    section: 'status',
    body: html`<h1>${say('Trạng thái', 'Status')}</h1>
<dl class="tiles"><div class="tile-card"><dt>${say('Bản ghi trong sổ', 'Records in the log')}</dt><dd>${format.number(facts.treeSize)}</dd></div><div class="tile-card"><dt>${say('Điểm kiểm mới nhất', 'Latest checkpoint')}</dt><dd>${checkpoint === undefined ? '–' : format.number(checkpoint.size)}<small>${checkpoint !== undefined && say(`${checkpoint.cosigners.length} nhân chứng cùng ký`, `${checkpoint.cosigners.length} witnesses cosigned`)}</small></dd></div><div class="tile-card"><dt>${say('Danh bạ', 'Registry')}</dt><dd>${say('bản', 'v')} ${format.number(registry.version)}<small>${format.number(registry.services)} ${say('dịch vụ', 'services')} · ${format.number(registry.agreements)} ${say('thỏa thuận', 'agreements')}</small></dd></div><div class="tile-card"><dt>${say('Mạch đang ngắt', 'Open circuits')}</dt><dd>${format.number(open.length)}<small>${say('bên cung cấp', 'providers')}</small></dd></div></dl>
<section class="card"><h2>${say('Cổng có nhận được giao dịch không', 'Can the gateway carry exchanges')}</h2><ul class="checks-list">${facts.checks.map(({ name, ok, concern, detail }) => html`<li>${mark(ok, concern)} <strong>${name}</strong> ${pick(detail)}</li>`)}</ul></section>
${circuits.length > 0 && html`<section class="card"><h2>${say('Bên cung cấp', 'Providers')}</h2><ul class="checks-list">${circuits.map(({ provider, state }) => html`<li>${mark(state === 'closed')} ${pick(names.service(provider))} <code>${state}</code></li>`)}</ul></section>`}
${checkpoint !== undefined && html`<section class="card"><h2>${say('Nhân chứng của điểm kiểm', "The checkpoint's cosigners")}</h2>${checkpoint.cosigners.length === 0 ? html`<p class="empty">${say('Chưa đặt nhân chứng: chỉ khóa của sổ ký.', 'No witnesses are set: only the log signs.')}</p>` : html`<ul class="plain">${checkpoint.cosigners.map((name) => html`<li><code>${name}</code></li>`)}</ul>`}</section>`}`,
  }
}

/** Signed out, without a right, or something that does not work: what happened and what to do. */
export function messagePage(
  title: string,
  text: string,
  action?: readonly [address: string, label: string],
): Page {
  return {
    title,
    body: html`<section class="card message"><h1>${title}</h1><p>${text}</p>${action !== undefined && html`<p><a class="button" href="${action[0]}">${action[1]}</a></p>`}</section>`,
  }
}

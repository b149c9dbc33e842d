import {
  type AgreedConnection,
  CONNECTION_STATES,
  type ConnectionState,
  stateOf,
} from '../../reporting/connections.ts'
import { divisionOf, type Figures } from '../../reporting/figures.ts'
import type { NamedFinding } from '../../telemetry/health.ts'
import { html, type Markup } from './html.ts'
import { divisionTable, periodForm, tiles } from './statistics-page.ts'
import { type Page, scrollTable, type View } from './view.ts'

/** How a connection's state is coloured. */
export const STATE_KINDS: Readonly<Record<ConnectionState, string>> = {
  used: 'good',
  unused: 'bad',
  never: 'none',
  suspended: 'warn',
}

export function connectionTable(view: View, title: string, connections: readonly AgreedConnection[]): Markup {
  const { say, format, pick, names } = view
  if (connections.length === 0)
    return html`<p class="empty">${say('Chưa có kết nối nào.', 'No connection yet.')}</p>`
  const state = (each: AgreedConnection) => {
    const stands = stateOf([each])
    return html`<span class="badge ${STATE_KINDS[stands]}">${pick(CONNECTION_STATES[stands])}</span>`
  }
  // What every row would repeat is said once, above.
  const isOne = (side: 'consumer' | 'service') =>
    connections.length > 1 && new Set(connections.map((each) => each[side])).size === 1
  const [oneConsumer, oneService] = [isOne('consumer'), isOne('service')]
  const [{ consumer = '', service = '' } = {}] = connections
  const said = [
    oneConsumer && `${say('Bên hỏi', 'Consumer')}: ${pick(names.subsystem(consumer))}`,
    oneService && `${say('Dịch vụ', 'Service')}: ${pick(names.service(service))}`,
  ].filter((each) => each !== false)
  const rows = connections.map(
    (each) =>
      html`<tr>${!oneConsumer && html`<td><a href="/console/agencies/${each.consumer.split('/')[0]}">${pick(names.subsystem(each.consumer))}</a></td>`}${!oneService && html`<td><a href="/console/services/${each.service}">${pick(names.service(each.service))}</a></td>`}<td>${pick(each.title)}<small><code>${each.agreement}</code></small></td><td>${state(each)}${each.ending && html` <span class="badge warn">${say('Sắp hết hạn', 'Ending soon')}</span>`}</td><td class="number">${each.use?.lastDelivered === undefined ? '–' : format.day(each.use.lastDelivered)}</td><td class="number">${format.number(each.use?.delivered ?? 0)}</td><td class="number">${each.until === undefined ? say('không thời hạn', 'open-ended') : format.day(each.until)}</td></tr>`,
  )
  const table = scrollTable(
    title,
    html`<table><caption class="hidden">${title}</caption><thead><tr>${!oneConsumer && html`<th scope="col">${say('Bên hỏi', 'Consumer')}</th>`}${!oneService && html`<th scope="col">${say('Dịch vụ', 'Service')}</th>`}<th scope="col">${say('Thỏa thuận', 'Agreement')}</th><th scope="col">${say('Trạng thái', 'State')}</th><th scope="col" class="number">${say('Dùng gần nhất', 'Last use')}</th><th scope="col" class="number">${say('Đã trả', 'Delivered')}</th><th scope="col" class="number">${say('Hết hạn', 'Ends')}</th></tr></thead><tbody>${rows}</tbody></table>`,
  )
  return html`${said.length > 0 && html`<p class="hint">${said.join(' · ')}</p>`}${table}`
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

/** The newest checkpoint: how many records it covers, and its witnesses. */
export interface CheckpointFacts {
  readonly size: number
  readonly cosigners: readonly string[]
}

export interface StatusFacts {
  readonly checks: readonly NamedFinding[]
  readonly treeSize: number
  readonly checkpoint: CheckpointFacts | undefined
  readonly registry: {
    readonly version: number
    readonly digest: string
    readonly services: number
    readonly agreements: number
  }
  /** Providers whose circuit is not closed. */
  readonly circuits: readonly { readonly provider: string; readonly state: string }[]
}

/** What readiness looks at, as people call it. */
const CHECKS: Readonly<Record<string, { readonly vi: string; readonly en: string }>> = {
  ledger: { vi: 'Ghi sổ', en: 'Recording' },
  registry: { vi: 'Danh bạ', en: 'Registry' },
  workers: { vi: 'Tiến trình xử lý giao dịch', en: 'Processes that carry exchanges' },
  jobs: { vi: 'Việc nền', en: 'Background jobs' },
  datasets: { vi: 'Nguồn sự kiện', en: 'Sources of events' },
  log: { vi: 'Ký điểm kiểm', en: 'Signing checkpoints' },
  witnesses: { vi: 'Nhân chứng', en: 'Witnesses' },
  'log-audit': { vi: 'Tự soát sổ', en: 'Running audit of the log' },
}

const CIRCUITS: Readonly<Record<string, { readonly vi: string; readonly en: string }>> = {
  closed: { vi: 'đang gọi bình thường', en: 'called as usual' },
  open: { vi: 'tạm ngừng gọi', en: 'not called for now' },
  half_open: { vi: 'đang gọi thử lại', en: 'being tried again' },
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
<dl class="tiles"><div class="tile-card"><dt>${say('Bản ghi trong sổ', 'Records in the log')}</dt><dd>${format.number(facts.treeSize)}</dd></div><div class="tile-card"><dt>${say('Điểm kiểm mới nhất', 'Latest checkpoint')}</dt><dd>${checkpoint === undefined ? '–' : format.number(checkpoint.size)}<small>${checkpoint !== undefined && say(`${checkpoint.cosigners.length} nhân chứng cùng ký`, `${checkpoint.cosigners.length} witnesses cosigned`)}</small></dd></div><div class="tile-card"><dt>${say('Danh bạ', 'Registry')}</dt><dd>${say('bản', 'v')} ${format.number(registry.version)}<small>${format.number(registry.services)} ${say('dịch vụ', 'services')} · ${format.number(registry.agreements)} ${say('thỏa thuận', 'agreements')}</small></dd></div><div class="tile-card"><dt>${say('Cầu dao đang ngắt', 'Open circuits')}</dt><dd>${format.number(open.length)}<small>${say('bên cung cấp', 'providers')}</small></dd></div></dl>
<section class="card"><h2>${say('Cổng có nhận được giao dịch không', 'Can the gateway carry exchanges')}</h2><ul class="checks-list">${facts.checks.map(({ name, ok, concern, detail }) => html`<li>${mark(ok, concern)}<strong>${CHECKS[name] === undefined ? name : pick(CHECKS[name])}<small><code>${name}</code></small></strong><span>${pick(detail)}</span></li>`)}</ul></section>
${circuits.length > 0 && html`<section class="card"><h2>${say('Bên cung cấp', 'Providers')}</h2><ul class="checks-list">${circuits.map(({ provider, state }) => html`<li>${mark(state === 'closed')}<strong>${pick(names.subsystem(provider))}<small><code>${provider}</code></small></strong><span>${pick(CIRCUITS[state] ?? { vi: state, en: state })}</span></li>`)}</ul></section>`}
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

import {
  APPLICATION_ACT_TITLES,
  APPLICATION_STATE_TITLES,
  type ApplicationState,
  stateAfter,
} from '../../model/application.ts'
import type { Registry } from '../../registry/snapshot.ts'
import type { ApplicationSummary, ApplicationTold } from '../../reporting/application-desk.ts'
import { purposeName } from '../../reporting/names.ts'
import { type DecisionContext, decisionCard, decisionForms } from './decision-cards.ts'
import { html, type Markup } from './html.ts'
import { type Page, scrollTable, type View } from './view.ts'

const KINDS: Readonly<Record<ApplicationState, string>> = {
  filed: 'warn',
  incomplete: 'none',
  approved: 'good',
  refused: 'bad',
  withdrawn: 'none',
}

function stateBadge({ pick }: View, state: ApplicationState): Markup {
  return html`<span class="badge ${KINDS[state]}">${pick(APPLICATION_STATE_TITLES[state])}</span>`
}

/** The last day itself, not the midnight after it. */
function due({ format, say }: View, { dueAt, isOverdue }: ApplicationSummary): Markup | string {
  if (dueAt === undefined) return '–'
  const [day = ''] = format.instant(Date.parse(dueAt) - 1).split(' ')
  return isOverdue ? html`${day} <span class="badge bad">${say('Quá hạn', 'Overdue')}</span>` : day
}

function classTitle({ pick, say }: View, id: string, { applicationClasses }: Registry): string {
  const known = applicationClasses.get(id)
  if (known === undefined) return id
  return pick(known.title) + (known.unverified === true ? say(' (?)', ' (?)') : '')
}

/** Applications for connection, those due first at the head. */
export function applicationsPage(
  view: View,
  applications: readonly ApplicationSummary[],
  registry: Registry,
): Page {
  const { say, pick, names, format } = view
  const title = say('Đề nghị kết nối', 'Applications for connection')
  const rows = applications.map(
    (each) =>
      html`<tr><th scope="row"><a href="/console/applications/${each.number}">${each.number}</a><small>${pick(each.title)}</small></th><td>${stateBadge(view, each.state)}</td><td>${due(view, each)}</td><td>${classTitle(view, each.class, registry)}</td><td>${pick(names.subsystem(each.consumer))}<small><code>${each.consumer}</code></small></td><td><a href="/console/services/${each.service}">${pick(names.service(each.service))}</a></td><td class="time">${format.instant(each.filedAt)}</td></tr>`,
  )
  const table = html`<table><caption class="hidden">${title}</caption><thead><tr><th scope="col">${say('Số', 'Number')}</th><th scope="col">${say('Trạng thái', 'State')}</th><th scope="col">${say('Hạn thẩm định', 'Due')}</th><th scope="col">${say('Loại', 'Class')}</th><th scope="col">${say('Bên khai thác', 'Consumer')}</th><th scope="col">${say('Dịch vụ', 'Service')}</th><th scope="col">${say('Nộp lúc', 'Filed')}</th></tr></thead><tbody>${rows}</tbody></table>`
  return {
    title,
    section: 'applications',
    body: html`<h1>${title}</h1><section class="card">${rows.length === 0 ? html`<p class="empty">${say('Chưa có đề nghị nào.', 'There is no application yet.')}</p>` : scrollTable(title, table)}</section>`,
  }
}

function history({ say, pick, names, format }: View, { events }: ApplicationTold): Markup {
  const rows = events.map(
    ({ act, at, by, exchange, legalBasis, agreement, reason, approver }) =>
      html`<tr><td class="time">${format.instant(at)}</td><td>${pick(APPLICATION_ACT_TITLES[act])}</td><td>${pick(names.subsystem(by))}</td><td>${[legalBasis, agreement, reason, approver].filter((each) => each !== undefined).join(' · ')}</td><td><a href="/console/exchanges/${exchange}">${say('bản ghi', 'record')}</a></td></tr>`,
  )
  const label = say('Đã làm gì', 'What was done')
  return scrollTable(
    label,
    html`<table><caption class="hidden">${label}</caption><thead><tr><th scope="col">${say('Lúc', 'When')}</th><th scope="col">${say('Việc', 'Act')}</th><th scope="col">${say('Ai', 'Who')}</th><th scope="col">${say('Nội dung', 'Said')}</th><th scope="col">${say('Sổ', 'Log')}</th></tr></thead><tbody>${rows}</tbody></table>`,
  )
}

/** One application: what is wished for, with which papers, what was decided, and the forms to decide with. */
export function applicationPage(view: View, application: ApplicationTold, context: DecisionContext): Page {
  const { registry, mayDecide } = context
  const { say, pick, names, format } = view
  const { number, agreement, documents, conformance, state } = application
  const asked = registry.applicationClasses.get(application.class)?.documents ?? []
  const wish = agreement.operations.map(
    ({ operation, fields }) =>
      html`<li>${pick(names.operation(application.service, operation))} <small><code>${operation}</code> ${fields.join(' ')}</small></li>`,
  )
  const papers = documents.map(({ document, number: paper, date }) => {
    const title = asked.find(({ id }) => id === document)?.title
    return html`<li>${title === undefined ? document : pick(title)} <small>${paper} · ${format.day(date)}</small></li>`
  })
  const { quota, validity } = agreement
  const facts = [
    [say('Mục đích', 'Purposes'), agreement.purposes.map((purpose) => pick(purposeName(purpose))).join(', ')],
    [
      say('Căn cứ', 'Legal bases'),
      agreement.legalBases.map((id) => registry.legalBases.get(id)?.text ?? id).join(', '),
    ],
    [
      say('Hạn mức', 'Quota'),
      `${format.number(quota.perSecond)} ${say('giao dịch mỗi giây', 'exchanges a second')}, ${format.number(quota.perDay)} ${say('mỗi ngày', 'a day')}`,
    ],
    [
      say('Hiệu lực', 'Validity'),
      `${format.day(validity.from)} – ${validity.until === undefined ? say('không thời hạn', 'open') : format.day(validity.until)}`,
    ],
  ] as const
  const isOpen = stateAfter(state, 'refuse') !== undefined
  return {
    title: number,
    section: 'applications',
    body: html`<p class="crumb"><a href="/console/applications">${say('Đề nghị kết nối', 'Applications')}</a></p><div class="headline"><h1>${number} ${stateBadge(view, state)}<small>${pick(agreement.title)} · ${classTitle(view, application.class, registry)}</small></h1></div>
<div class="columns"><div class="wide"><section class="card"><h2>${say('Muốn hỏi gì', 'What is wished for')}</h2><p>${pick(names.subsystem(application.consumer))} <code>${application.consumer}</code> → <a href="/console/services/${application.service}">${pick(names.service(application.service))}</a></p><ul class="plain">${wish}</ul><dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>
${decisionCard(view, application, context)}<section class="card"><h2>${say('Đã làm gì', 'What was done')}</h2>${history(view, application)}</section></div>
<div class="side"><section class="card"><h2>${say('Hạn thẩm định', 'Due')}</h2><p>${due(view, application)}</p></section><section class="card"><h2>${say('Giấy tờ', 'Papers')}</h2><ul class="plain">${papers}</ul>${conformance !== undefined && html`<p class="hint">lienthong check consumer: ${format.instant(conformance.at)} · ${conformance.version}</p>`}</section>${mayDecide && isOpen && decisionForms(view, application, context)}</div></div>`,
  }
}

import { errorEntry } from '../../model/errors.ts'
import { successOf } from '../../reporting/kpi.ts'
import { html, type Markup } from './html.ts'
import { exchangeTable, searchAddress } from './search-page.ts'
import { type Page, scrollTable, type View } from './view.ts'
import { OWN_DAYS, type OwnExchanges } from './works.ts'

interface OwnPage {
  readonly system: string
  /** What the reader may choose from. */
  readonly systems: readonly string[]
  readonly data: OwnExchanges
  /** Where the problem types have their pages. */
  readonly publicUrl: string
}

const SIDES = {
  consumer: { vi: 'hệ thống của bạn', en: 'your system' },
  provider: { vi: 'bên cung cấp', en: 'the provider' },
  gateway: { vi: 'cổng', en: 'the gateway' },
} as const

function chooser(view: View, { system, systems }: OwnPage): Markup {
  const { say, pick, names } = view
  const options = systems.map(
    (id) =>
      html`<option value="${id}"${id === system ? html` selected` : ''}>${pick(names.subsystem(id))} (${id})</option>`,
  )
  return html`<form class="period" method="get" action="/console/own"><label for="system">${say('Hệ thống', 'System')}</label> <select id="system" name="system">${options}</select> <button class="secondary">${say('Xem', 'Show')}</button></form>`
}

/** What to mend: each error code once, with whose side it is and how. */
function mendList(view: View, { system, data, publicUrl }: OwnPage): Markup {
  const { say, pick, format } = view
  if (data.codes.length === 0)
    return html`<p class="empty">${say('Không có lỗi nào trong bảy ngày qua.', 'Nothing went wrong in the last seven days.')}</p>`
  const rows = data.codes.map(({ code, count }) => {
    const entry = errorEntry(code)
    return html`<li><div class="what"><strong>${entry === undefined ? code : pick(entry.title)}</strong><span class="number">${format.number(count)}</span></div><p class="hint"><code>${code}</code>${entry !== undefined && html` · ${say('việc của', 'up to')} ${pick(SIDES[entry.fault])}`}</p>${entry !== undefined && html`<p>${pick(entry.fix)}</p>`}<p class="links"><a href="${searchAddress({ consumer: system, code })}">${say('Các giao dịch này', 'These exchanges')}</a>${entry !== undefined && html` <a href="${publicUrl}/problems/${code}">${say('Cách sửa', 'How to fix it')}</a>`}</p></li>`
  })
  return html`<ul class="mend">${rows}</ul>`
}

const STATES = {
  active: { vi: 'Đang gửi', en: 'Active', kind: 'good' },
  paused: { vi: 'Tạm dừng', en: 'Paused', kind: 'warn' },
  stopped: { vi: 'Đã dừng', en: 'Stopped', kind: 'bad' },
  waiting: { vi: 'Chờ gửi lại', en: 'Will be retried', kind: 'warn' },
  sending: { vi: 'Đang gửi', en: 'Being sent', kind: 'none' },
  dead: { vi: 'Đã thôi gửi', en: 'Given up', kind: 'bad' },
} as const

function badge({ pick }: View, state: keyof typeof STATES): Markup {
  return html`<span class="badge ${STATES[state].kind}">${pick(STATES[state])}</span>`
}

function webhookTable(view: View, { data }: OwnPage): Markup {
  const { say, pick, names, format } = view
  if (data.webhooks.length === 0)
    return html`<p class="empty">${say('Hệ thống này chưa đăng ký nhận sự kiện qua webhook.', 'This system has no subscription by webhook.')}</p>`
  const rows = data.webhooks.map(
    (each) =>
      html`<tr><th scope="row">${pick(names.service(each.service))}<small>${each.types.join(', ')}</small></th><td>${each.host}<small><code>${each.subscription}</code></small></td><td>${badge(view, each.state)}${each.stoppedBy !== undefined && html`<small><code>${each.stoppedBy}</code></small>`}${each.failures > 0 && html`<small>${say(`${each.failures} lần hỏng liền; thử lại ${format.instant(each.dueAt)}`, `${each.failures} failures in a row; next try ${format.instant(each.dueAt)}`)}</small>`}</td><td class="number">${format.number(each.delivered)}</td><td class="number">${format.number(each.waiting)}</td><td class="number">${format.number(each.dead)}</td></tr>`,
  )
  const label = say('Các đăng ký qua webhook', 'Subscriptions by webhook')
  return scrollTable(
    label,
    html`<table><caption class="hidden">${label}</caption><thead><tr><th scope="col">${say('Sự kiện', 'Events')}</th><th scope="col">${say('Nơi nhận', 'Receiver')}</th><th scope="col">${say('Trạng thái', 'State')}</th><th scope="col" class="number">${say('Đã nhận', 'Delivered')}</th><th scope="col" class="number">${say('Đang chờ', 'Waiting')}</th><th scope="col" class="number">${say('Thôi gửi', 'Given up')}</th></tr></thead><tbody>${rows}</tbody></table>`,
  )
}

function troubleTable(view: View, { data }: OwnPage): Markup | undefined {
  const { say, format } = view
  if (data.troubles.length === 0) return undefined
  const rows = data.troubles.map(
    (each) =>
      html`<tr><td class="time">${format.instant(each.at)}</td><td>${each.type}<small>${say('số', 'no.')} ${format.number(each.sequence)}</small></td><td>${badge(view, each.state)}${each.resent && html` <span class="badge none">${say('Gửi lại theo yêu cầu', 'Sent again on request')}</span>`}</td><td><code>${each.code}</code></td><td class="number">${format.number(each.attempts)}</td></tr>`,
  )
  const label = say('Sự kiện chưa tới nơi', 'Events that have not arrived')
  const dead = data.troubles.filter(({ state }) => state === 'dead')
  return html`<h3>${label}</h3>${scrollTable(label, html`<table><caption class="hidden">${label}</caption><thead><tr><th scope="col">${say('Lúc', 'When')}</th><th scope="col">${say('Sự kiện', 'Event')}</th><th scope="col">${say('Trạng thái', 'State')}</th><th scope="col">${say('Lý do', 'Reason')}</th><th scope="col" class="number">${say('Số lần', 'Tries')}</th></tr></thead><tbody>${rows}</tbody></table>`)}${dead[0] !== undefined && html`<p class="hint">${say('Gửi lại, bằng khóa của hệ thống này:', "To send again, with this system's own key:")}</p><pre tabindex="0">lienthong events resend ${dead[0].subscription} ${dead.map(({ sequence }) => sequence).join(' ')}</pre>`}`
}

/** What an agency's developers look after: their own exchanges, what to mend in them, and their webhooks. */
export function ownPage(view: View, page: OwnPage): Page {
  const { say, format, pick, names } = view
  const { data, system } = page
  const { tally } = data
  const tile = (title: string, value: string, note: string) =>
    html`<div class="tile-card"><dt>${title}</dt><dd>${value}<small>${note}</small></dd></div>`
  const span = say(`${OWN_DAYS} ngày qua`, `last ${OWN_DAYS} days`)
  return {
    title: say('Giao dịch của tôi', 'My exchanges'),
    section: 'own',
    body: html`<div class="headline"><h1>${say('Giao dịch của tôi', 'My exchanges')}<small>${pick(names.subsystem(system))} · ${system}</small></h1>${chooser(view, page)}</div>
<dl class="tiles">${tile(say('Đã hỏi', 'Asked'), format.number(tally.total), span)}${tile(say('Thành công', 'Success'), format.percent(successOf(tally)), say('của phần không bị từ chối', 'of what was not refused'))}${tile(say('Bị từ chối', 'Refused'), format.number(tally.refused), span)}${tile(say('Không thành công', 'Failed'), format.number(tally.failed), span)}</dl>
<div class="columns"><div class="wide"><section class="card"><h2>${say('Giao dịch có vấn đề, mới nhất trước', 'Exchanges in trouble, latest first')}</h2>${data.problems.length === 0 ? html`<p class="empty">${say('Không có.', 'None.')}</p>` : exchangeTable(view, data.problems, say('Giao dịch có vấn đề', 'Exchanges in trouble'))}</section>
<section class="card"><h2>${say('Mới nhất', 'Latest')}</h2>${data.latest.length === 0 ? html`<p class="empty">${say('Chưa có giao dịch nào trong bảy ngày qua.', 'No exchange in the last seven days.')}</p>` : exchangeTable(view, data.latest, say('Giao dịch mới nhất', 'Latest exchanges'))}<p class="next"><a href="${searchAddress({ consumer: system })}">${say('Tất cả giao dịch của hệ thống này', 'All exchanges of this system')} →</a></p></section></div>
<div class="side"><section class="card"><h2>${say('Cần sửa gì', 'What to fix')}</h2>${mendList(view, page)}</section></div></div>
<section class="card"><h2>${say('Sự kiện qua webhook', 'Events by webhook')}</h2>${webhookTable(view, page)}${troubleTable(view, page)}</section>`,
  }
}

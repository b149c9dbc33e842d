import {
  type AgreedConnection,
  CONNECTION_STATES,
  type ConnectionState,
  lastUseOf,
  stateOf,
} from '../../reporting/connections.ts'
import { ENDING_DAYS, UNUSED_DAYS } from '../../reporting/kpi.ts'
import { html, type Markup } from './html.ts'
import { connectionTable, STATE_KINDS } from './reader-pages.ts'
import { type Page, scrollTable, type View } from './view.ts'

const SIGNS: Readonly<Record<ConnectionState, string>> = {
  used: '●',
  unused: '○',
  never: '○',
  suspended: '‖',
}
const STATES = Object.keys(SIGNS) as ConnectionState[]

const agencyOf = (subsystem: string) => subsystem.split('/')[0] ?? ''

/** Agencies down, services across: what each pair stands at and when it was last used. */
function matrix(view: View, connections: readonly AgreedConnection[]): Markup {
  const { say, pick, names, format } = view
  const collator = new Intl.Collator(view.language)
  const services = [...new Set(connections.map(({ service }) => service))].toSorted((a, b) =>
    collator.compare(pick(names.service(a)), pick(names.service(b))),
  )
  const agencies = [...new Set(connections.map(({ consumer }) => agencyOf(consumer)))].toSorted((a, b) =>
    collator.compare(pick(names.agency(a)), pick(names.agency(b))),
  )
  const cells = Map.groupBy(connections, ({ consumer, service }) => `${agencyOf(consumer)} ${service}`)
  const rows = agencies.map((agency) => {
    const own = services.map((service) => {
      const here = cells.get(`${agency} ${service}`)
      if (here === undefined)
        return html`<td class="cell"><span class="hidden">${say('không có thỏa thuận', 'no agreement')}</span></td>`
      const state = stateOf(here)
      const last = lastUseOf(here)
      return html`<td class="cell ${STATE_KINDS[state]}"><span aria-hidden="true">${SIGNS[state]}</span> <span class="hidden">${pick(CONNECTION_STATES[state])}</span><small>${last === undefined ? '–' : format.day(last)}</small></td>`
    })
    return html`<tr><th scope="row"><a href="/console/agencies/${agency}">${pick(names.agency(agency))}</a></th>${own}</tr>`
  })
  const head = services.map(
    (id) => html`<th scope="col"><a href="/console/services/${id}">${pick(names.service(id))}</a></th>`,
  )
  const label = say('Ma trận kết nối', 'Connection matrix')
  return scrollTable(
    label,
    html`<table class="matrix"><caption class="hidden">${label}</caption><thead><tr><th scope="col">${say('Cơ quan khai thác', 'Consumer agency')}</th>${head}</tr></thead><tbody>${rows}</tbody></table>`,
  )
}

/** Every connection that agreements open: what it stands at, what nobody uses, what ends soon. */
export function connectionsPage(view: View, connections: readonly AgreedConnection[]): Page {
  const { say, pick, format } = view
  const counts = Map.groupBy(connections, (each) => stateOf([each]))
  const unused = connections.filter((each) => each.unused)
  const ending = connections.filter((each) => each.ending)
  const heading = say(`Không dùng từ ${UNUSED_DAYS} ngày`, `Unused for ${UNUSED_DAYS} days`)
  const endingHeading = say(`Hết hạn trong ${ENDING_DAYS} ngày`, `Ending within ${ENDING_DAYS} days`)
  const all = say('Từng thỏa thuận', 'Every agreement')
  const tiles = STATES.map(
    (state) =>
      html`<div class="tile-card"><dt>${pick(CONNECTION_STATES[state])}</dt><dd>${format.number(counts.get(state)?.length ?? 0)}<small>${say('kết nối', 'connections')}</small></dd></div>`,
  )
  const legend = STATES.map(
    (state) =>
      html`<span class="cell ${STATE_KINDS[state]}"><span aria-hidden="true">${SIGNS[state]}</span> ${pick(CONNECTION_STATES[state])}</span>`,
  )
  return {
    title: say('Kết nối', 'Connections'),
    section: 'connections',
    body: html`<h1>${say('Kết nối', 'Connections')}</h1><dl class="tiles">${tiles}</dl>
<section class="card wide-only"><h2>${say('Cơ quan × dịch vụ, với ngày dùng gần nhất', 'Agency × service, with the day of last use')}</h2><p class="legend">${legend}</p>${connections.length === 0 ? html`<p class="empty">${say('Chưa có thỏa thuận nào.', 'There is no agreement yet.')}</p>` : matrix(view, connections)}</section>
<section class="card"><h2>${heading} (${format.number(unused.length)})</h2>${unused.length > 12 ? html`<details class="printed"><summary>${say('Xem danh sách', 'Show the list')}</summary>${connectionTable(view, heading, unused)}</details>` : connectionTable(view, heading, unused)}</section>
<section class="card"><h2>${endingHeading} (${format.number(ending.length)})</h2>${connectionTable(view, endingHeading, ending)}</section>
<section class="card"><details><summary>${all} (${format.number(connections.length)})</summary>${connectionTable(view, all, connections)}</details></section>`,
  }
}

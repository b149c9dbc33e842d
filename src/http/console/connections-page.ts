import { UNUSED_DAYS } from '../../reporting/kpi.ts'
import { html, type Markup } from './html.ts'
import { type AgreedConnection, connectionTable } from './reader-pages.ts'
import { type Page, scrollTable, type View } from './view.ts'

/** What a pair of agency and service stands at; the best of its agreements. */
const STANDS = {
  used: { vi: 'Đang dùng', en: 'In use', kind: 'good', sign: '●' },
  unused: { vi: `Không dùng ${UNUSED_DAYS} ngày`, en: `Unused ${UNUSED_DAYS} days`, kind: 'bad', sign: '○' },
  never: { vi: 'Chưa dùng', en: 'Never used', kind: 'none', sign: '○' },
  suspended: { vi: 'Tạm dừng', en: 'Suspended', kind: 'warn', sign: '‖' },
} as const
type Stand = keyof typeof STANDS

function standOf(connections: readonly AgreedConnection[]): Stand {
  const active = connections.filter(({ state }) => state === 'active')
  if (active.length === 0) return 'suspended'
  if (active.some(({ use, unused }) => use?.lastDelivered !== undefined && !unused)) return 'used'
  return active.some(({ unused }) => unused) ? 'unused' : 'never'
}

const agencyOf = (subsystem: string) => subsystem.split('/')[0] ?? ''

function lastOf(connections: readonly AgreedConnection[]): string | undefined {
  return connections
    .flatMap(({ use }) => use?.lastDelivered ?? [])
    .toSorted()
    .at(-1)
}

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
      const stand = STANDS[standOf(here)]
      const last = lastOf(here)
      return html`<td class="cell ${stand.kind}"><span aria-hidden="true">${stand.sign}</span> <span class="hidden">${pick(stand)}</span><small>${last === undefined ? '–' : format.day(last)}</small></td>`
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
  const counts = new Map<Stand, number>()
  for (const each of connections) counts.set(standOf([each]), (counts.get(standOf([each])) ?? 0) + 1)
  const unused = connections.filter((each) => each.unused)
  const ending = connections.filter((each) => each.ending)
  const heading = say(`Không dùng từ ${UNUSED_DAYS} ngày`, `Unused for ${UNUSED_DAYS} days`)
  const endingHeading = say('Hết hạn trong 30 ngày', 'Ending within 30 days')
  const all = say('Từng thỏa thuận', 'Every agreement')
  const tiles = (Object.keys(STANDS) as Stand[]).map(
    (stand) =>
      html`<div class="tile-card"><dt>${pick(STANDS[stand])}</dt><dd>${format.number(counts.get(stand) ?? 0)}<small>${say('kết nối', 'connections')}</small></dd></div>`,
  )
  const legend = Object.values(STANDS).map(
    (stand) =>
      html`<span class="cell ${stand.kind}"><span aria-hidden="true">${stand.sign}</span> ${pick(stand)}</span>`,
  )
  return {
    title: say('Kết nối', 'Connections'),
    section: 'connections',
    body: html`<h1>${say('Kết nối', 'Connections')}</h1><dl class="tiles">${tiles}</dl>
<section class="card"><h2>${say('Cơ quan × dịch vụ, với ngày dùng gần nhất', 'Agency × service, with the day of last use')}</h2><p class="legend">${legend}</p>${connections.length === 0 ? html`<p class="empty">${say('Chưa có thỏa thuận nào.', 'There is no agreement yet.')}</p>` : matrix(view, connections)}</section>
<section class="card"><h2>${heading} (${format.number(unused.length)})</h2>${unused.length > 12 ? html`<details><summary>${say('Xem danh sách', 'Show the list')}</summary>${connectionTable(view, heading, unused)}</details>` : connectionTable(view, heading, unused)}</section>
<section class="card"><h2>${endingHeading} (${format.number(ending.length)})</h2>${connectionTable(view, endingHeading, ending)}</section>
<section class="card"><details><summary>${all} (${format.number(connections.length)})</summary>${connectionTable(view, all, connections)}</details></section>`,
  }
}

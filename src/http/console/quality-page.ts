import { ERROR_GROUPS, groupOf } from '../../jobs/data-quality.ts'
import { ERRORS, type ErrorCode } from '../../model/error-table.ts'
import type { CodeCount, CodeCounts, Figures } from '../../reporting/figures.ts'
import { type DatasetFreshness, freshnessForm } from '../../reporting/forms/freshness.ts'
import { ageTitles, countIncidents, incidentForm, ruleWords } from '../../reporting/forms/incidents.ts'
import { codeTitle, type GroundedRefusal, refusalForm } from '../../reporting/forms/refusals.ts'
import { KPIS } from '../../reporting/kpi.ts'
import { AGES, type Deadlines, type Incident, type QualityStore } from '../../reporting/quality.ts'
import { formTable } from './form-table.ts'
import { html, type Markup } from './html.ts'
import { periodForm } from './statistics-page.ts'
import { type Page, scrollTable, type View } from './view.ts'

function codeTable(view: View, title: string, rows: readonly CodeCount[]): Markup {
  const { say, format, pick, names } = view
  if (rows.length === 0)
    return html`<p class="empty">${say('Không có trong kỳ này.', 'None in this period.')}</p>`
  const table = html`<table><caption class="hidden">${title}</caption><thead><tr><th scope="col">${say('Lý do', 'Reason')}</th><th scope="col">${say('Bên cung cấp', 'Provider')}</th><th scope="col">${say('Bên cần xử lý', 'Whose side')}</th><th scope="col" class="number">${say('Số giao dịch', 'Exchanges')}</th></tr></thead><tbody>${rows.map(({ code, provider, count }) => html`<tr><th scope="row">${pick(codeTitle(code))}<small><code>${code}</code></small></th><td>${provider === '' ? '–' : pick(names.subsystem(provider))}</td><td>${sideOf(view, code)}</td><td class="number">${format.number(count)}</td></tr>`)}</tbody></table>`
  return scrollTable(title, table)
}

const SIDES = {
  consumer: { vi: 'bên hỏi', en: 'consumer' },
  provider: { vi: 'bên cung cấp', en: 'provider' },
  gateway: { vi: 'cổng', en: 'gateway' },
} as const

function sideOf({ pick }: View, code: string): string {
  return Object.hasOwn(ERRORS, code) ? pick(SIDES[ERRORS[code as ErrorCode].fault]) : '–'
}

type Faults = Awaited<ReturnType<QualityStore['faults']>>

export interface QualityFacts {
  readonly figures: Figures
  readonly codes: CodeCounts
  readonly refusals: readonly GroundedRefusal[]
  /** Rules of the contracts that were broken, by field. */
  readonly faults: Faults
  readonly incidents: readonly Incident[]
  readonly deadlines: Deadlines
  readonly datasets: readonly DatasetFreshness[]
  /** Unix milliseconds. */
  readonly nowMs: number
}

const NONE = { vi: 'Không có trong kỳ này.', en: 'None in this period.' }

/** What a figure is, as a sentence of its own. */
function kpiHint({ pick }: View, id: 'incidents' | 'freshness'): Markup {
  const formula = pick(KPIS[id].formula)
  return html`<p class="hint">${formula.charAt(0).toUpperCase() + formula.slice(1)}. ${pick(KPIS[id].counts)}</p>`
}

/** Which fields of which documents broke which rule. */
function fieldTable(view: View, faults: Faults): Markup {
  const { say, format, pick, names } = view
  if (faults.length === 0) return html`<p class="empty">${pick(NONE)}</p>`
  const label = pick(KPIS.faults.title)
  const rows = faults.map((fault) => {
    const group = groupOf(fault)
    return html`<tr><th scope="row"><code>${fault.field === '' ? '/' : fault.field}</code></th><td>${pick(ruleWords(fault.rule))}<small>${group} ${pick(ERROR_GROUPS[group])}</small></td><td>${fault.direction === 'answer' ? say('câu trả lời', 'answer') : say('yêu cầu', 'request')}</td><td>${pick(names.service(fault.service))}<small>${pick(names.operation(fault.service, fault.operation))}</small></td><td>${pick(names.subsystem(fault.party))}</td><td class="number">${format.number(fault.count)}</td></tr>`
  })
  return scrollTable(
    label,
    html`<table><caption class="hidden">${label}</caption><thead><tr><th scope="col">${say('Trường', 'Field')}</th><th scope="col">${say('Quy tắc', 'Rule')}</th><th scope="col">${say('Ở', 'In the')}</th><th scope="col">${say('Dịch vụ', 'Service')}</th><th scope="col">${say('Bên cần sửa', 'Who has to mend it')}</th><th scope="col" class="number">${say('Số giao dịch', 'Exchanges')}</th></tr></thead><tbody>${rows}</tbody></table>`,
  )
}

/** What is open by the deadline it has still to meet, then each incident. */
function incidentSection(view: View, { incidents, deadlines }: QualityFacts): Markup {
  const { say, pick, format, names } = view
  const counts = countIncidents(incidents)
  const titles = ageTitles(deadlines)
  const ages = AGES.map(
    (age) =>
      html`<div class="tile-card"><dt>${pick(titles[age])}</dt><dd>${format.number(counts.ages[age])}<small>${say('sự cố đang mở', 'open incidents')}</small></dd></div>`,
  )
  const closed = html`<div class="tile-card"><dt>${say('Đã đóng trong kỳ', 'Closed in this period')}</dt><dd>${format.number(counts.closed)}</dd></div>`
  return html`<section class="card"><h2>${pick(KPIS.incidents.title)}</h2><dl class="tiles">${ages}${closed}</dl>${incidents.length === 0 ? html`<p class="empty">${pick(NONE)}</p>` : formTable(view, incidentForm(incidents, names, deadlines))}${kpiHint(view, 'incidents')}</section>`
}

function freshnessSection(view: View, { datasets, nowMs }: QualityFacts): Markup {
  const { pick, say, names } = view
  return html`<section class="card"><h2>${pick(KPIS.freshness.title)}</h2>${datasets.length === 0 ? html`<p class="empty">${say('Chưa có bộ dữ liệu nào công bố sự kiện.', 'No data set has published an event yet.')}</p>` : formTable(view, freshnessForm(datasets, names, nowMs))}${kpiHint(view, 'freshness')}</section>`
}

/** Faults by side, incidents by age, what broke which field, refusals by reason and ground, freshness, latency. */
export function qualityPage(view: View, facts: QualityFacts, today: string): Page {
  const { say, pick, format, names } = view
  const { figures, codes, refusals: grounded, faults } = facts
  const { latency, total } = figures
  const { failures, refusals } = codes
  const sides = Object.entries(SIDES).map(([side, words]) => {
    const count = [...failures, ...refusals].reduce(
      (sum, each) =>
        sum +
        (Object.hasOwn(ERRORS, each.code) && ERRORS[each.code as ErrorCode].fault === side ? each.count : 0),
      0,
    )
    return html`<div class="tile-card"><dt>${say('Do', 'By the')} ${pick(words)}</dt><dd>${format.number(count)}<small>${format.percent(total.total === 0 ? undefined : count / total.total)} ${say('số giao dịch', 'of exchanges')}</small></dd></div>`
  })
  const refused =
    grounded.length === 0
      ? html`<p class="empty">${pick(NONE)}</p>`
      : formTable(view, { ...refusalForm(grounded, names), facts: {} })
  return {
    title: say('Chất lượng trả lời', 'Quality of answers'),
    section: 'quality',
    body: html`<div class="headline"><h1>${say('Chất lượng trả lời', 'Quality of answers')}</h1>${periodForm(view, '/console/quality', figures.period.id, today)}</div>
<dl class="tiles">${sides}<div class="tile-card"><dt>${say('Độ trễ p50 · p95 · p99', 'Latency p50 · p95 · p99')}</dt><dd>${latency === undefined ? '–' : `${format.number(latency.p50)} · ${format.number(latency.p95)} · ${format.number(latency.p99)}`}<small>ms, ${say('24 giờ qua', 'last 24 hours')}</small></dd></div></dl>
${incidentSection(view, facts)}
<section class="card"><h2>${say('Không thành công', 'Failures')}</h2>${codeTable(view, say('Không thành công theo lý do', 'Failures by reason'), failures)}</section>
<section class="card"><h2>${say('Từ chối', 'Refusals')}</h2>${refused}</section>
<section class="card"><h2>${pick(KPIS.faults.title)}</h2>${fieldTable(view, faults)}<p class="hint">${pick(KPIS.faults.counts)}</p></section>
${freshnessSection(view, facts)}`,
  }
}

import type { Bilingual } from '../../model/identifier.ts'
import { FORM_IDS, FORMS, type Form, HIDDEN } from '../../reporting/form.ts'
import { CLEANING_DIVISIONS } from '../../reporting/forms/cleaning.ts'
import { KPIS } from '../../reporting/kpi.ts'
import { COMPARISONS } from '../../reporting/period.ts'
import { COMPARISON_TITLES, DIVISION_TITLES } from '../../reporting/report.ts'
import type { AskedReport } from '../../reporting/report-desk.ts'
import { MIN_CELL } from '../../reporting/suppression.ts'
import { formTable } from './form-table.ts'
import { html, type Markup } from './html.ts'
import { periodOptions, periodWords } from './statistics-page.ts'
import type { Page, View } from './view.ts'

export interface ReportPage {
  readonly asked: AskedReport
  readonly report: Form
  /** What may be chosen as scope. */
  readonly agencies: readonly string[]
  readonly services: readonly string[]
  /** Who the form is made by: the agency of the reader. */
  readonly agency: string
  /** `yyyy-mm-dd`. */
  readonly today: string
}

/** @returns the address of a report, so that it can be kept. */
function addressOf(path: string, asked: AskedReport, more: Readonly<Record<string, string>> = {}): string {
  const { form, period, by, compare, agency, service } = asked
  const query = new URLSearchParams({ form, period: period.id, compare })
  if (by !== undefined) query.set('by', by)
  if (agency !== undefined) query.set('agency', agency)
  if (service !== undefined) query.set('service', service)
  if (asked.public) query.set('public', 'true')
  for (const [name, value] of Object.entries(more)) query.set(name, value)
  return `${path}?${query}`
}

interface Choice {
  readonly id: string
  readonly label: string
  readonly options: readonly (readonly [value: string, text: string])[]
  readonly chosen: string | undefined
}

function select({ id, label, options, chosen }: Choice): Markup {
  return html`<div class="field"><label for="${id}">${label}</label><select id="${id}" name="${id}">${options.map(([value, text]) => html`<option value="${value}"${value === chosen ? html` selected` : ''}>${text}</option>`)}</select></div>`
}

function form(view: View, page: ReportPage): Markup {
  const { say, pick, names } = view
  const { asked, agencies, services, today } = page
  const collator = new Intl.Collator(view.language)
  const byName = (rows: readonly (readonly [string, string])[]) =>
    rows.toSorted(([, a], [, b]) => collator.compare(a, b))
  const everything = ['', say('Tất cả', 'All')] as const
  const { divisions } = FORMS[asked.form]
  const titles: Readonly<Record<string, Bilingual>> = { ...CLEANING_DIVISIONS, ...DIVISION_TITLES }
  const titleOf = (division: string) => pick(titles[division] ?? { vi: division, en: division })
  return html`<form class="filters card" method="get" action="/console/reports">
${select({ id: 'form', label: say('Biểu', 'Form'), options: FORM_IDS.map((id) => [id, `${FORMS[id].number} ${pick(FORMS[id].title)}`]), chosen: asked.form })}
<div class="field"><label for="period">${say('Kỳ', 'Period')}</label><select id="period" name="period">${periodOptions(view, asked.period.id, today)}</select></div>
${asked.form === 'exchanges' && select({ id: 'compare', label: say('So với', 'Compared with'), options: COMPARISONS.map((id) => [id, pick(COMPARISON_TITLES[id])]), chosen: asked.compare })}
${divisions.length > 0 && select({ id: 'by', label: say('Chia theo', 'Divided by'), options: divisions.map((id) => [id, titleOf(id)]), chosen: asked.by })}
${select({ id: 'agency', label: say('Cơ quan', 'Agency'), options: [everything, ...byName(agencies.map((code) => [code, pick(names.agency(code))]))], chosen: asked.agency })}
${select({ id: 'service', label: say('Dịch vụ', 'Service'), options: [everything, ...byName(services.map((id) => [id, pick(names.service(id))]))], chosen: asked.service })}
${select({
  id: 'public',
  label: say('Dùng để', 'Meant for'),
  options: [
    ['false', say('Nội bộ', 'Internal use')],
    ['true', say(`Công bố (ẩn ô dưới ${MIN_CELL})`, `Publication (cells under ${MIN_CELL} left out)`)],
  ],
  chosen: String(asked.public),
})}
<div class="actions"><button>${say('Lập báo cáo', 'Make the report')}</button></div></form>`
}

function scopeWords({ say, pick, names }: View, { agency, service }: AskedReport): string {
  const parts = [
    agency === undefined ? undefined : pick(names.agency(agency)),
    service === undefined ? undefined : pick(names.service(service)),
  ].filter((part) => part !== undefined)
  return parts.length === 0
    ? say('Mọi cơ quan, mọi dịch vụ', 'All agencies, all services')
    : parts.join(' · ')
}

/** What the figures of a form are and are not, for whoever reads it on paper. */
function hints(view: View, { report }: ReportPage): readonly Markup[] {
  const { pick } = view
  return FORMS[report.id].figures.map(
    (id) =>
      html`<p class="hint">${pick(KPIS[id].title)}: ${pick(KPIS[id].formula)}. ${pick(KPIS[id].counts)}</p>`,
  )
}

/** The form as offices print it: head, motto, unit, table, signatures. */
function sheet(view: View, page: ReportPage): Markup {
  const { say, pick, format } = view
  const { asked, report, today } = page
  const { number, title, unit, isOfPeriod } = FORMS[report.id]
  const [year, month, day] = today.split('-')
  const when = isOfPeriod
    ? periodWords(view, asked.period.id)
    : say(`Tính đến ngày ${format.day(today)}`, `As of ${format.day(today)}`)
  return html`<section class="card sheet" aria-labelledby="sheet-title"><div class="sheet-head"><p>${page.agency}<br><strong>${say('BIỂU SỐ', 'FORM')} ${number}</strong></p><p><strong>${say('CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM', 'SOCIALIST REPUBLIC OF VIET NAM')}</strong><br><span class="motto">${say('Độc lập – Tự do – Hạnh phúc', 'Independence – Freedom – Happiness')}</span></p></div>
<h2 id="sheet-title">${pick(title)}</h2>
<p class="sheet-sub">${when} · ${scopeWords(view, asked)}</p>
<p class="unit">${say('Đơn vị tính', 'Unit')}: ${pick(unit)}</p>
${report.rows.length === 0 ? html`<p class="empty">${say('Không có gì trong kỳ này.', 'There is nothing in this period.')}</p>` : formTable(view, report)}
<div class="notes">${report.notes.map((note) => html`<p>${pick(note)}</p>`)}
${report.suppressed && html`<p class="hint">${say(`Dấu ${HIDDEN} thay cho số dưới ${MIN_CELL} và số cần ẩn kèm.`, `The sign ${HIDDEN} stands for counts under ${MIN_CELL} and those hidden with them.`)}</p>`}${hints(view, page)}</div>
<div class="signatures"><p>${say('Người lập biểu', 'Prepared by')}<br><em>${say('(Ký, họ tên)', '(Signature, name)')}</em></p><p><em>${say(`……, ngày ${day} tháng ${month} năm ${year}`, `……, ${format.day(today)}`)}</em><br>${say('Thủ trưởng đơn vị', 'Head of office')}<br><em>${say('(Ký, đóng dấu, họ tên)', '(Signature, seal, name)')}</em></p></div></section>`
}

export function reportPage(view: View, page: ReportPage): Page {
  const { say } = view
  const { asked } = page
  const download = (format: string, label: string) =>
    html`<a class="button secondary" href="${addressOf('/console/reports/download', asked, { format })}" download>${label}</a>`
  return {
    title: `${view.pick(FORMS[asked.form].title)}: ${periodWords(view, asked.period.id)}`,
    section: 'reports',
    body: html`<h1>${say('Báo cáo', 'Reports')}</h1>
${form(view, page)}
<div class="downloads"><p>${say('Tải về, kèm bản kê có chữ ký và điểm kiểm của sổ:', 'Download, with a signed manifest and the checkpoint of the log:')}</p><p class="row">${download('xlsx', 'XLSX')} ${download('csv', 'CSV')} ${download('json', 'JSON')}</p><p class="hint">${say('In trang này (Ctrl+P) để có biểu giấy. Kiểm tệp tải về:', 'Print this page (Ctrl+P) for the form on paper. To check a file:')} <code>lienthong verify report</code></p></div>
${sheet(view, page)}`,
  }
}

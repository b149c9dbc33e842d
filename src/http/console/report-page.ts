import { KPIS } from '../../reporting/kpi.ts'
import { COMPARISONS } from '../../reporting/period.ts'
import { PROVINCES } from '../../reporting/provinces.ts'
import { COMPARISON_TITLES, DIVISION_TITLES, type Report, reportSentence } from '../../reporting/report.ts'
import type { AskedReport } from '../../reporting/report-desk.ts'
import { html, type Markup } from './html.ts'
import { growthMark, periodOptions, periodWords } from './statistics-page.ts'
import { type Page, scrollTable, type View } from './view.ts'

export interface ReportPage {
  readonly asked: AskedReport
  readonly report: Report
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
  const { period, by, compare, agency, service } = asked
  const query = new URLSearchParams({ period: period.id, by, compare })
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
  return html`<form class="filters card" method="get" action="/console/reports">
<div class="field"><label for="period">${say('Kỳ', 'Period')}</label><select id="period" name="period">${periodOptions(view, asked.period.id, today)}</select></div>
${select({ id: 'compare', label: say('So với', 'Compared with'), options: COMPARISONS.map((id) => [id, pick(COMPARISON_TITLES[id])]), chosen: asked.compare })}
${select({ id: 'by', label: say('Chia theo', 'Divided by'), options: Object.entries(DIVISION_TITLES).map(([id, title]) => [id, pick(title)]), chosen: asked.by })}
${select({ id: 'agency', label: say('Cơ quan', 'Agency'), options: [everything, ...byName(agencies.map((code) => [code, pick(names.agency(code))]))], chosen: asked.agency })}
${select({ id: 'service', label: say('Dịch vụ', 'Service'), options: [everything, ...byName(services.map((id) => [id, pick(names.service(id))]))], chosen: asked.service })}
${select({
  id: 'public',
  label: say('Dùng để', 'Meant for'),
  options: [
    ['false', say('Nội bộ', 'Internal use')],
    ['true', say('Công bố (ẩn ô dưới 10)', 'Publication (cells under 10 left out)')],
  ],
  chosen: String(asked.public),
})}
<div class="actions"><button>${say('Lập báo cáo', 'Make the report')}</button></div></form>`
}

const HIDDEN = '…'

function table(view: View, { report }: ReportPage): Markup {
  const { say, pick, format } = view
  const { figures, rows, by } = report
  const count = (value: number | undefined) => (value === undefined ? HIDDEN : format.number(value))
  const body = rows.map(
    (row, place) =>
      html`<tr><td class="number">${place + 1}</td><th scope="row">${pick(row.name)}</th><td><code>${row.key}</code></td><td class="number">${count(row.exchanges)}</td><td class="number">${count(row.base)}</td><td class="number">${row.growth === undefined ? HIDDEN : growthMark(view, row.growth)}</td><td class="number">${row.exchanges === undefined ? HIDDEN : format.percent(row.success)}</td></tr>`,
  )
  const head = html`<thead><tr><th scope="col" class="number">${say('STT', 'No.')}</th><th scope="col">${pick(DIVISION_TITLES[by])}</th><th scope="col">${say('Mã', 'Code')}</th><th scope="col" class="number">${say('Kỳ này', 'This period')}</th><th scope="col" class="number">${pick(COMPARISON_TITLES[figures.compare])}</th><th scope="col" class="number">${say('Tăng, giảm', 'Growth')}</th><th scope="col" class="number">${say('Thành công', 'Success')}</th></tr></thead>`
  const total = html`<tfoot><tr><td></td><th scope="row">${say('Tổng số', 'Total')}</th><td></td><td class="number">${format.number(figures.total.total)}</td><td class="number">${format.number(figures.baseTotal)}</td><td class="number">${growthMark(view, figures.growth)}</td><td class="number">${format.percent(figures.success)}</td></tr></tfoot>`
  const label = say('Số giao dịch', 'Exchanges')
  return scrollTable(
    label,
    html`<table class="division form-table"><caption class="hidden">${label}</caption>${head}<tbody>${body}</tbody>${total}</table>`,
  )
}

function scopeWords({ say, pick, names }: View, { agency, service }: AskedReport): string {
  const parts = [
    agency === undefined ? undefined : pick(names.agency(agency)),
    service === undefined ? undefined : pick(names.service(service)),
  ].filter((part) => part !== undefined)
  return parts.length === 0
    ? say('Toàn bộ giao dịch qua cổng', 'All exchanges of the gateway')
    : parts.join(' · ')
}

/** The form as offices print it: head, motto, unit, table, signatures. */
function sheet(view: View, page: ReportPage): Markup {
  const { say, pick, format } = view
  const { asked, report, today } = page
  const { closed, base, covered } = report.figures
  const last = (until: string) =>
    format.day(new Date(Date.parse(until) - 86_400_000).toISOString().slice(0, 10))
  const [year, month, day] = today.split('-')
  const spans =
    closed.from < closed.until
      ? say(
          `So sánh các ngày đã hết: ${format.day(closed.from)} – ${last(closed.until)} với ${format.day(base.from)} – ${last(base.until)}.`,
          `Compared are the days that are over: ${format.day(closed.from)} – ${last(closed.until)} with ${format.day(base.from)} – ${last(base.until)}.`,
        )
      : ''
  return html`<section class="card sheet" aria-labelledby="sheet-title"><div class="sheet-head"><p>${page.agency}<br><strong>${say('BIỂU SỐ 01/GD', 'FORM 01/GD')}</strong></p><p><strong>${say('CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM', 'SOCIALIST REPUBLIC OF VIET NAM')}</strong><br><span class="motto">${say('Độc lập – Tự do – Hạnh phúc', 'Independence – Freedom – Happiness')}</span></p></div>
<h2 id="sheet-title">${say('Báo cáo số giao dịch chia sẻ dữ liệu', 'Report on data-sharing exchanges')}</h2>
<p class="sheet-sub">${periodWords(view, asked.period.id)} · ${scopeWords(view, asked)}</p>
<p class="unit">${say('Đơn vị tính: giao dịch', 'Unit: exchanges')}</p>
${report.rows.length === 0 ? html`<p class="empty">${say('Không có giao dịch nào trong kỳ này.', 'There were no exchanges in this period.')}</p>` : table(view, page)}
<div class="notes"><p>${reportSentence(report, view.language)} ${spans}</p>
<p class="hint">${pick(KPIS.growth.counts)}${report.suppressed && html` ${say('Dấu … thay cho số dưới 10 và số cần ẩn kèm.', 'The sign … stands for counts under 10 and those hidden with them.')}`}${asked.by === 'province' && html` ${say(`${covered.size}/${PROVINCES.length} tỉnh, thành phố có giao dịch.`, `${covered.size} of ${PROVINCES.length} provinces took part.`)}`}</p></div>
<div class="signatures"><p>${say('Người lập biểu', 'Prepared by')}<br><em>${say('(Ký, họ tên)', '(Signature, name)')}</em></p><p><em>${say(`……, ngày ${day} tháng ${month} năm ${year}`, `……, ${format.day(today)}`)}</em><br>${say('Thủ trưởng đơn vị', 'Head of office')}<br><em>${say('(Ký, đóng dấu, họ tên)', '(Signature, seal, name)')}</em></p></div></section>`
}

export function reportPage(view: View, page: ReportPage): Page {
  const { say } = view
  const { asked } = page
  const download = (format: string, label: string) =>
    html`<a class="button secondary" href="${addressOf('/console/reports/download', asked, { format })}" download>${label}</a>`
  return {
    title: `${say('Báo cáo', 'Reports')}: ${periodWords(view, asked.period.id)}`,
    section: 'reports',
    body: html`<h1>${say('Báo cáo', 'Reports')}</h1>
${form(view, page)}
<div class="downloads"><p>${say('Tải về, kèm bản kê có chữ ký và điểm kiểm của sổ:', 'Download, with a signed manifest and the checkpoint of the log:')}</p><p class="row">${download('xlsx', 'XLSX')} ${download('csv', 'CSV')} ${download('json', 'JSON')}</p><p class="hint">${say('In trang này (Ctrl+P) để có biểu giấy. Kiểm tệp tải về: lienthong verify report.', 'Print this page (Ctrl+P) for the form on paper. To check a file: lienthong verify report.')}</p></div>
${sheet(view, page)}`,
  }
}

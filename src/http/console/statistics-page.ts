import { type DaySeries, divisionOf, type Figures } from '../../reporting/figures.ts'
import { type DivisionRow, type Growth, KPIS, successOf } from '../../reporting/kpi.ts'
import { dayOf, parsePeriod, periodName, samePeriodBefore } from '../../reporting/period.ts'
import { PROVINCES, provinceOf } from '../../reporting/provinces.ts'
import { colourScale, dayChart, heatMap, type Tile, tileMap } from './charts.ts'
import { html, type Markup } from './html.ts'
import { type Page, scrollTable, type View } from './view.ts'

export const MAP_FORMS = ['volume', 'growth', 'quality'] as const
export type MapForm = (typeof MAP_FORMS)[number]

interface StatisticsPage {
  readonly figures: Figures
  readonly days: DaySeries
  readonly map: MapForm
  /** Of the last four weeks, Monday first. */
  readonly hours: readonly (readonly number[])[]
  readonly nowMs: number
}

export function growthMark({ format }: View, growth: Growth): Markup {
  const kind = growth.kind !== 'ratio' ? 'none' : growth.ratio < 0 ? 'down' : 'up'
  return html`<span class="growth ${kind}">${format.growth(growth)}</span>`
}

/** @returns the choices of a period's form: this year's and last year's quarters, halves and years. */
function periodChoices(today: string): readonly string[] {
  const year = Number(today.slice(0, 4))
  return [year, year - 1]
    .flatMap((each) => [
      String(each),
      `${each}-H2`,
      `${each}-H1`,
      ...[4, 3, 2, 1].map((quarter) => `${each}-Q${quarter}`),
      ...Array.from({ length: 12 }, (_, place) => `${each}-${String(12 - place).padStart(2, '0')}`),
    ])
    .filter((id) => (parsePeriod(id)?.from ?? '') <= today)
}

/** @returns a period's name as people say it. */
export function periodWords({ pick }: View, id: string): string {
  return pick(periodName(id))
}

/** The periods there are to choose from, as options of a list. */
export function periodOptions(view: View, chosen: string, today: string): readonly Markup[] {
  const ids = periodChoices(today)
  const all = ids.includes(chosen) ? ids : [chosen, ...ids]
  return all.map(
    (id) =>
      html`<option value="${id}"${id === chosen ? html` selected` : ''}>${periodWords(view, id)}</option>`,
  )
}

export function periodForm(view: View, action: string, chosen: string, today: string): Markup {
  const { say } = view
  return html`<form class="period" method="get" action="${action}"><label for="period">${say('Kỳ', 'Period')}</label> <select id="period" name="period">${periodOptions(view, chosen, today)}</select> <button class="secondary">${say('Xem', 'Show')}</button></form>`
}

function tile(title: string, value: Markup | string, note?: Markup | string): Markup {
  return html`<div class="tile-card"><dt>${title}</dt><dd>${value}${note !== undefined && html`<small>${note}</small>`}</dd></div>`
}

export function tiles(view: View, figures: Figures): Markup {
  const { say, pick, format } = view
  const { total, closed, base, growth, dailyMean, success, cumulative, covered, opening, latency } = figures
  const last = (until: string) =>
    format.day(new Date(Date.parse(until) - 86_400_000).toISOString().slice(0, 10))
  // The same days of another year: the year tells.
  const span =
    closed.from < closed.until ? `${format.day(closed.from).slice(0, 5)} – ${last(closed.until)}` : ''
  const baseSpan = base.from.slice(0, 4)
  return html`<dl class="tiles">${tile(pick(KPIS.exchanges.title), format.number(total.total), say(`đã trả ${format.number(total.delivered)} · từ chối ${format.number(total.refused)}`, `${format.number(total.delivered)} delivered · ${format.number(total.refused)} refused`))}
${tile(pick(KPIS.growth.title), growthMark(view, growth), growth.kind === 'ratio' ? say(`${span} so với ${baseSpan}`, `${span} against ${baseSpan}`) : opening === undefined ? '' : say(`sổ mở ngày ${format.day(opening)}`, `the log opened on ${format.day(opening)}`))}
${tile(pick(KPIS.dailyMean.title), dailyMean === undefined ? '–' : format.number(Math.round(dailyMean)), pick(KPIS.dailyMean.unit))}
${tile(pick(KPIS.success.title), format.percent(success), say('của phần không bị từ chối', 'of what was not refused'))}
${tile(pick(KPIS.p95.title), latency === undefined ? '–' : `${format.number(latency.p95)} ms`, say('24 giờ qua', 'last 24 hours'))}
${tile(pick(KPIS.cumulative.title), format.short(cumulative), format.number(cumulative))}
${tile(pick(KPIS.coverage.title), `${covered.size}/${PROVINCES.length}`, pick(KPIS.coverage.unit))}</dl>`
}

const IN_THOUSANDS = 100_000

function mapTiles(view: View, figures: Figures, form: MapForm): ReadonlyMap<string, Tile> {
  const { format } = view
  const rows = new Map(divisionOf(figures, 'province').map((row) => [row.key, row]))
  const max = Math.max(...[...rows.values()].map(({ total }) => total), 1)
  const level = (row: DivisionRow): number => {
    if (form === 'volume') return row.total === 0 ? 0 : Math.max(1, Math.ceil(Math.sqrt(row.total / max) * 5))
    if (form === 'quality') {
      const success = successOf(row) ?? 0
      return success >= 0.99 ? 5 : success >= 0.98 ? 4 : success >= 0.95 ? 2 : success > 0 ? 1 : 0
    }
    if (row.growth.kind !== 'ratio') return 0
    const { ratio } = row.growth
    return ratio < 0 ? -1 : ratio < 0.25 ? 1 : ratio < 0.5 ? 2 : ratio < 0.75 ? 3 : ratio < 1 ? 4 : 5
  }
  const value = (row: DivisionRow): string => {
    // Squares are small: thousands are said once, below.
    if (form === 'volume')
      return max < IN_THOUSANDS ? format.number(row.total) : format.number(row.total / 1000, 1)
    if (form === 'quality') return format.percent(successOf(row))
    return row.growth.kind === 'ratio' ? format.growth(row.growth) : '…'
  }
  return new Map(
    PROVINCES.map(({ code, agencies }) => {
      const row = rows.get(code)
      const address = `/console/agencies/${agencies[0]}`
      return [code, { address, level: row ? level(row) : 0, value: row ? value(row) : '–' }]
    }),
  )
}

interface Division {
  readonly title: string
  readonly by: 'province' | 'agency' | 'provider' | 'service'
  readonly address: (key: string) => string
}

/** Rows shown at once; the others open on demand. */
const SHOWN_ROWS = 10

export function divisionTable(view: View, rows: readonly DivisionRow[], division: Division): Markup {
  const { say, format } = view
  if (rows.length <= SHOWN_ROWS + 2) return divisionRows(view, rows, division)
  const all = say(`Xem cả ${format.number(rows.length)} dòng`, `Show all ${format.number(rows.length)} rows`)
  return html`<div class="top-rows">${divisionRows(view, rows.slice(0, SHOWN_ROWS), division)}</div><details class="all-rows"><summary>${all}</summary>${divisionRows(view, rows, { ...division, title: `${division.title} (${format.number(rows.length)})` })}</details>`
}

function divisionRows(view: View, rows: readonly DivisionRow[], { title, by, address }: Division): Markup {
  const { say, pick, names, format } = view
  if (rows.length === 0)
    return html`<p class="empty">${say('Không có giao dịch nào trong kỳ này.', 'There were no exchanges in this period.')}</p>`
  const max = Math.max(...rows.map(({ total }) => total), 1)
  const body = rows.map((row, place) => {
    const width = Math.round((row.total / max) * 1000) / 10
    return html`<tr><td class="number">${place + 1}</td><th scope="row"><a href="${address(row.key)}">${pick(names.of(by, row.key))}</a><svg class="bar" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true"><rect width="${width}" height="3"/></svg></th><td class="number">${format.number(row.total)}</td><td class="number">${format.number(row.base)}</td><td class="number">${growthMark(view, row.growth)}</td><td class="number">${format.percent(successOf(row))}</td></tr>`
  })
  const table = html`<table class="division"><caption class="hidden">${title}</caption><thead><tr><th scope="col" class="number">${say('STT', 'No.')}</th><th scope="col">${title}</th><th scope="col" class="number">${say('Kỳ này', 'This period')}</th><th scope="col" class="number">${say('Cùng kỳ', 'Same period')}</th><th scope="col" class="number">${say('Tăng, giảm', 'Growth')}</th><th scope="col" class="number">${say('Thành công', 'Success')}</th></tr></thead><tbody>${body}</tbody></table>`
  return scrollTable(title, table)
}

function dayTable(view: View, { own }: DaySeries): Markup {
  const { say, format } = view
  const rows = own.map(
    (day) =>
      html`<tr><th scope="row">${format.day(day.day)}</th><td class="number">${format.number(day.total)}</td><td class="number">${format.number(day.delivered)}</td><td class="number">${format.number(day.refused)}</td><td class="number">${format.number(day.failed)}</td></tr>`,
  )
  const label = say('Số giao dịch từng ngày', 'Exchanges of each day')
  return html`<details class="figures"><summary>${say('Xem số liệu', 'Show the figures')}</summary>${scrollTable(label, html`<table><caption class="hidden">${label}</caption><thead><tr><th scope="col">${say('Ngày', 'Day')}</th><th scope="col" class="number">${say('Tổng', 'Total')}</th><th scope="col" class="number">${say('Đã trả', 'Delivered')}</th><th scope="col" class="number">${say('Từ chối', 'Refused')}</th><th scope="col" class="number">${say('Không thành công', 'Failed')}</th></tr></thead><tbody>${rows}</tbody></table>`)}</details>`
}

function definitions({ say, pick }: View): Markup {
  return html`<section class="card definitions"><details><summary>${say('Các số này được tính thế nào', 'How these figures are made')}</summary><dl>${Object.values(KPIS).map(({ title, formula, counts }) => html`<div><dt>${pick(title)}</dt><dd>${pick(formula)}. <span class="hint">${pick(counts)}</span></dd></div>`)}</dl></details></section>`
}

/** How to read the map. */
function mapLegend({ say }: View, figures: Figures, form: MapForm): Markup {
  if (form === 'growth')
    return html`${colourScale([-1, 1, 2, 3, 4, 5], say('giảm', 'down'), say('gấp đôi trở lên', 'doubled or more'))}<p class="hint">${say('Dấu …: không đủ số liệu để so.', 'The sign …: not enough to compare.')}</p>`
  if (form === 'quality')
    return colourScale([1, 2, 4, 5], say('dưới 95 %', 'under 95 %'), say('từ 99 %', '99 % and more'))
  const isLarge = divisionOf(figures, 'province').some(({ total }) => total >= IN_THOUSANDS)
  const unit = isLarge ? say('nghìn giao dịch', 'thousand exchanges') : say('giao dịch', 'exchanges')
  return html`${colourScale([1, 2, 3, 4, 5], say('ít', 'fewest'), say('nhiều', 'most'))}<p class="hint">${say('Đơn vị', 'Unit')}: ${unit}.</p>`
}

const MAP_WORDS = {
  volume: { vi: 'Số lượng', en: 'Volume' },
  growth: { vi: 'Tăng trưởng', en: 'Growth' },
  quality: { vi: 'Thành công', en: 'Success' },
} as const

export function statisticsPage(view: View, { figures, days, map, hours, nowMs }: StatisticsPage): Page {
  const { say, pick } = view
  const { period } = figures
  const today = dayOf(nowMs)
  const title = `${say('Thống kê', 'Statistics')}: ${periodWords(view, period.id)}`
  const agencyAddress = (key: string) => `/console/agencies/${key}`
  return {
    title,
    section: 'statistics',
    body: html`<div class="form-head"><p>${say('BIỂU SỐ 01/GD', 'FORM 01/GD')}</p><p><strong>${say('CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM', 'SOCIALIST REPUBLIC OF VIET NAM')}</strong><br>${say('Độc lập – Tự do – Hạnh phúc', 'Independence – Freedom – Happiness')}</p></div>
<div class="headline"><h1>${title}</h1>${periodForm(view, '/console/statistics', period.id, today)}</div>
${tiles(view, figures)}
<div class="columns"><div class="wide"><section class="card"><h2>${say('Giao dịch theo ngày', 'Exchanges per day')}</h2>${dayChart(view, { period, days: days.own }, { period: samePeriodBefore(period), days: days.before }, today)}${dayTable(view, days)}</section>
<section class="card"><h2>${say('Theo dịch vụ', 'By service')}</h2>${divisionTable(view, divisionOf(figures, 'service'), { title: say('Dịch vụ', 'Service'), by: 'service', address: (key) => `/console/services/${key}` })}</section>
<section class="card"><h2>${say('Theo giờ và thứ, bốn tuần qua', 'By hour and weekday, last four weeks')}</h2>${heatMap(view, hours)}</section></div>
<section class="card side map-card"><h2>${say('34 tỉnh, thành phố', 'The 34 provinces')}</h2><p class="switch">${MAP_FORMS.map((form) => html`<a href="/console/statistics?period=${period.id}&amp;map=${form}"${form === map ? html` aria-current="true"` : ''}>${pick(MAP_WORDS[form])}</a>`)}</p>${tileMap(say('Các tỉnh, thành phố trên bản đồ ô', 'The provinces as a tile map'), mapTiles(view, figures, map))}${mapLegend(view, figures, map)}</section></div>
<section class="card"><h2>${say('Theo tỉnh, thành phố', 'By province')}</h2>${divisionTable(view, divisionOf(figures, 'province'), { title: say('Tỉnh, thành phố', 'Province'), by: 'province', address: (key) => agencyAddress(PROVINCES.find(({ code }) => code === key)?.agencies[0] ?? key) })}</section>
<section class="card"><h2>${say('Theo cơ quan cung cấp', 'By provider agency')}</h2>${divisionTable(view, divisionOf(figures, 'provider'), { title: say('Cơ quan cung cấp', 'Provider agency'), by: 'provider', address: agencyAddress })}</section>
<section class="card"><h2>${say('Theo cơ quan khai thác', 'By consumer agency')}</h2>${divisionTable(
      view,
      divisionOf(figures, 'agency').filter(({ key, total }) => total > 0 || provinceOf(key) === undefined),
      { title: say('Cơ quan khai thác', 'Consumer agency'), by: 'agency', address: agencyAddress },
    )}</section>
${definitions(view)}`,
  }
}

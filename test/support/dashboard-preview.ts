import type { Dashboard, Panel, Query } from '../../src/dashboards/dashboard.ts'
import { html, type Markup } from '../../src/http/html.ts'
import type { Language } from '../../src/model/identifier.ts'
import { createFormat } from '../../src/reporting/format.ts'

/** The time a preview shows, in seconds: Unix from and to, and from point to point. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly step: number
}

interface Line {
  readonly name: string
  /** One for each step; NaN where Prometheus had none. */
  readonly values: readonly number[]
}

/** Asks a Prometheus. @throws Error where it refuses the query. */
export type AskRange = (expr: string, span: Span) => Promise<readonly RangeSeries[]>
export interface RangeSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [number, string])[]
}

const COLOURS = ['#2f77bd', '#0d8a4a', '#d08700', '#c8102e', '#7a52b3', '#12908e', '#5b6b84']
const THRESHOLDS = ['#0d6b3a', '#9a6200', '#a3122a']
const WINDOW = '1m'

function substitute(expr: string, { from, to, step }: Span): string {
  return expr
    .replaceAll('$__rate_interval', WINDOW)
    .replaceAll('$__range', `${to - from}s`)
    .replaceAll('$__interval', `${step}s`)
    .replaceAll(/\$(?:job|instance|consumer|provider|service)\b/g, '.*')
}

async function linesOf(query: Query, span: Span, ask: AskRange): Promise<readonly Line[]> {
  const { expr, legend, instant } = query
  const found = await ask(substitute(expr, span), span)
  const lines = found.map(({ metric, values }) => {
    const at = new Map(
      values.map(([time, value]) => [Math.round((time - span.from) / span.step), Number(value)]),
    )
    const count = Math.floor((span.to - span.from) / span.step) + 1
    const name = legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '')
    return {
      name: name || Object.values(metric).join(' · '),
      values: Array.from({ length: count }, (__, place) => at.get(place) ?? Number.NaN),
    }
  })
  // What an instant query shows is what there is now; a nameless line beside others is the zero that keeps a panel from being empty.
  const now = instant ? lines.filter(({ values }) => !Number.isNaN(values.at(-1))) : lines
  return now.length > 1 ? now.filter(({ name }) => name !== '') : now
}

const last = ({ values }: Line): number => values.findLast((value) => !Number.isNaN(value)) ?? Number.NaN

/** A value in a unit of Grafana's, as people read it. */
function write(value: number, unit: string, language: Language): string {
  const { number } = createFormat(language)
  if (Number.isNaN(value)) return '–'
  if (unit === 'percentunit') return `${number(value * 100, 1)} %`
  if (unit === 's')
    return value < 1 ? `${number(value * 1000, value < 0.1 ? 1 : 0)} ms` : `${number(value, 2)} s`
  if (unit === 'ops') return `${number(value, value < 1 ? 2 : value < 100 ? 1 : 0)}/s`
  return number(value, Number.isInteger(value) ? 0 : 1)
}

const [WIDE, HIGH] = [600, 160]

function pathOf(values: readonly number[], top: number, [width, height]: readonly [number, number]): string {
  const last = Math.max(values.length - 1, 1)
  let path = ''
  let isGap = true
  for (const [place, value] of values.entries()) {
    // Where Prometheus had nothing, nothing is drawn.
    if (!Number.isNaN(value)) {
      const y = height - (Math.min(value, top) / top) * (height - 2)
      path += `${isGap ? 'M' : 'L'}${((place / last) * width).toFixed(1)} ${y.toFixed(1)}`
    }
    isGap = Number.isNaN(value)
  }
  return path
}

const topOf = (lines: readonly Line[]) =>
  Math.max(...lines.flatMap(({ values }) => values.filter((value) => !Number.isNaN(value))), 0) || 1

function stat(panel: Panel, lines: readonly Line[], language: Language): Markup {
  const [line] = lines
  const value = line === undefined ? Number.NaN : last(line)
  const level = panel.thresholds?.filter((threshold) => value >= threshold).length ?? 0
  const colour = THRESHOLDS[level] ?? ''
  const size = [240, 40] as const
  const path = line === undefined ? '' : pathOf(line.values, topOf([line]), size)
  return html`<p class="big" style="color:${colour}">${write(value, panel.unit, language)}</p><svg viewBox="0 0 240 40" preserveAspectRatio="none"><path d="${path}" fill="none" stroke="${colour}" stroke-width="2" vector-effect="non-scaling-stroke"/></svg>`
}

/** Each line on those below it. */
function stack(lines: readonly Line[]): readonly Line[] {
  return lines.map(({ name, values }, place) => ({
    name,
    values: values.map((_, at) =>
      lines.slice(0, place + 1).reduce((sum, line) => sum + (line.values[at] || 0), 0),
    ),
  }))
}

function timeseries(panel: Panel, found: readonly Line[], span: Span, language: Language): Markup {
  const lines = panel.stacked ? stack(found) : found
  const top = topOf(lines) * 1.08
  const marks = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      html`<line x1="0" x2="${WIDE}" y1="${HIGH - part * (HIGH - 2)}" y2="${HIGH - part * (HIGH - 2)}"/>`,
  )
  // What lies lowest is drawn last, over the taller areas.
  const drawn = lines
    .map((line, place) => ({ line, colour: COLOURS[place % COLOURS.length] ?? '' }))
    .toReversed()
  const paths = drawn.map(({ line, colour }) => {
    const path = pathOf(line.values, top, [WIDE, HIGH])
    const area =
      panel.stacked && html`<path d="${path}L${WIDE} ${HIGH}L0 ${HIGH}Z" fill="${colour}" stroke="none"/>`
    return html`${area}<path d="${path}" fill="none" stroke="${colour}"/>`
  })
  const { instant } = createFormat(language)
  const time = (seconds: number) => instant(seconds * 1000).slice(11, span.to - span.from < 1200 ? 19 : 16)
  const legend = found.map(
    (line, place) =>
      html`<li style="--mark:${COLOURS[place % COLOURS.length] ?? ''}">${line.name} <b>${write(last(line), panel.unit, language)}</b></li>`,
  )
  return html`<div class="plot"><div class="axis"><span>${write(top, panel.unit, language)}</span><span>${write(top / 2, panel.unit, language)}</span><span>0</span></div><svg viewBox="0 0 ${WIDE} ${HIGH}" preserveAspectRatio="none"><g class="grid">${marks}</g>${paths}</svg></div><p class="times"><span>${time(span.from)}</span><span>${time((span.from + span.to) / 2)}</span><span>${time(span.to)}</span></p><ul>${legend}</ul>`
}

function bars(panel: Panel, lines: readonly Line[], language: Language): Markup {
  const sorted = lines.toSorted((a, b) => last(b) - last(a))
  const top = Math.max(...sorted.map(last), 1)
  const rows = sorted.map(
    (line) =>
      html`<tr><td>${line.name}</td><td class="bar"><i style="width:${((last(line) / top) * 100).toFixed(1)}%"></i></td><td class="right">${write(Math.round(last(line)), panel.unit, language)}</td></tr>`,
  )
  return html`<table>${rows}</table>`
}

function rowsOf(lines: readonly Line[], unit: string, language: Language): Markup {
  const rows = lines
    .slice(0, 7)
    .map(
      (line) =>
        html`<tr><td>${line.name}</td><td class="right">${write(last(line), unit, language)}</td></tr>`,
    )
  return html`<table>${rows}</table>`
}

function draw(panel: Panel, lines: readonly Line[], span: Span, language: Language): Markup {
  switch (panel.kind) {
    case 'stat':
      return stat(panel, lines, language)
    case 'bargauge':
      return bars(panel, lines, language)
    case 'table':
      return rowsOf(lines, panel.unit, language)
    default:
      return timeseries(panel, lines, span, language)
  }
}

const STYLE = `
*{box-sizing:border-box}body{margin:0;padding:18px 20px 14px;background:#f4f6fa;color:#14213d;font:14px/1.45 "Be Vietnam Pro",system-ui,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:19px;margin:0 0 12px;display:flex;justify-content:space-between;align-items:baseline}h1 small{font-size:12.5px;font-weight:400;color:#4a5872}
h2{font-size:13px;color:#4a5872;margin:6px 0}main{display:grid;grid-template-columns:repeat(24,1fr);gap:8px}h2{grid-column:1/-1}
section{background:#fff;border:1px solid #d9e0ea;border-radius:6px;padding:8px 12px 10px;min-width:0;display:flex;flex-direction:column}
h3{font-size:12.5px;font-weight:600;margin:0 0 4px;min-height:18px}.stat h3{min-height:36px}.big{font-size:25px;font-weight:600;margin:0;line-height:1.3}.stat svg{height:34px;width:100%;margin-top:auto}
.plot{display:flex;gap:8px;height:136px}.axis{display:flex;flex-direction:column;justify-content:space-between;color:#4a5872;font-size:11px;width:58px;text-align:right;line-height:1}.plot svg{flex:1;min-width:0;height:100%}
path{stroke-width:1.6;vector-effect:non-scaling-stroke;stroke-linejoin:round}.grid line{stroke:#e8edf4;vector-effect:non-scaling-stroke}
.times{display:flex;justify-content:space-between;margin:3px 0 5px 66px;color:#4a5872;font-size:11px}
ul{list-style:none;margin:auto 0 0;padding:0;display:flex;flex-wrap:wrap;gap:1px 14px;font-size:11.5px;color:#4a5872}li::before{content:"";display:inline-block;width:12px;height:3px;background:var(--mark);margin-right:6px;vertical-align:middle}b{color:#14213d}
table{border-collapse:collapse;width:100%;font-size:12.5px}td{padding:4px 8px 4px 0;border-bottom:1px solid #e8edf4;vertical-align:middle}tr:last-child td{border:0}.right{text-align:right;white-space:nowrap;font-weight:600}.bar{width:50%}.bar i{display:block;height:14px;background:#74abdd;border-radius:3px;min-width:2px}
`

const PREVIEW = {
  vi: 'Bản xem trước: vẽ từ chính các truy vấn của bảng này',
  en: "Preview, drawn from this dashboard's own queries",
} as const

/**
 * A dashboard without Grafana: its own panels and queries, answered by a real Prometheus, in our drawing.
 * @returns a page of 1280 pixels.
 */
export async function previewDashboard(
  { title, rows }: Dashboard,
  language: Language,
  span: Span,
  ask: AskRange,
): Promise<string> {
  const drawn: Markup[] = []
  for (const row of rows) {
    drawn.push(html`<h2>${row.title[language]}</h2>`)
    for (const panel of row.panels) {
      const lines = (await Promise.all(panel.queries.map((query) => linesOf(query, span, ask)))).flat()
      drawn.push(
        html`<section class="${panel.kind}" style="grid-column:span ${panel.width ?? 12}"><h3>${panel.title[language]}</h3>${draw(panel, lines, span, language)}</section>`,
      )
    }
  }
  const head = language === 'vi' ? title.vi : `Liên Thông · ${title.en}`
  return html`<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${head}</title><style>${{ markup: STYLE }}</style></head>
<body><h1>${head}<small>${PREVIEW[language]}</small></h1><main>${drawn}</main></body></html>`.markup
}

import type { DayCount } from '../../reporting/figures.ts'
import { addDays, daysBetween, type Period } from '../../reporting/period.ts'
import { PROVINCES } from '../../reporting/provinces.ts'
import { html, type Markup } from './html.ts'
import { scrollTable, type View } from './view.ts'

const WIDTH = 840
const HEIGHT = 250
const LEFT = 72
const BOTTOM = 26
const TOP = 10

/** Round marks of an axis from 0 to at least `max`. */
export function axisMarks(max: number): readonly number[] {
  const rough = Math.max(max, 4) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const unit = [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= rough) ?? rough
  const count = Math.max(1, Math.ceil(max / unit))
  return Array.from({ length: count + 1 }, (_, place) => place * unit)
}

interface Series {
  readonly period: Period
  readonly days: readonly DayCount[]
}

function points(
  { period, days }: Series,
  top: number,
  until: string,
): readonly (readonly [number, number])[] {
  const counts = new Map(days.map(({ day, total }) => [day, total]))
  const length = daysBetween(period.from, until)
  const whole = Math.max(daysBetween(period.from, period.until) - 1, 1)
  return Array.from({ length }, (_, place) => {
    const count = counts.get(addDays(period.from, place)) ?? 0
    const x = LEFT + (place / whole) * (WIDTH - LEFT - 8)
    return [
      Math.round(x * 10) / 10,
      Math.round((HEIGHT - BOTTOM - (count / top) * (HEIGHT - BOTTOM - TOP)) * 10) / 10,
    ] as const
  })
}

/** Exchanges of each day as a line, last year's behind it, dashed. */
export function dayChart(view: View, now: Series, before: Series, today: string): Markup {
  const { say, format } = view
  const max = Math.max(...now.days.map(({ total }) => total), ...before.days.map(({ total }) => total), 1)
  const marks = axisMarks(max)
  const top = marks.at(-1) ?? max
  const end = addDays(today, 1) < now.period.until ? addDays(today, 1) : now.period.until
  const own = points(now, top, end)
  const old = points(before, top, before.period.until)
  const line = (all: readonly (readonly [number, number])[]) => all.map(([x, y]) => `${x},${y}`).join(' ')
  const floor = HEIGHT - BOTTOM
  const area = own.length > 1 ? `${own[0]?.[0]},${floor} ${line(own)} ${own.at(-1)?.[0]},${floor}` : ''
  const length = daysBetween(now.period.from, now.period.until)
  const ticks = [0, 1, 2, 3, 4].map((part) => Math.min(length - 1, Math.round((part * (length - 1)) / 4)))
  const shown = [...new Set(ticks)]
  const y = (mark: number) => floor - (mark / top) * (floor - TOP)
  const x = (place: number) => LEFT + (place / Math.max(length - 1, 1)) * (WIDTH - LEFT - 8)
  const label = (place: number) => format.day(addDays(now.period.from, place)).slice(0, 5)
  const title = say(
    'Biểu đồ số giao dịch mỗi ngày, số liệu ở bảng bên dưới',
    'Chart of exchanges per day; the figures are in the table below',
  )
  const svg = html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
${marks.map((mark) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - 8}" y1="${y(mark)}" y2="${y(mark)}"/><text class="mark" x="${LEFT - 8}" y="${y(mark) + 4}" text-anchor="end">${format.short(mark)}</text>`)}
${shown.map((place, at) => html`<text class="mark" x="${x(place)}" y="${HEIGHT - 6}" text-anchor="${at === 0 ? 'start' : at === shown.length - 1 ? 'end' : 'middle'}">${label(place)}</text>`)}
${area !== '' && html`<polygon class="area" points="${area}"/>`}<polyline class="before" points="${line(old)}"/><polyline class="now" points="${line(own)}"/>${own.length === 1 && html`<circle class="dot" cx="${own[0]?.[0]}" cy="${own[0]?.[1]}" r="4"/>`}</svg>`
  return html`<figure class="chart">${scrollTable(say('Biểu đồ', 'Chart'), svg)}
<figcaption><span class="key now">${say('Kỳ này', 'This period')}</span><span class="key before">${say('Cùng kỳ năm trước', 'Same period last year')}</span></figcaption></figure>`
}

/** What stands on one province's square. */
export interface Tile {
  readonly value: string
  /** 0 (nothing) … 5 (most), or -1 and -2 for a fall. */
  readonly level: number
  readonly address: string
}

const SIDE = 84
const GAP = 5
const TALL = 50

/** The 34 provinces as squares, roughly where they lie; both archipelagos with the province they belong to. */
export function tileMap(label: string, tiles: ReadonlyMap<string, Tile>): Markup {
  const cell = SIDE + GAP
  const rows = Math.max(...PROVINCES.map(({ row }) => row)) + 1
  const high = TALL + GAP
  const squares = PROVINCES.map(({ code, name, column, row }) => {
    const tile = tiles.get(code)
    const [x, y] = [column * cell, row * high]
    const short = name.replace('TP. ', '')
    return html`<a href="${tile?.address ?? ''}" class="tile level${tile?.level ?? 0}"><rect x="${x}" y="${y}" width="${SIDE}" height="${TALL}" rx="6"/><text x="${x + SIDE / 2}" y="${y + 20}" class="place">${short}</text><text x="${x + SIDE / 2}" y="${y + 40}" class="value">${tile?.value ?? '–'}</text></a>`
  })
  const islands = PROVINCES.flatMap(({ archipelago, name, column, row }) => {
    if (archipelago === undefined) return []
    const x = (column + 1) * cell + 46
    const y = row * high + (archipelago === 'Hoàng Sa' ? 12 : 70)
    return [
      html`<g class="islands"><circle cx="${x - 9}" cy="${y}" r="3"/><circle cx="${x + 2}" cy="${y + 6}" r="2.4"/><circle cx="${x + 10}" cy="${y - 2}" r="2"/><circle cx="${x - 1}" cy="${y - 6}" r="1.6"/><text x="${x}" y="${y + 25}">${archipelago}</text><text x="${x}" y="${y + 41}" class="of">(${name})</text></g>`,
    ]
  })
  return html`<svg class="map" viewBox="0 -2 ${5 * cell + 96} ${rows * high}" role="group" aria-label="${label}">${squares}${islands}</svg>`
}

/** What the colours mean: from the fewest to the most. */
export function colourScale(levels: readonly number[], from: string, to: string): Markup {
  const swatches = levels.map(
    (level, place) => html`<rect class="level${level}" x="${place * 26}" width="24" height="12" rx="2"/>`,
  )
  return html`<p class="scale">${from} <svg viewBox="0 0 ${levels.length * 26} 12" width="${levels.length * 26}" height="12" aria-hidden="true">${swatches}</svg> ${to}</p>`
}

/** Weekday by hour; `counts[weekday][hour]`, Monday first. */
export function heatMap(view: View, counts: readonly (readonly number[])[]): Markup {
  const { say, format } = view
  const max = Math.max(...counts.flat(), 1)
  const days = say('T2 T3 T4 T5 T6 T7 CN', 'Mon Tue Wed Thu Fri Sat Sun').split(' ')
  const [side, left, top] = [30, 36, 20]
  const cells = counts.flatMap((hours, day) =>
    hours.map((count, hour) => {
      const level = count === 0 ? 0 : Math.max(1, Math.ceil((count / max) * 5))
      return html`<rect class="heat level${level}" x="${left + hour * side}" y="${top + day * 26}" width="${side - 3}" height="23" rx="4"><title>${days[day]} ${hour}:00 – ${format.number(count)}</title></rect>`
    }),
  )
  const busiest = counts
    .flatMap((hours, day) => hours.map((count, hour) => ({ count, day, hour })))
    .reduce((best, each) => (each.count > best.count ? each : best), { count: 0, day: 0, hour: 0 })
  const svg = html`<svg viewBox="0 0 ${left + 24 * side} ${top + 7 * 26}" role="img" aria-label="${say(`Giao dịch theo giờ và thứ; đông nhất ${days[busiest.day]} lúc ${busiest.hour} giờ: ${format.number(busiest.count)}`, `Exchanges by hour and weekday; busiest ${days[busiest.day]} at ${busiest.hour}:00: ${format.number(busiest.count)}`)}">${days.map((day, place) => html`<text class="mark" x="0" y="${top + place * 26 + 16}">${day}</text>`)}${[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => html`<text class="mark" x="${left + hour * side}" y="12">${hour}:00</text>`)}${cells}</svg>`
  return html`<figure class="chart">${scrollTable(say('Bản đồ nhiệt', 'Heat map'), svg)}${colourScale([0, 1, 2, 3, 4, 5], '0', format.number(max))}</figure>`
}

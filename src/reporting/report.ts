import type { Bilingual, Language } from '../model/identifier.ts'
import { divisionOf, type Figures } from './figures.ts'
import type { Column, Form } from './form.ts'
import { createFormat } from './format.ts'
import { type Division, type Growth, KPIS, successOf } from './kpi.ts'
import { addDays, type Comparison, periodName } from './period.ts'
import { PROVINCES } from './provinces.ts'
import { suppressSmall } from './suppression.ts'

/** One row of a report; what small-cell suppression took is undefined. */
export interface ReportRow {
  readonly key: string
  readonly name: Bilingual
  readonly exchanges: number | undefined
  /** Of the days that are over, and of the same days a year before. */
  readonly closed: number | undefined
  readonly base: number | undefined
  readonly growth: Growth | undefined
  readonly success: number | undefined
}

export interface Report {
  readonly figures: Figures
  readonly by: Division
  readonly rows: readonly ReportRow[]
  /** Whether small counts were left out. */
  readonly suppressed: boolean
}

export const DIVISION_TITLES: Readonly<Record<Division, Bilingual>> = {
  province: { vi: 'Tỉnh, thành phố', en: 'Province' },
  agency: { vi: 'Cơ quan khai thác', en: 'Consumer agency' },
  provider: { vi: 'Cơ quan cung cấp', en: 'Provider agency' },
  service: { vi: 'Dịch vụ', en: 'Service' },
}

interface ReportParts {
  readonly figures: Figures
  readonly by: Division
  readonly nameOf: (by: Division, key: string) => Bilingual
  readonly suppressed: boolean
}

export function createReport({ figures, by, nameOf, suppressed }: ReportParts): Report {
  const rows = divisionOf(figures, by)
  const shown = (counts: readonly number[]) => (suppressed ? suppressSmall(counts) : counts)
  const exchanges = shown(rows.map(({ total }) => total))
  const closed = shown(rows.map((row) => row.closed))
  const base = shown(rows.map((row) => row.base))
  return {
    figures,
    by,
    suppressed,
    rows: rows.map((row, place) => {
      const now = exchanges[place] === undefined ? undefined : closed[place]
      return {
        key: row.key,
        name: nameOf(by, row.key),
        exchanges: exchanges[place],
        closed: now,
        base: base[place],
        growth: now === undefined || base[place] === undefined ? undefined : row.growth,
        success: exchanges[place] === undefined ? undefined : successOf(row),
      }
    }),
  }
}

/** What the period is compared with, as the head of a column. */
export const COMPARISON_TITLES: Readonly<Record<Comparison, Bilingual>> = {
  'same-period': { vi: 'Cùng kỳ năm trước', en: 'Same period last year' },
  'previous-period': { vi: 'Kỳ trước', en: 'Period before' },
}

/** One sentence to paste into a report to the leaders. */
export function reportSentence({ figures }: Report, language: Language): string {
  const format = createFormat(language)
  const { period, compare, total, growth, covered, cumulative } = figures
  const name = periodName(period.id)
  const [vi, en] =
    compare === 'same-period'
      ? ['cùng kỳ năm trước', 'the same period last year']
      : ['kỳ trước', 'the period before']
  const compared =
    growth.kind !== 'ratio'
      ? { vi: `so với ${vi}: ${format.growth(growth)}`, en: `against ${en}: ${format.growth(growth)}` }
      : {
          vi: `${growth.ratio < 0 ? 'giảm' : 'tăng'} ${format.percent(Math.abs(growth.ratio))} so với ${vi}`,
          en: `${growth.ratio < 0 ? 'down' : 'up'} ${format.percent(Math.abs(growth.ratio))} on ${en}`,
        }
  return {
    vi: `${name.vi}: ${format.number(total.total)} giao dịch, ${compared.vi}; ${covered.size}/${PROVINCES.length} tỉnh, thành phố có giao dịch; lũy kế ${format.number(cumulative)} giao dịch.`,
    en: `${name.en}: ${format.number(total.total)} exchanges, ${compared.en}; ${covered.size}/${PROVINCES.length} provinces took part; ${format.number(cumulative)} exchanges since opening.`,
  }[language]
}

function columnsOf({ by, figures: { compare } }: Report): readonly Column[] {
  return [
    { id: 'name', title: DIVISION_TITLES[by], kind: 'name' },
    { id: 'key', title: { vi: 'Mã', en: 'Code' }, kind: 'code' },
    { id: 'exchanges', title: { vi: 'Giao dịch', en: 'Exchanges' }, kind: 'count' },
    {
      id: 'closed',
      title: { vi: 'Các ngày đã hết', en: 'Days that are over' },
      kind: 'count',
      fileOnly: true,
    },
    { id: 'base', title: COMPARISON_TITLES[compare], kind: 'count' },
    { id: 'growth', title: { vi: 'Tăng, giảm', en: 'Growth' }, kind: 'growth' },
    { id: 'success', title: { vi: 'Thành công', en: 'Success' }, kind: 'share' },
  ]
}

/** The days that were compared, in words; nothing where no day of the period is over. */
function spansOf({ closed, base }: Figures): readonly Bilingual[] {
  if (closed.from >= closed.until) return []
  const day = createFormat('vi').day
  const span = ({ from, until }: { readonly from: string; readonly until: string }) =>
    `${day(from)} – ${day(addDays(until, -1))}`
  return [
    {
      vi: `So sánh các ngày đã hết: ${span(closed)} với ${span(base)}.`,
      en: `Compared are the days that are over: ${span(closed)} with ${span(base)}.`,
    },
  ]
}

/** Members of the report's JSON beside its rows. */
function factsOf({ figures, by }: Report): Record<string, unknown> {
  const { period, compare, closed, base, opening, total, growth, cumulative, covered, latency } = figures
  return {
    period,
    compare,
    closed,
    base,
    opening,
    by,
    total: {
      ...total,
      closed: figures.closedTotal,
      base: figures.baseTotal,
      growth,
      success: figures.success,
    },
    dailyMean: figures.dailyMean,
    cumulative,
    provinces: { covered: covered.size, of: PROVINCES.length },
    latency,
  }
}

/** The report as a form. */
export function exchangeForm(report: Report): Form {
  const { rows, figures } = report
  const { total, closedTotal, baseTotal, growth, success } = figures
  const shown = <Value>(value: Value | undefined, count: number | undefined) =>
    count === undefined ? null : value
  return {
    id: 'exchanges',
    columns: columnsOf(report),
    rows: rows.map((row) => [
      row.name,
      row.key,
      row.exchanges ?? null,
      row.closed ?? null,
      row.base ?? null,
      row.growth ?? null,
      shown(row.success, row.exchanges),
    ]),
    total: [{ vi: 'Tổng số', en: 'Total' }, undefined, total.total, closedTotal, baseTotal, growth, success],
    notes: [
      { vi: reportSentence(report, 'vi'), en: reportSentence(report, 'en') },
      ...spansOf(figures),
      KPIS.growth.counts,
    ],
    suppressed: report.suppressed,
    facts: factsOf(report),
  }
}

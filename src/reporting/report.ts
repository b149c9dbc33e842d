import type { Bilingual, Language } from '../model/identifier.ts'
import { divisionOf, type Figures } from './figures.ts'
import { createFormat } from './format.ts'
import { type Division, type Growth, successOf, suppressSmall } from './kpi.ts'
import type { Comparison } from './period.ts'
import { PROVINCES } from './provinces.ts'

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
    vi: `Kỳ ${period.id}: ${format.number(total.total)} giao dịch, ${compared.vi}; ${covered.size}/${PROVINCES.length} tỉnh, thành phố có giao dịch; lũy kế ${format.number(cumulative)} giao dịch.`,
    en: `${period.id}: ${format.number(total.total)} exchanges, ${compared.en}; ${covered.size}/${PROVINCES.length} provinces took part; ${format.number(cumulative)} exchanges since opening.`,
  }[language]
}

/** Head of the table: both languages, as exports of the log have it. */
export function reportTitles({ figures: { compare } }: Report): readonly string[] {
  const base = COMPARISON_TITLES[compare]
  return [
    'STT / No.',
    'Tên / Name',
    'Mã / Code',
    'Giao dịch / Exchanges',
    'Các ngày đã hết / Days that are over',
    `${base.vi} / ${base.en}`,
    'Tăng, giảm (%) / Growth (%)',
    'Thành công (%) / Success (%)',
  ]
}

/** A ratio with one decimal, as a number a spreadsheet can work with; a text where there is no percentage. */
function growthCell(growth: Growth | undefined): number | string | undefined {
  if (growth === undefined) return undefined
  return growth.kind === 'ratio' ? Math.round(growth.ratio * 1000) / 10 : createFormat('vi').growth(growth)
}

const percentCell = (part: number | undefined) =>
  part === undefined ? undefined : Math.round(part * 1000) / 10

/** The table's rows, the total last. */
export function reportCells({
  rows,
  figures,
}: Report): readonly (readonly (string | number | undefined)[])[] {
  const { total, closedTotal, baseTotal, growth, success } = figures
  return [
    ...rows.map((row, place) => [
      place + 1,
      row.name.vi,
      row.key,
      row.exchanges,
      row.closed,
      row.base,
      growthCell(row.growth),
      percentCell(row.success),
    ]),
    [
      undefined,
      'Tổng số / Total',
      undefined,
      total.total,
      closedTotal,
      baseTotal,
      growthCell(growth),
      percentCell(success),
    ],
  ]
}

/** The report as data, the same figures. */
export function reportJson({ figures, by, rows, suppressed }: Report): Record<string, unknown> {
  const { period, compare, closed, base, opening, total, growth, cumulative, covered, latency } = figures
  return {
    period,
    compare,
    closed,
    base,
    opening,
    by,
    suppressed,
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
    rows: rows.map(({ name, ...row }) => ({ ...row, name })),
  }
}

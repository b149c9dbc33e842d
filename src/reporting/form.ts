import type { Bilingual, Language } from '../model/identifier.ts'
import { createFormat, type Format } from './format.ts'
import type { Growth, KpiId } from './kpi.ts'
import { suppressTable } from './suppression.ts'

/** What a column's cells hold: a share is a part of 1, seconds may have decimals, a day is `yyyy-mm-dd`. */
export type ColumnKind =
  | 'name'
  | 'text'
  | 'code'
  | 'count'
  | 'decimal'
  | 'whole'
  | 'share'
  | 'growth'
  | 'seconds'
  | 'day'
  | 'instant'

export interface Column {
  readonly id: string
  readonly title: Bilingual
  readonly kind: ColumnKind
  /** In files alone: there is no room for it on paper. */
  readonly fileOnly?: true
  /** Holds the sum of the row's other counts. */
  readonly isWhole?: true
}

/** Undefined where there is nothing to tell; null where small-cell suppression took it. */
export type Cell = string | number | Bilingual | Growth | undefined | null

/** A form (biểu số) as offices hand it in: what it counts, its table and what is to be known of it. */
export interface Form {
  readonly id: FormId
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
  /** One cell a column; absent where the rows do not add up to anything. */
  readonly total?: readonly Cell[]
  /** What the table says, in a sentence, and what is to be known of it. */
  readonly notes: readonly Bilingual[]
  readonly suppressed: boolean
  /** Members of its JSON beside the rows; its own `total` where the table's says less. */
  readonly facts: Readonly<Record<string, unknown>>
}

interface FormDefinition {
  /** As it is called on paper. */
  readonly number: string
  readonly title: Bilingual
  readonly unit: Bilingual
  /** The figures it is made of. */
  readonly figures: readonly KpiId[]
  /** What it can be divided by, the usual first. */
  readonly divisions: readonly string[]
  /** Whether it tells of a period; one that does not tells how things stand. */
  readonly isOfPeriod: boolean
}

export const FORMS = {
  exchanges: {
    number: '01/GD',
    title: { vi: 'Báo cáo số giao dịch chia sẻ dữ liệu', en: 'Report on data-sharing exchanges' },
    unit: { vi: 'giao dịch', en: 'exchanges' },
    figures: ['exchanges', 'growth', 'success'],
    divisions: ['province', 'agency', 'provider', 'service'],
    isOfPeriod: true,
  },
  refusals: {
    number: '02/TC',
    title: { vi: 'Báo cáo từ chối chia sẻ dữ liệu', en: 'Report on refusals' },
    unit: { vi: 'giao dịch', en: 'exchanges' },
    figures: ['refusals'],
    divisions: [],
    isOfPeriod: true,
  },
  connections: {
    number: '03/KN',
    title: { vi: 'Báo cáo tình trạng kết nối', en: 'Report on connections' },
    unit: { vi: 'kết nối', en: 'connections' },
    figures: ['connections', 'unused'],
    divisions: [],
    isOfPeriod: false,
  },
  cleaning: {
    number: '04/LS',
    title: { vi: 'Báo cáo kết quả làm sạch dữ liệu', en: 'Report on data cleaning' },
    unit: { vi: 'bản ghi', en: 'records' },
    figures: ['cleaning', 'dataQuality'],
    divisions: ['unit', 'group', 'agency', 'service'],
    isOfPeriod: true,
  },
  incidents: {
    number: '05/SC',
    title: { vi: 'Báo cáo sự cố chất lượng dữ liệu', en: 'Report on data-quality incidents' },
    unit: { vi: 'sự cố', en: 'incidents' },
    figures: ['incidents', 'faults'],
    divisions: [],
    isOfPeriod: true,
  },
  freshness: {
    number: '06/TM',
    title: { vi: 'Báo cáo độ mới của dữ liệu', en: 'Report on the freshness of data' },
    unit: { vi: 'giây', en: 'seconds' },
    figures: ['freshness'],
    divisions: [],
    isOfPeriod: false,
  },
  tasks: {
    number: '07/NV',
    title: { vi: 'Báo cáo nhiệm vụ kết nối được giao', en: 'Report on assigned connections' },
    unit: { vi: 'nhiệm vụ', en: 'tasks' },
    figures: ['tasks'],
    divisions: [],
    isOfPeriod: false,
  },
  index: {
    number: '08/CS',
    title: {
      vi: 'Số liệu đầu vào Bộ chỉ số phục vụ người dân, doanh nghiệp',
      en: 'Inputs of the index of serving people and businesses',
    },
    unit: { vi: 'giao dịch', en: 'exchanges' },
    figures: ['indexInputs'],
    divisions: [],
    isOfPeriod: true,
  },
  products: {
    number: '09/SP',
    title: { vi: 'Báo cáo sử dụng sản phẩm dữ liệu', en: 'Report on the use of data products' },
    unit: { vi: 'giao dịch, gói, bản ghi, byte', en: 'exchanges, packages, records, bytes' },
    figures: ['products'],
    divisions: [],
    isOfPeriod: true,
  },
} as const satisfies Readonly<Record<string, FormDefinition>>

export type FormId = keyof typeof FORMS
export const FORM_IDS = Object.keys(FORMS) as readonly FormId[]

const NUMBERS: ReadonlySet<ColumnKind> = new Set(['count', 'decimal', 'whole', 'share', 'growth', 'seconds'])

/** Whether a column is set flush right. */
export function isNumeric({ kind }: Pick<Column, 'kind'>): boolean {
  return NUMBERS.has(kind)
}

const isGrowth = (cell: Cell): cell is Growth => typeof cell === 'object' && cell !== null && 'kind' in cell

/** What stands in a cell that small-cell suppression emptied. */
export const HIDDEN = '…'

/** @returns a cell as people read it. */
export function cellText(cell: Cell, kind: ColumnKind, format: Format, language: Language): string {
  if (cell === null) return HIDDEN
  if (cell === undefined) return '–'
  if (isGrowth(cell)) return format.growth(cell)
  if (typeof cell === 'object') return cell[language]
  if (typeof cell === 'number') {
    if (kind === 'share') return format.percent(cell)
    if (kind === 'instant') return format.instant(cell)
    return format.number(cell, kind === 'decimal' || kind === 'seconds' ? 1 : 0)
  }
  return kind === 'day' ? format.day(cell) : cell
}

/** A cell for a spreadsheet to work with: a share is a percentage with one decimal. */
function fileCell(cell: Cell, kind: ColumnKind, format: Format): string | number | undefined {
  if (cell === null) return HIDDEN
  if (cell === undefined) return undefined
  if (isGrowth(cell)) {
    return cell.kind === 'ratio' ? Math.round(cell.ratio * 1000) / 10 : format.growth(cell)
  }
  if (typeof cell === 'number' && kind !== 'instant') {
    return kind === 'share' ? Math.round(cell * 1000) / 10 : Math.round(cell * 10) / 10
  }
  return cellText(cell, kind, format, 'vi')
}

/** The table as rows of a file, head and total with it. */
export function fileRows({
  columns,
  rows,
  total,
}: Form): readonly (readonly (string | number | undefined)[])[] {
  const format = createFormat('vi')
  const cells = (row: readonly Cell[]) =>
    row.map((cell, place) => fileCell(cell, columns[place]?.kind ?? 'text', format))
  const percent = ({ kind }: Column) => (kind === 'share' || kind === 'growth' ? ' (%)' : '')
  return [
    ['STT / No.', ...columns.map((column) => `${column.title.vi} / ${column.title.en}${percent(column)}`)],
    ...rows.map((row, place) => [place + 1, ...cells(row)]),
    ...(total ? [[undefined, ...cells(total)]] : []),
  ]
}

/** The form as data. */
export function formJson({ id, columns, rows, total, suppressed, facts }: Form): Record<string, unknown> {
  const object = (row: readonly Cell[]) =>
    Object.fromEntries(columns.map((column, place) => [column.id, row[place] ?? undefined]))
  return { form: id, suppressed, ...(total && { total: object(total) }), ...facts, rows: rows.map(object) }
}

/** The form without the counts that could point at somebody, and without what is made of them. */
export function suppressed(form: Form): Form {
  const counts = form.columns.flatMap(({ kind }, place) => (kind === 'count' ? [place] : []))
  const whole = counts.findIndex((place) => form.columns[place]?.isWhole)
  const table = suppressTable(
    form.rows.map((row) => counts.map((place) => Number(row[place] ?? 0))),
    whole < 0 ? undefined : whole,
  )
  const rows = form.rows.map((row, line) => {
    const isCut = (table[line] ?? []).includes(undefined)
    return row.map((cell, place) => {
      const kind = form.columns[place]?.kind ?? 'text'
      const at = counts.indexOf(place)
      if (at >= 0) return cell === undefined || table[line]?.[at] !== undefined ? cell : null
      return isCut && NUMBERS.has(kind) ? null : cell
    })
  })
  return { ...form, rows, suppressed: true }
}

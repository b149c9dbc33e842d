import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { splitCsv } from '../jobs/bulk-lines.ts'
import type { CommunePart, Province } from '../model/administrative-unit.ts'
import type { Bilingual } from '../model/identifier.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  summary: {
    vi: 'Chuyển bảng chuyển đổi đơn vị hành chính (CSV) thành tài liệu danh bạ',
    en: 'Make registry documents of the conversion table of administrative units (CSV)',
  },
  file: { vi: 'bảng chuyển đổi, CSV UTF-8', en: 'the conversion table, CSV in UTF-8' },
  out: { vi: 'thư mục để ghi, mỗi tỉnh một tệp', en: 'the folder to write to, one file a province' },
  from: {
    vi: 'ngày đầu của danh mục (mặc định 2025-07-01)',
    en: 'first day of the list (default 2025-07-01)',
  },
  unverified: {
    vi: 'đánh dấu (?): chưa đối chiếu với văn bản',
    en: 'mark as (?): not held against the text',
  },
  noFile: (file: string): Bilingual => ({ vi: `Không có tệp ${file}.`, en: `There is no file ${file}.` }),
  noHead: (names: string): Bilingual => ({
    vi: `Không thấy dòng tiêu đề có các cột: ${names}.`,
    en: `There is no head with the columns: ${names}.`,
  }),
  badLines: (lines: string): Bilingual => ({
    vi: `Không hiểu dòng: ${lines}.`,
    en: `Not understood, lines: ${lines}.`,
  }),
  written: (communes: number, provinces: number): Bilingual => ({
    vi: `${communes} xã, phường, đặc khu của ${provinces} tỉnh, thành phố. Áp dụng: lienthong registry apply`,
    en: `${communes} communes of ${provinces} provinces. To apply: lienthong registry apply`,
  }),
} as const

/** Columns as the government's table names them. */
const COLUMNS = {
  province: 'Tỉnh, thành phố',
  name: 'Tên Xã mới',
  code: 'Mã Xã mới',
  formerName: 'Tên Xã cũ',
  formerCode: 'Mã Xã cũ',
  remark: 'Ghi chú',
  district: 'Quận/huyện',
  formerProvince: 'Tỉnh cũ',
} as const

/** What the table remarks, and what that says of a former commune. */
const PARTS: Readonly<Record<string, CommunePart>> = {
  'nhập toàn bộ': 'whole',
  'giữ nguyên': 'whole',
  'đổi tên': 'whole',
  'đổi loại hình': 'whole',
  'nhập một phần': 'some',
  'nhập một phần diện tích': 'land',
  'nhập một phần diện tích, toàn bộ dân số': 'people',
  'một phần diện tích, toàn bộ dân số': 'people',
}

const CODED = /^(.*\S)\s*\((\d{2,3})\)$/
const COMMUNE = /^\d{5}$/

type Row = Readonly<Record<keyof typeof COLUMNS, string>>

interface Draft {
  readonly name: string
  readonly formerly: Set<string>
  readonly communes: Map<string, { code: string; name: string; formerly: object[] }>
}

function rowsOf(csv: string): readonly { readonly line: number; readonly row: Row }[] {
  const lines = csv
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => (splitCsv(line, ',') ?? []).map((cell) => cell.normalize('NFC').trim()))
  const head = lines.findIndex((cells) => Object.values(COLUMNS).every((name) => cells.includes(name)))
  const names = lines[head]
  if (names === undefined) throw usageFault(TEXTS.noHead(Object.values(COLUMNS).join('; ')))
  const cellOf = (cells: readonly string[], name: string) => cells[names.indexOf(name)] ?? ''
  return lines.slice(head + 1).map((cells, index) => {
    const row = Object.entries(COLUMNS).map(([key, name]) => [key, cellOf(cells, name)])
    return { line: head + index + 2, row: Object.fromEntries(row) }
  })
}

/** @returns whether the row was understood. */
function take(row: Row, provinces: Map<string, Draft>): boolean {
  const [, province = '', id] = CODED.exec(row.province) ?? []
  const [, , district] = CODED.exec(row.district) ?? []
  const [, , former] = CODED.exec(row.formerProvince) ?? []
  const part = PARTS[row.remark.toLowerCase()]
  if (id === undefined || district === undefined || former === undefined || part === undefined) return false
  if (!COMMUNE.test(row.code) || !COMMUNE.test(row.formerCode)) return false
  const draft = provinces.get(id) ?? { name: province, formerly: new Set<string>(), communes: new Map() }
  const commune = draft.communes.get(row.code) ?? { code: row.code, name: row.name, formerly: [] }
  commune.formerly.push({ code: row.formerCode, name: row.formerName, district, province: former, part })
  provinces.set(id, draft)
  draft.communes.set(row.code, commune)
  draft.formerly.add(former)
  return true
}

/**
 * Reads the government's table: one row for each former commune and each commune of today it went into.
 * @throws CliFault with every line that is not understood.
 */
export function readUnits(csv: string, more: Pick<Province, 'from' | 'unverified'>): readonly Province[] {
  const provinces = new Map<string, Draft>()
  const wrong = rowsOf(csv)
    // A province's own head, an empty line.
    .filter(({ row }) => row.code !== '' || row.formerCode !== '')
    .filter(({ row }) => !take(row, provinces))
  if (wrong.length > 0) throw usageFault(TEXTS.badLines(wrong.map(({ line }) => line).join(', ')))
  return [...provinces].map(([id, { name, formerly, communes }]) => ({
    kind: 'Province',
    id,
    name,
    ...more,
    formerly: [...formerly].toSorted(),
    communes: [...communes.values()] as Province['communes'] & object,
  }))
}

interface ImportOptions {
  readonly out: string
  readonly from?: string
  readonly unverified?: boolean
}

async function importUnits(
  typed: string,
  options: ImportOptions,
  { terminal, outside }: Tools,
): Promise<ExitCode> {
  const file = resolve(outside.workingDirectory, typed)
  if (!existsSync(file)) throw usageFault(TEXTS.noFile(typed))
  const { from = '2025-07-01', unverified } = options
  const provinces = readUnits(readFileSync(file, 'utf8'), {
    from,
    ...(unverified === true && { unverified }),
  })
  const folder = resolve(outside.workingDirectory, options.out)
  mkdirSync(folder, { recursive: true })
  for (const province of provinces) {
    const name = join(folder, `${province.id}.yaml`)
    writeFileSync(name, stringify(province, { lineWidth: 0, aliasDuplicateObjects: false }))
    if (!terminal.json) terminal.result(join(options.out, `${province.id}.yaml`))
  }
  const communes = provinces.reduce((sum, { communes: its = [] }) => sum + its.length, 0)
  if (terminal.json) terminal.resultJson({ dir: folder, provinces: provinces.length, communes })
  terminal.talk(terminal.pick(TEXTS.written(communes, provinces.length)))
  return EXIT.ok
}

/** `lienthong registry import-units`: the table of 2025 as documents, to be applied like any other. */
export function defineUnits(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const importing = command
    .command('import-units')
    .summary(pick(TEXTS.summary))
    .description(pick(TEXTS.summary))
    .argument('<csv>', pick(TEXTS.file))
    .requiredOption('--out <dir>', pick(TEXTS.out))
    .option('--from <day>', pick(TEXTS.from))
    .option('--unverified', pick(TEXTS.unverified))
    .action(tools.act((file: string, options: ImportOptions) => importUnits(file, options, tools)))
  addGuide(importing, tools.terminal, {
    examples: [
      [
        'registry import-units bang-chuyen-doi.csv --out config/registry/provinces',
        { vi: 'cả nước, mỗi tỉnh một tệp', en: 'the whole country, one file a province' },
      ],
    ],
    json: '{ "dir", "provinces", "communes" }',
  })
}

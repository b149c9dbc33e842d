import { writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { openDevice } from '../credentials.ts'
import { REPORT_FORMATS, renderReport, reportManifest } from '../http/report-files.ts'
import { openKeyDirectory } from '../identity/keys.ts'
import { signManifest } from '../identity/manifest.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import { createFigures } from '../reporting/figures.ts'
import { createFormat } from '../reporting/format.ts'
import { DIVISIONS, type Division, KPIS } from '../reporting/kpi.ts'
import { createNames } from '../reporting/names.ts'
import { COMPARISONS, type Comparison, parsePeriod } from '../reporting/period.ts'
import { createReport, DIVISION_TITLES, type Report, reportSentence } from '../reporting/report.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../storage/database.ts'
import { createFigureStore } from '../storage/figures.ts'
import { createLogReader } from '../storage/log.ts'
import { createRegistryStore } from '../storage/registry.ts'
import { createAuditStore } from '../storage/reports.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { recordLocalReading } from './local-reading.ts'
import { withDatabase } from './open-database.ts'
import { requireSettings } from './settings-file.ts'
import { formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const FORMATS = ['table', ...REPORT_FORMATS] as const

const TEXTS = {
  period: {
    vi: 'kỳ: 2026, 2026-H1, 2026-Q3, 2026-11 hoặc 2026-11-22',
    en: 'period: 2026, 2026-H1, 2026-Q3, 2026-11 or 2026-11-22',
  },
  by: { vi: `chia theo: ${DIVISIONS.join(', ')}`, en: `divided by: ${DIVISIONS.join(', ')}` },
  compare: {
    vi: 'so với cùng kỳ năm trước, hoặc kỳ liền trước',
    en: 'against the same period last year, or the period right before',
  },
  format: { vi: 'dạng kết quả', en: 'form of the result' },
  out: {
    vi: 'ghi vào tệp; bên cạnh là <tệp>.jws, bản kê có chữ ký của cổng',
    en: "write to a file; beside it <file>.jws, a manifest with the gateway's signature",
  },
  public: {
    vi: 'để công bố: ô dưới 10 giao dịch không hiện',
    en: 'for publication: cells under 10 exchanges are left out',
  },
  columns: {
    vi: ['STT', 'Mã', 'Giao dịch', 'Kỳ gốc', 'Tăng, giảm', 'Thành công', 'Tên'],
    en: ['No.', 'Code', 'Exchanges', 'Base', 'Growth', 'Success', 'Name'],
  },
  total: { vi: 'Tổng số', en: 'Total' },
  written: (file: string): Bilingual => ({
    vi: `Đã ghi ${file} và bản kê có chữ ký ${file}.jws.`,
    en: `Written: ${file} and its signed manifest ${file}.jws.`,
  }),
  needsFile: { vi: 'Dạng xlsx cần --out <tệp>.', en: 'Format xlsx needs --out <file>.' },
} as const

interface ReportOptions {
  readonly period: string
  readonly by: Division
  readonly compare: Comparison
  readonly format: (typeof FORMATS)[number]
  readonly out?: string
  readonly public?: boolean
}

function table(report: Report, { terminal }: Tools): string {
  const { language, pick } = terminal
  const format = createFormat(language)
  const { figures, rows } = report
  const number = (value: number | undefined) => (value === undefined ? '…' : format.number(value))
  const lines = [
    ...rows.map((row, place) => [
      String(place + 1),
      row.key,
      number(row.exchanges),
      number(row.base),
      row.growth === undefined ? '…' : format.growth(row.growth),
      row.exchanges === undefined ? '…' : format.percent(row.success),
      row.name[language],
    ]),
    [
      '',
      '',
      format.number(figures.total.total),
      format.number(figures.baseTotal),
      format.growth(figures.growth),
      format.percent(figures.success),
      pick(TEXTS.total),
    ],
  ]
  const right = (text: string, width: number) => text.padStart(width)
  const widths = TEXTS.columns[language].map((title, column) =>
    Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)),
  )
  const aligned = lines.map((line) =>
    line.map((cell, column) => (column >= 2 && column <= 5 ? right(cell, widths[column] ?? 0) : cell)),
  )
  const [head = '', ...body] = formatTable(TEXTS.columns[language], aligned)
  const { closed, base } = figures
  const span = (from: string, until: string) => `${format.day(from)} … <${format.day(until)}`
  return [
    terminal.style('bold', pick(DIVISION_TITLES[report.by]), 'stdout'),
    terminal.style('bold', head, 'stdout'),
    ...body,
    '',
    reportSentence(report, language),
    `${pick(KPIS.growth.title)}: ${span(closed.from, closed.until)} / ${span(base.from, base.until)}.`,
  ].join('\n')
}

function render(report: Report, format: (typeof FORMATS)[number], tools: Tools): Promise<Buffer> {
  if (format === 'table') return Promise.resolve(Buffer.from(`${table(report, tools)}\n`))
  return renderReport(report, format)
}

async function compute(options: ReportOptions, database: Database, nowMs: number): Promise<Report> {
  const period = parsePeriod(options.period)
  if (period === undefined) {
    throw usageFault(
      { vi: `Không có kỳ “${options.period}”.`, en: `There is no period '${options.period}'.` },
      TEXTS.period,
    )
  }
  const { pool, url } = database
  const refuse = () => {
    throw new Error('counts need no tag')
  }
  const { count } = createAuditStore({ pool, openVault: refuse })
  const figures = await createFigures({ count, store: createFigureStore(pool), now: () => nowMs }).of(
    period,
    {},
    options.compare,
  )
  const { documents } = await createRegistryStore({ pool, url, log: () => {} }).current()
  const names = createNames({
    agencies: new Map(documents.agencies.map((each) => [each.code, each])),
    subsystems: new Map(documents.subsystems.map((each) => [each.id, each])),
    services: new Map<string, { document: Service }>(
      documents.services.map((document) => [document.id, { document }]),
    ),
  })
  return createReport({ figures, by: options.by, nameOf: names.of, suppressed: options.public === true })
}

interface Writing {
  readonly file: string
  readonly bytes: Buffer
  readonly query: Readonly<Record<string, unknown>>
  readonly nowMs: number
}

/** The manifest names the log's checkpoint that the figures were taken at, as exports of records do. */
async function writeSigned(
  { file, bytes, query, nowMs }: Writing,
  database: Database,
  settings: Settings,
): Promise<void> {
  const keys = await openKeyDirectory(
    join(settings.dataDir, 'keys/tokens'),
    openDevice(settings.tokens.pkcs11),
  )
  const { pool } = database
  const treeSize = await createAuditStore({
    pool,
    openVault: () => ({ open: () => Buffer.alloc(0) }),
  }).treeSize()
  const checkpoint = await createLogReader(pool).latestCheckpoint()
  const manifest = reportManifest(basename(file), bytes, { madeAtMs: nowMs, query, treeSize, checkpoint })
  await writeFile(file, bytes)
  await writeFile(`${file}.jws`, `${await signManifest(keys, nowMs, manifest)}\n`)
}

async function report(options: ReportOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const format = terminal.json ? 'json' : options.format
  if (format === 'xlsx' && options.out === undefined) throw usageFault(TEXTS.needsFile)
  const settings = requireSettings(tools)
  const file = options.out === undefined ? undefined : resolve(outside.workingDirectory, options.out)
  const nowMs = outside.now()
  await withDatabase(settings, tools, async (database) => {
    const made = await compute(options, database, nowMs)
    const { period, by, compare } = options
    const query = { report: period, by, compare, public: options.public === true }
    await recordLocalReading(database, settings, {
      found: made.rows.length,
      query,
      subject: undefined,
      nowMs,
    })
    const bytes = await render(made, format, tools)
    if (file === undefined) terminal.result(bytes.toString().trimEnd())
    else {
      await writeSigned({ file, bytes, query, nowMs }, database, settings)
      terminal.talk(terminal.pick(TEXTS.written(file)))
    }
  })
  return EXIT.ok
}

/** `lienthong report`: the figures that are published, from the log's exact counts. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  command
    .requiredOption('--period <period>', pick(TEXTS.period))
    .addOption(new Option('--by <division>', pick(TEXTS.by)).choices(DIVISIONS).default('province'))
    .addOption(
      new Option('--compare <with>', pick(TEXTS.compare)).choices(COMPARISONS).default('same-period'),
    )
    .addOption(new Option('--format <format>', pick(TEXTS.format)).choices(FORMATS).default('table'))
    .option('--out <file>', pick(TEXTS.out))
    .option('--public', pick(TEXTS.public))
    .action(tools.act((options: ReportOptions) => report(options, tools)))
  addGuide(command, tools.terminal, {
    examples: [
      [
        'report --period 2026-H1 --compare same-period --by province',
        { vi: 'nửa đầu năm, từng tỉnh', en: 'the first half-year, by province' },
      ],
      [
        'report --period 2026-Q3 --by service --format xlsx --out quy-3.xlsx',
        { vi: 'bảng tính có bản kê ký', en: 'a workbook with a signed manifest' },
      ],
    ],
    json: '{ "period", "closed", "base", "opening", "total": { "total", "growth", … }, "cumulative", "provinces", "rows": [ … ] }',
  })
}

import { writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { openDevice } from '../credentials.ts'
import { REPORT_FORMATS, renderForm, reportManifest } from '../http/report-files.ts'
import { openKeyDirectory } from '../identity/keys.ts'
import { signManifest } from '../identity/manifest.ts'
import type { Bilingual } from '../model/identifier.ts'
import { compileRegistry } from '../registry/snapshot.ts'
import { createFigures } from '../reporting/figures.ts'
import { cellText, FORM_IDS, FORMS, type Form, type FormId, isNumeric } from '../reporting/form.ts'
import { type AskedForm, createFormDesk } from '../reporting/form-desk.ts'
import { createFormat } from '../reporting/format.ts'
import { COMPARISONS, type Comparison, parsePeriod } from '../reporting/period.ts'
import type { Settings } from '../settings.ts'
import { createQualityStore } from '../storage/data-quality.ts'
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
  form: { vi: 'biểu số', en: 'form' },
  by: {
    vi: `chia theo: ${FORMS.exchanges.divisions.join(', ')}; cleaning: ${FORMS.cleaning.divisions.join(', ')}`,
    en: `divided by: ${FORMS.exchanges.divisions.join(', ')}; cleaning: ${FORMS.cleaning.divisions.join(', ')}`,
  },
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
  place: { vi: 'STT', en: 'No.' },
  written: (file: string): Bilingual => ({
    vi: `Đã ghi ${file} và bản kê có chữ ký ${file}.jws.`,
    en: `Written: ${file} and its signed manifest ${file}.jws.`,
  }),
  needsFile: { vi: 'Dạng xlsx cần --out <tệp>.', en: 'Format xlsx needs --out <file>.' },
} as const

interface ReportOptions {
  readonly form: FormId
  readonly period: string
  readonly by?: string
  readonly compare: Comparison
  readonly format: (typeof FORMATS)[number]
  readonly out?: string
  readonly public?: boolean
}

/** Columns of names come last: they are as wide as they like. */
function orderOf({ columns }: Form): readonly number[] {
  const printed = columns.flatMap(({ fileOnly }, place) => (fileOnly ? [] : [place]))
  const isName = (place: number) => columns[place]?.kind === 'name'
  return [...printed.filter((place) => !isName(place)), ...printed.filter(isName)]
}

function table(form: Form, { terminal }: Tools): string {
  const { language, pick } = terminal
  const format = createFormat(language)
  const { columns, rows, total, notes } = form
  const order = orderOf(form)
  const texts = (row: Form['rows'][number]) =>
    order.map((place) => cellText(row[place], columns[place]?.kind ?? 'text', format, language))
  const lines = [
    ...rows.map((row, place) => [String(place + 1), ...texts(row)]),
    ...(total ? [['', ...texts(total)]] : []),
  ]
  const titles = [pick(TEXTS.place), ...order.map((place) => pick(columns[place]?.title ?? TEXTS.place))]
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)),
  )
  const isRight = (at: number) => isNumeric({ kind: columns[order[at - 1] ?? -1]?.kind ?? 'text' })
  const aligned = lines.map((line) =>
    line.map((cell, at) => (isRight(at) ? cell.padStart(widths[at] ?? 0) : cell)),
  )
  const [head = '', ...body] = formatTable(titles, aligned)
  const { number, title } = FORMS[form.id]
  return [
    terminal.style('bold', `${number} ${pick(title)}`, 'stdout'),
    terminal.style('bold', head, 'stdout'),
    ...body,
    '',
    ...notes.map(pick),
  ].join('\n')
}

function render(form: Form, format: (typeof FORMATS)[number], tools: Tools): Promise<Buffer> {
  if (format === 'table') return Promise.resolve(Buffer.from(`${table(form, tools)}\n`))
  return renderForm(form, format)
}

/** @throws usage faults where there is no such period or division. */
function readAsked({ form, by, compare, ...options }: ReportOptions): AskedForm {
  const period = parsePeriod(options.period)
  if (period === undefined) {
    throw usageFault(
      { vi: `Không có kỳ “${options.period}”.`, en: `There is no period '${options.period}'.` },
      TEXTS.period,
    )
  }
  const divisions: readonly string[] = FORMS[form].divisions
  if (by !== undefined && !divisions.includes(by)) {
    throw usageFault(
      { vi: `Biểu ${form} không chia theo ${by}.`, en: `Form ${form} is not divided by ${by}.` },
      TEXTS.by,
    )
  }
  return { form, period, by: by ?? divisions[0], compare, agency: undefined, service: undefined }
}

async function compute(
  asked: AskedForm,
  {
    settings,
    database,
    nowMs,
  }: { readonly settings: Settings; readonly database: Database; readonly nowMs: number },
  suppressed: boolean,
): Promise<Form> {
  const { pool, url } = database
  const openVault = () => {
    throw new Error('counts need no tag')
  }
  const { count } = createAuditStore({ pool, openVault })
  const store = createFigureStore(pool)
  const now = () => nowMs
  const { documents, version } = await createRegistryStore({ pool, url, log: () => {} }).current()
  const compiled = compileRegistry(documents, { version, syntheticPersons: settings.sandbox })
  if ('faults' in compiled) throw new Error('the registry in force does not compile')
  const { explained, mended, checked } = settings.incidents.deadlines
  const desk = createFormDesk({
    figures: createFigures({ count, store, now }),
    count,
    store,
    quality: createQualityStore(pool),
    registry: () => compiled.registry,
    deadlines: [explained, mended, checked],
    weights: settings.bulk.qualityWeights,
    now,
  })
  return desk.make(asked, { suppressed })
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
  const asked = readAsked(options)
  await withDatabase(settings, tools, async (database) => {
    const made = await compute(asked, { settings, database, nowMs }, options.public === true)
    const { form, period, by, compare } = asked
    const query = {
      form,
      report: period.id,
      compare,
      public: options.public === true,
      ...(by !== undefined && { by }),
    }
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
    .addOption(new Option('--form <form>', pick(TEXTS.form)).choices(FORM_IDS).default('exchanges'))
    .option('--by <division>', pick(TEXTS.by))
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
      [
        'report --form cleaning --period 2026 --by unit',
        { vi: 'kết quả làm sạch dữ liệu theo đơn vị hành chính', en: 'data cleaning by administrative unit' },
      ],
      [
        'report --form tasks --period 2026',
        { vi: 'nhiệm vụ xong, đang làm, quá hạn', en: 'tasks done, in hand and late' },
      ],
    ],
    json: '{ "period", "closed", "base", "opening", "total": { "total", "growth", … }, "cumulative", "provinces", "rows": [ … ] }',
  })
}

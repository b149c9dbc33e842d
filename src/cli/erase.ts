import { text as readText } from 'node:stream/consumers'
import type { Command } from 'commander'
import {
  countRecords,
  type DueErasure,
  eraseDue,
  findSubject,
  type RetentionParts,
} from '../jobs/retention.ts'
import {
  dayInVietnam,
  type ErasureStore,
  heldMonths,
  type LeftCopy,
  type LegalHold,
} from '../ledger/retention.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../storage/database.ts'
import { createErasureStore } from '../storage/erasure.ts'
import { createRegistryStore } from '../storage/registry.ts'
import { createAuditStore } from '../storage/reports.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { openLocalVault, recordLocalReading } from './local-reading.ts'
import { withDatabase } from './open-database.ts'
import { requireSettings } from './settings-file.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  due: {
    vi: 'Xóa phần riêng của các bản ghi hết thời hạn lưu',
    en: 'Erase the private parts of records past retention',
  },
  month: {
    vi: 'Xóa phần riêng của mọi bản ghi của một tháng theo lệnh',
    en: "Erase the private parts of a whole month's records by order",
  },
  subject: {
    vi: 'Xóa điều cổng còn lưu về một người; đọc số định danh từ stdin',
    en: 'Erase what is kept of a person, whose identifier is read from stdin',
  },
  noIdentifier: { vi: 'Đưa số định danh vào stdin.', en: 'Give the identifier on stdin.' },
  noKey: {
    vi: 'Máy này không có khóa dữ liệu keys/data.key của cổng.',
    en: "This machine does not have the gateway's data key keys/data.key.",
  },
  subjectErased: (
    { records, copies }: { readonly records: number; readonly copies: number },
    isDry: boolean,
  ): Bilingual =>
    isDry
      ? {
          vi: `Sẽ xóa: ${records} bản ghi, ${copies} bản lưu tạm`,
          en: `Would erase: ${records} records, ${copies} kept copies`,
        }
      : {
          vi: `Đã xóa: ${records} bản ghi, ${copies} bản lưu tạm`,
          en: `Erased: ${records} records, ${copies} kept copies`,
        },
  left: ({ kind, id, until }: LeftCopy): Bilingual =>
    until === undefined
      ? {
          vi: `Còn đang xử lý, xóa khi xong: ${kind} ${id}`,
          en: `Under way, erased once it has ended: ${kind} ${id}`,
        }
      : {
          vi: `Tệp của nhiều người, tự xóa ${until.toISOString()}: ${kind} ${id}`,
          en: `A file of many people, gone by itself ${until.toISOString()}: ${kind} ${id}`,
        },
  erasedSpan: ({ levels, before, records }: DueErasure['spans'][number]): Bilingual => ({
    vi: `Đã xóa: ${records} bản ghi cấp độ ${levels.join(', ')} trước ${before}`,
    en: `Erased: ${records} records of level ${levels.join(', ')} before ${before}`,
  }),
  wouldSpan: ({ levels, before, records }: DueErasure['spans'][number]): Bilingual => ({
    vi: `Sẽ xóa: ${records} bản ghi cấp độ ${levels.join(', ')} trước ${before}`,
    en: `Would erase: ${records} records of level ${levels.join(', ')} before ${before}`,
  }),
  hold: {
    vi: 'Lệnh giữ lại: các tháng này không được hủy',
    en: 'Place a legal hold: these months are not destroyed',
  },
  release: { vi: 'Gỡ một lệnh giữ lại', en: 'Release a legal hold' },
  holds: { vi: 'Xem các lệnh giữ lại', en: 'Show the legal holds' },
  noHolds: { vi: 'Không có lệnh giữ lại nào.', en: 'There are no legal holds.' },
  dryRun: { vi: 'chỉ nói sẽ làm gì', en: 'only tell what would be done' },
  monthArgument: { vi: 'tháng yyyy-mm (UTC)', en: 'month yyyy-mm (UTC)' },
  by: { vi: 'cơ quan và văn bản ra lệnh', en: 'authority and document that order it' },
  id: { vi: 'số của lệnh', en: 'id of the hold' },
  from: { vi: 'từ tháng yyyy-mm', en: 'first month yyyy-mm' },
  to: { vi: 'đến hết tháng yyyy-mm', en: 'last month yyyy-mm' },
  until: { vi: 'ngày cuối của lệnh yyyy-mm-dd', en: 'last day of the hold yyyy-mm-dd' },
  nothing: { vi: 'Không có gì phải xóa.', en: 'There is nothing to erase.' },
  destroyed: (months: string): Bilingual => ({
    vi: `Đã xóa cả tháng: ${months}`,
    en: `Erased whole months: ${months}`,
  }),
  would: (months: string): Bilingual => ({
    vi: `Sẽ xóa cả tháng: ${months}`,
    en: `Would erase whole months: ${months}`,
  }),
  kept: (month: string, hold: string): Bilingual => ({
    vi: `Giữ lại ${month}: lệnh ${hold}`,
    en: `Kept ${month}: hold ${hold}`,
  }),
} as const

const MONTH = /^\d{4}-(?:0[1-9]|1[0-2])$/

function parseMonth(typed: string): string {
  if (MONTH.test(typed)) return typed
  throw usageFault({ vi: `“${typed}” không phải tháng yyyy-mm.`, en: `'${typed}' is no month yyyy-mm.` })
}

function parseDay(typed: string): string {
  const time = Date.parse(`${typed}T00:00:00Z`)
  if (Number.isFinite(time) && new Date(time).toISOString().slice(0, 10) === typed) return typed
  throw usageFault({ vi: `“${typed}” không phải ngày yyyy-mm-dd.`, en: `'${typed}' is no day yyyy-mm-dd.` })
}

/** Works on keys and holds, with settings and database at hand. */
function withStore<Result>(
  tools: Tools,
  work: (store: ErasureStore, at: { database: Database; settings: Settings }) => Promise<Result>,
): Promise<Result> {
  const settings = requireSettings(tools)
  return withDatabase(settings, tools, (database) =>
    work(createErasureStore(database.pool), { database, settings }),
  )
}

type At = { readonly store: ErasureStore; readonly database: Database; readonly settings: Settings }

/** What is erased is recorded first: what is gone without a record would be a loss nobody can explain. */
function recordErasure({ database, settings }: At, { outside }: Tools): RetentionParts['record'] {
  return ({ found, query }) =>
    recordLocalReading(database, settings, {
      erasure: 'erase',
      found,
      query,
      subject: undefined,
      nowMs: outside.now(),
    })
}

function told(erased: DueErasure, isDry: boolean): readonly Bilingual[] {
  const lines = [
    ...erased.kept.map(({ month, hold }) => TEXTS.kept(month, hold)),
    ...erased.spans.map((span) => (isDry ? TEXTS.wouldSpan(span) : TEXTS.erasedSpan(span))),
    ...(erased.months.length === 0
      ? []
      : [isDry ? TEXTS.would(erased.months.join(', ')) : TEXTS.destroyed(erased.months.join(', '))]),
  ]
  return erased.spans.length + erased.months.length === 0 ? [...lines, TEXTS.nothing] : lines
}

function show(erased: DueErasure, isDry: boolean, { terminal }: Tools): ExitCode {
  if (terminal.json) terminal.resultJson({ ...erased, dryRun: isDry })
  else for (const line of told(erased, isDry)) terminal.result(terminal.pick(line))
  return EXIT.ok
}

const presentMonth = ({ outside }: Tools) => new Date(outside.now()).toISOString().slice(0, 7)

async function due({ dryRun = false }: { readonly dryRun?: boolean }, tools: Tools): Promise<ExitCode> {
  const erased = await withStore(tools, async (store, { database, settings }) => {
    const { pool, url } = database
    const { documents } = await createRegistryStore({ pool, url, log: () => {} }).current()
    const parts: RetentionParts = {
      store,
      subsystems: () => documents.subsystems,
      days: settings.retention,
      record: recordErasure({ store, database, settings }, tools),
      now: tools.outside.now,
    }
    const done = await eraseDue(parts, dryRun, tools.outside.signal)
    if (!dryRun) {
      await store.rewrite(presentMonth(tools))
      await store.rewriteCopies()
    }
    return done
  })
  return show(erased, dryRun, tools)
}

async function eraseMonth(typed: string, { by }: { readonly by: string }, tools: Tools): Promise<ExitCode> {
  const month = parseMonth(typed)
  if (month >= presentMonth(tools)) {
    throw usageFault({ vi: 'Tháng này chưa hết.', en: 'That month has not ended.' })
  }
  const erased = await withStore(tools, async (store, at) => {
    const today = dayInVietnam(tools.outside.now())
    const there = (await store.keyMonths()).filter((each) => each === month)
    const kept = heldMonths(there, today, await store.holds())
    if (there.length === 0 || kept.length > 0) return { spans: [], months: [], kept }
    const record = recordErasure({ store, ...at }, tools)
    const exchange = await record({ found: 1, query: { class: 'months', months: there, order: by } })
    return { spans: [], months: await store.destroy(there, { by: exchange, today }), kept }
  })
  return show(erased, false, tools)
}

/** A person's own private parts, wherever no hold keeps them. */
async function eraseSubject(
  { by, dryRun = false }: { readonly by: string; readonly dryRun?: boolean },
  tools: Tools,
): Promise<ExitCode> {
  const { terminal, outside } = tools
  const identifier = (await readText(outside.stdin)).trim()
  if (identifier === '') throw usageFault(TEXTS.noIdentifier)
  const found = await withStore(tools, async (store, at) => {
    const vault = openLocalVault(at.settings)
    if (vault === undefined) throw usageFault(TEXTS.noKey)
    const { tagsOf } = createAuditStore({ pool: at.database.pool, openVault: () => vault })
    const today = dayInVietnam(outside.now())
    const { traces, kept } = await findSubject(store, await tagsOf('subject', identifier, {}), today)
    const records = countRecords(traces)
    if (dryRun || records === 0) {
      const { erased: copies, left } = await store.eraseCopies(traces, today, true)
      return { records, copies, left, kept }
    }
    const query = { class: 'subject', order: by }
    const exchange = await recordErasure({ store, ...at }, tools)({ found: records, query })
    const { erased: copies, left } = await store.eraseCopies(traces, today, false)
    const erased = await store.eraseTraces(traces, { by: exchange, today })
    await store.rewrite(presentMonth(tools))
    return { records: erased, copies, left, kept }
  })
  if (terminal.json) terminal.resultJson({ ...found, dryRun })
  else {
    for (const { month, hold } of found.kept) terminal.result(terminal.pick(TEXTS.kept(month, hold)))
    for (const left of found.left) terminal.result(terminal.pick(TEXTS.left(left)))
    terminal.result(terminal.pick(TEXTS.subjectErased(found, dryRun)))
  }
  return EXIT.ok
}

interface HoldOptions {
  readonly by: string
  readonly from: string
  readonly to: string
  readonly until: string
}

async function placeHold(id: string, options: HoldOptions, tools: Tools): Promise<ExitCode> {
  const hold: LegalHold = {
    id,
    authority: options.by,
    fromMonth: parseMonth(options.from),
    toMonth: parseMonth(options.to),
    untilDay: parseDay(options.until),
  }
  if (hold.toMonth < hold.fromMonth)
    throw usageFault({ vi: 'Tháng cuối trước tháng đầu.', en: 'The last month is before the first.' })
  await withStore(tools, async (store, { database, settings }) => {
    if (!(await store.place(hold)))
      throw usageFault({ vi: `Đã có lệnh ${id}.`, en: `There is a hold ${id} already.` })
    await recordLocalReading(database, settings, {
      erasure: 'hold',
      found: 1,
      query: { ...hold },
      subject: undefined,
      nowMs: tools.outside.now(),
    })
  })
  return EXIT.ok
}

async function releaseHold(id: string, { by }: { readonly by: string }, tools: Tools): Promise<ExitCode> {
  await withStore(tools, async (store, { database, settings }) => {
    const hold = (await store.holds()).find((each) => each.id === id)
    if (hold === undefined) throw usageFault({ vi: `Không có lệnh ${id}.`, en: `There is no hold ${id}.` })
    await recordLocalReading(database, settings, {
      erasure: 'release',
      found: 1,
      query: { id, authority: by },
      subject: undefined,
      nowMs: tools.outside.now(),
    })
    await store.release(id)
  })
  return EXIT.ok
}

async function showHolds(tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const holds = await withStore(tools, (store) => store.holds())
  if (terminal.json) terminal.resultJson({ holds })
  else if (holds.length === 0) terminal.talk(terminal.pick(TEXTS.noHolds))
  for (const { id, authority, fromMonth, toMonth, untilDay } of terminal.json ? [] : holds)
    terminal.result(`${id}  ${fromMonth} … ${toMonth}  ≤ ${untilDay}  ${authority}`)
  return EXIT.ok
}

/** `lienthong erase`: identifying keys destroyed by rule or order, held back by law, each a record of the log. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const add = (name: string, text: Bilingual) =>
    command.command(name).summary(pick(text)).description(pick(text))
  add('due', TEXTS.due)
    .option('--dry-run', pick(TEXTS.dryRun))
    .action(tools.act((options: { readonly dryRun?: boolean }) => due(options, tools)))
  add('subject', TEXTS.subject)
    .requiredOption('--by <authority>', pick(TEXTS.by))
    .option('--dry-run', pick(TEXTS.dryRun))
    .action(tools.act((options: { by: string; dryRun?: boolean }) => eraseSubject(options, tools)))
  add('month', TEXTS.month)
    .argument('<month>', pick(TEXTS.monthArgument))
    .requiredOption('--by <authority>', pick(TEXTS.by))
    .action(tools.act((month: string, options: { by: string }) => eraseMonth(month, options, tools)))
  add('hold', TEXTS.hold)
    .argument('<id>', pick(TEXTS.id))
    .requiredOption('--by <authority>', pick(TEXTS.by))
    .requiredOption('--from <month>', pick(TEXTS.from))
    .requiredOption('--to <month>', pick(TEXTS.to))
    .requiredOption('--until <day>', pick(TEXTS.until))
    .action(tools.act((id: string, options: HoldOptions) => placeHold(id, options, tools)))
  add('release', TEXTS.release)
    .argument('<id>', pick(TEXTS.id))
    .requiredOption('--by <authority>', pick(TEXTS.by))
    .action(tools.act((id: string, options: { by: string }) => releaseHold(id, options, tools)))
  add('holds', TEXTS.holds).action(tools.act(() => showHolds(tools)))
  addGuide(command, tools.terminal, {
    examples: [
      ['erase due --dry-run', { vi: 'những gì sẽ bị xóa', en: 'what would go' }],
      [
        'erase hold VA-12 --by "TAND, QĐ 12/2026" --from 2026-01 --to 2026-03 --until 2027-12-31',
        { vi: 'giữ lại theo lệnh của tòa', en: 'kept by order of a court' },
      ],
    ],
    json: '{ "spans": [ { "levels", "before", "records" } ], "months", "kept": [ { "month", "hold" } ], "dryRun" } · { "records", "copies", "left": [ { "kind", "id", "until" } ], "kept", "dryRun" } · { "holds" }',
  })
}

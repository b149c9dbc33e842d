import type { Command } from 'commander'
import { dayInVietnam, holdsOver, isPastRetention, type LegalHold } from '../ledger/retention.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../storage/database.ts'
import { createErasureStore, type ErasureStore } from '../storage/erasure.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { recordLocalReading } from './local-reading.ts'
import { withDatabase } from './open-database.ts'
import { requireSettings } from './settings-file.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  due: {
    vi: 'Hủy khóa nhãn của các tháng hết thời hạn',
    en: 'Destroy the tag keys of months past retention',
  },
  month: { vi: 'Hủy khóa nhãn của một tháng theo lệnh', en: "Destroy a month's tag keys by order" },
  hold: {
    vi: 'Lệnh giữ lại: các tháng này không được hủy',
    en: 'Place a legal hold: these months are not destroyed',
  },
  release: { vi: 'Gỡ một lệnh giữ lại', en: 'Release a legal hold' },
  holds: { vi: 'Xem các lệnh giữ lại', en: 'Show the legal holds' },
  dryRun: { vi: 'chỉ nói sẽ làm gì', en: 'only tell what would be done' },
  monthArgument: { vi: 'tháng yyyy-mm (UTC)', en: 'month yyyy-mm (UTC)' },
  by: { vi: 'cơ quan và văn bản ra lệnh', en: 'authority and document that order it' },
  id: { vi: 'số của lệnh', en: 'id of the hold' },
  from: { vi: 'từ tháng yyyy-mm', en: 'first month yyyy-mm' },
  to: { vi: 'đến hết tháng yyyy-mm', en: 'last month yyyy-mm' },
  until: { vi: 'ngày cuối của lệnh yyyy-mm-dd', en: 'last day of the hold yyyy-mm-dd' },
  nothing: { vi: 'Không có tháng nào phải hủy.', en: 'There is no month to destroy.' },
  destroyed: (months: string): Bilingual => ({ vi: `Đã hủy: ${months}`, en: `Destroyed: ${months}` }),
  would: (months: string): Bilingual => ({ vi: `Sẽ hủy: ${months}`, en: `Would destroy: ${months}` }),
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

interface Erasing {
  /** Of those that have a key; a hold keeps its own. */
  readonly picks: (month: string, settings: Settings) => boolean
  readonly rule: (settings: Settings) => string
  readonly dryRun: boolean
}

/** What is destroyed is recorded first: a key that is gone without a record would be a loss nobody can explain. */
async function erase({ picks, rule, dryRun }: Erasing, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const today = dayInVietnam(outside.now())
  const { destroyed, kept } = await withStore(tools, async (store, { database, settings }) => {
    const holds = await store.holds()
    const picked = (await store.keyMonths()).filter((month) => picks(month, settings))
    const free = picked.filter((month) => holdsOver(month, today, holds).length === 0)
    const held = picked.flatMap((month) =>
      holdsOver(month, today, holds).map(({ id }) => ({ month, hold: id })),
    )
    if (dryRun || free.length === 0) return { destroyed: free, kept: held }
    const by = await recordLocalReading(database, settings, {
      erasure: 'erase',
      found: free.length,
      query: { class: 'months', months: free, rule: rule(settings) },
      subject: undefined,
      nowMs: outside.now(),
    })
    return { destroyed: await store.destroy(free, { by, today }), kept: held }
  })
  if (terminal.json) terminal.resultJson({ destroyed, kept, dryRun })
  else {
    for (const { month, hold } of kept) terminal.result(terminal.pick(TEXTS.kept(month, hold)))
    const list = destroyed.join(', ')
    const said = dryRun ? TEXTS.would(list) : TEXTS.destroyed(list)
    terminal.result(terminal.pick(list === '' ? TEXTS.nothing : said))
  }
  return EXIT.ok
}

async function eraseMonth(typed: string, { by }: { readonly by: string }, tools: Tools): Promise<ExitCode> {
  const month = parseMonth(typed)
  if (month >= new Date(tools.outside.now()).toISOString().slice(0, 7)) {
    throw usageFault({ vi: 'Tháng này chưa hết.', en: 'That month has not ended.' })
  }
  return erase({ picks: (each) => each === month, rule: () => `order: ${by}`, dryRun: false }, tools)
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
  for (const { id, authority, fromMonth, toMonth, untilDay } of terminal.json ? [] : holds)
    terminal.result(`${id}  ${fromMonth} … ${toMonth}  ≤ ${untilDay}  ${authority}`)
  return EXIT.ok
}

/** `lienthong erase`: identifying keys destroyed by rule or order, held back by law, each a record of the log. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const add = (name: string, text: Bilingual) =>
    command
      .command(name)
      .summary(pick(text))
      .description(`${pick(text)}.`)
  add('due', TEXTS.due)
    .option('--dry-run', pick(TEXTS.dryRun))
    .action(
      tools.act(({ dryRun = false }: { readonly dryRun?: boolean }) =>
        erase(
          {
            picks: (month, { retention }) =>
              isPastRetention(month, retention.identifierMonths, tools.outside.now()),
            rule: ({ retention }) => `retention.identifierMonths = ${retention.identifierMonths}`,
            dryRun,
          },
          tools,
        ),
      ),
    )
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
      ['erase due --dry-run', { vi: 'những tháng sẽ bị hủy khóa', en: 'the months whose keys would go' }],
      [
        'erase hold VA-12 --by "TAND, QĐ 12/2026" --from 2026-01 --to 2026-03 --until 2027-12-31',
        { vi: 'giữ lại theo lệnh của tòa', en: 'kept by order of a court' },
      ],
    ],
    json: '{ "destroyed", "kept": [ { "month", "hold" } ], "dryRun" } · { "holds" }',
  })
}

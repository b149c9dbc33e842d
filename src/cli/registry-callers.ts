import type { Command } from 'commander'
import { deprecationSpan } from '../model/agreement.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import type { Connection } from '../reporting/figures.ts'
import { createFigureStore } from '../storage/figures.ts'
import { createRegistryStore } from '../storage/registry.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode } from './fault.ts'
import { withDatabase } from './open-database.ts'
import { requireSettings } from './settings-file.ts'
import { formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  summary: {
    vi: 'Ai còn gọi phiên bản dịch vụ sắp bỏ, lần cuối hôm nào, còn bao nhiêu ngày',
    en: 'Who still calls versions that are given up, when last, and the days left',
  },
  columns: {
    vi: ['Dịch vụ', 'Ngừng sau ngày', 'Còn (ngày)', 'Bên còn gọi', 'Liên hệ', 'Giao dịch', 'Lần cuối'],
    en: ['Service', 'Ends after', 'Days left', 'Still called by', 'Contact', 'Exchanges', 'Last'],
  },
  none: {
    vi: 'Danh bạ không có phiên bản nào sắp bỏ.',
    en: 'The registry has no version that is given up.',
  },
  nobody: { vi: 'không còn ai', en: 'nobody' },
} as const satisfies Record<string, Bilingual | Readonly<Record<'vi' | 'en', readonly string[]>>>

const DAY_MS = 86_400_000

interface CallerRow {
  readonly service: string
  readonly from: string
  readonly sunset: string | null
  readonly daysLeft: number | null
  readonly successor: string | null
  readonly callers: readonly {
    readonly consumer: string
    readonly contact: string | null
    /** Delivered since the version was announced to be given up or before; all that are counted. */
    readonly exchanges: number
    readonly lastDay: string
  }[]
}

interface Known {
  readonly services: readonly Service[]
  readonly connections: readonly Connection[]
  /** Whom to ring, by subsystem. */
  readonly contacts: ReadonlyMap<string, string>
}

/** Versions that are given up, the one that ends first at the top; of each whoever called it, the latest first. */
function callerRows({ services, connections, contacts }: Known, nowMs: number): readonly CallerRow[] {
  return services
    .flatMap(({ id, deprecation }) => (deprecation === undefined ? [] : [{ id, deprecation }]))
    .map(({ id, deprecation }): CallerRow & { readonly untilMs: number } => {
      const { untilMs } = deprecationSpan(deprecation)
      const callers = connections.flatMap(({ service, consumer, delivered, lastDelivered }) =>
        service === id && lastDelivered !== undefined
          ? [
              {
                consumer,
                contact: contacts.get(consumer) ?? null,
                exchanges: delivered,
                lastDay: lastDelivered,
              },
            ]
          : [],
      )
      return {
        service: id,
        from: deprecation.from,
        sunset: deprecation.sunset ?? null,
        daysLeft: Number.isFinite(untilMs) ? Math.ceil((untilMs - nowMs) / DAY_MS) : null,
        successor: deprecation.successor ?? null,
        callers: callers.toSorted((a, b) => b.lastDay.localeCompare(a.lastDay)),
        untilMs,
      }
    })
    .toSorted((a, b) => a.untilMs - b.untilMs)
    .map(({ untilMs: _, ...row }) => row)
}

async function tellCallers(tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const known = await withDatabase(requireSettings(tools), tools, async ({ pool, url }) => {
    const { documents } = await createRegistryStore({ pool, url, log: () => {} }).current()
    const { services, subsystems } = documents
    const contacts = new Map(subsystems.map(({ id, contact }) => [id as string, contact]))
    return { services, contacts, connections: await createFigureStore(pool).connections(undefined) }
  })
  const rows = callerRows(known, outside.now())
  if (terminal.json) {
    terminal.resultJson({ services: rows })
    return EXIT.ok
  }
  if (rows.length === 0) {
    terminal.talk(terminal.pick(TEXTS.none))
    return EXIT.ok
  }
  const cells = rows.flatMap(({ service, sunset, daysLeft, callers }) => {
    const head = [service, sunset ?? '–', daysLeft === null ? '–' : String(daysLeft)]
    if (callers.length === 0) return [[...head, terminal.pick(TEXTS.nobody), '–', '0', '–']]
    return callers.map(({ consumer, contact, exchanges, lastDay }) => [
      ...head,
      consumer,
      contact ?? '–',
      String(exchanges),
      lastDay,
    ])
  })
  for (const line of formatTable(TEXTS.columns[terminal.language], cells)) terminal.result(line)
  return EXIT.ok
}

/** `lienthong registry callers`: whom to ring before a version ends. Counts are the log's own. */
export function defineCallers(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const callers = command
    .command('callers')
    .summary(pick(TEXTS.summary))
    .description(pick(TEXTS.summary))
    .action(tools.act(() => tellCallers(tools)))
  addGuide(callers, tools.terminal, {
    examples: [
      ['registry callers', { vi: 'gọi điện cho ai trước khi bỏ', en: 'whom to ring before it ends' }],
    ],
    json: '{ "services": [ { "service", "from", "sunset", "daysLeft", "successor",\n  "callers": [ { "consumer", "contact", "exchanges", "lastDay" } ] } ] }',
  })
}

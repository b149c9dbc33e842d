import type { Command } from 'commander'
import { validSpan } from '../model/agreement.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Service } from '../model/party.ts'
import { type HubMove, lastMoves } from '../registry/hub-moves.ts'
import { createRegistryStore, readHubVersions } from '../storage/registry.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode } from './fault.ts'
import { withDatabase } from './open-database.ts'
import { requireSettings } from './settings-file.ts'
import { formatInstant, formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  summary: {
    vi: 'Mỗi dịch vụ đi qua trục nào, đến bao giờ: cái gì đã chuyển từ đâu, lúc nào, cái gì chưa',
    en: 'By which hub each service is reached, and until when: what has moved from where and when, what has not',
  },
  columns: {
    vi: ['Trục', 'Đến hết ngày', 'Còn (ngày)', 'Giao thức', 'Chuyển từ', 'Lúc (UTC+7)', 'Dịch vụ'],
    en: ['Hub', 'Until', 'Days left', 'Protocol', 'Moved from', 'At (UTC+7)', 'Service'],
  },
  none: { vi: 'không qua trục', en: 'no hub' },
  ends: (ending: number, moved: number): Bilingual => ({
    vi: `${ending} dịch vụ còn đi qua trục có ngày kết thúc; ${moved} dịch vụ đã chuyển trục.`,
    en: `${ending} services are still reached by a hub that ends; ${moved} have moved.`,
  }),
} as const

interface HubRow {
  readonly service: string
  /** `null`: its provider is reached without a hub. */
  readonly hub: string | null
  readonly protocol: string | null
  readonly until: string | null
  readonly daysLeft: number | null
  /** Its last move from one hub to another, or to none; `null` where it has not moved. */
  readonly moved: HubMove | null
}

const DAY_MS = 86_400_000

/** Those whose way ends first come first; those that are reached without a hub, or by one without end, last. */
function hubRows(
  services: readonly Service[],
  moves: ReadonlyMap<string, HubMove>,
  nowMs: number,
): readonly HubRow[] {
  const rows = services.map(({ id, binding }): HubRow => {
    const { name = null, protocol = null, until = null } = binding?.hub ?? {}
    const untilMs = until === null ? undefined : validSpan({ from: until, until }).untilMs
    const daysLeft = untilMs === undefined ? null : Math.floor((untilMs - nowMs) / DAY_MS)
    return { service: id, hub: name, protocol, until, daysLeft, moved: moves.get(id) ?? null }
  })
  const orderOf = ({ until, hub, service }: HubRow) => `${until ?? '9999'} ${hub ?? '~'} ${service}`
  return rows.toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1))
}

async function hubs(tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const { current, versions } = await withDatabase(requireSettings(tools), tools, async ({ pool, url }) => ({
    current: await createRegistryStore({ pool, url, log: () => {} }).current(),
    versions: await readHubVersions(pool),
  }))
  const rows = hubRows(current.documents.services, lastMoves(versions), outside.now())
  if (terminal.json) {
    terminal.resultJson({ version: current.version, services: rows })
    return EXIT.ok
  }
  const none = terminal.pick(TEXTS.none)
  const cells = rows.map(({ hub, until, daysLeft, protocol, moved, service }) => [
    hub ?? '–',
    until ?? '–',
    daysLeft === null ? '–' : String(daysLeft),
    protocol ?? '–',
    moved === null ? '–' : (moved.from ?? none),
    moved === null ? '–' : formatInstant(moved.at),
    service,
  ])
  for (const line of formatTable(TEXTS.columns[terminal.language], cells)) terminal.result(line)
  const ending = rows.filter(({ until }) => until !== null).length
  const moved = rows.filter((row) => row.moved !== null).length
  terminal.talk(terminal.pick(TEXTS.ends(ending, moved)))
  return EXIT.ok
}

/** `lienthong registry hubs`: how far the move from one national hub to the next has come. */
export function defineHubs(command: Command, tools: Tools): void {
  const { terminal } = tools
  const summary = terminal.pick(TEXTS.summary)
  const listing = command
    .command('hubs')
    .summary(summary)
    .description(summary)
    .action(tools.act(() => hubs(tools)))
  addGuide(listing, terminal, {
    examples: [
      [
        'registry hubs',
        { vi: 'trục nào hết hạn trước, dịch vụ nào đã chuyển', en: 'which hub ends first, what has moved' },
      ],
    ],
    json: '{ "version", "services": [ { "service", "hub", "protocol", "until", "daysLeft", "moved": { "from", "at", "by" } } ] }',
  })
}

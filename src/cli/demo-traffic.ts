import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { JWK } from 'jose'
import { errorEntry } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import { createFormat } from '../reporting/format.ts'
import { createCountry } from '../sandbox/country.ts'
import { createHappenings } from '../sandbox/happenings.ts'
import { type ConsumerClient, createConsumerClient } from './client.ts'
import { createAsking, keepGoing, type Pace } from './demo-asking.ts'
import { findDemoFolder, noDemo } from './demo-control.ts'
import { createPublisher } from './event-client.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { requireSettings } from './settings-file.ts'
import { outcomeWords } from './state-words.ts'
import { formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  traffic: {
    vi: 'hỏi cổng đang chạy như các hệ thống một cửa vẫn hỏi',
    en: 'ask the running demo as one-stop systems do',
  },
  events: {
    vi: 'các cơ quan thử công bố sự kiện: khai sinh, khai tử, cư trú, thửa đất, hải quan …',
    en: 'let its agencies tell of births, deaths, residences, parcels, customs declarations …',
  },
  rate: {
    vi: 'trung bình mỗi giây (mặc định 10, nhiều nhất 200)',
    en: 'a second on average (default 10, at most 200)',
  },
  for: {
    vi: 'trong bao lâu, ví dụ 30s, 10m, 1h (mặc định 60s)',
    en: 'for how long, say 30s, 10m, 1h (default 60s)',
  },
  shape: {
    vi: 'flat: đều; day: một ngày làm việc thu nhỏ; week: một tuần (mặc định flat)',
    en: 'flat: always alike; day: a working day in miniature; week: seven days (default flat)',
  },
  seed: {
    vi: 'mầm: cùng mầm thì cùng nội dung (mặc định 1)',
    en: 'the same seed gives the same (default 1)',
  },
  badRate: { vi: '--rate là số từ 0.1 đến 200.', en: '--rate is a number from 0.1 to 200.' },
  badFor: { vi: '--for là 1s đến 1h.', en: '--for is 1s to 1h.' },
  badShape: { vi: '--shape là flat, day hoặc week.', en: '--shape is flat, day or week.' },
  badSeed: { vi: '--seed là số nguyên không âm.', en: '--seed is a whole number from 0 up.' },
  head: { vi: ['Kết quả', 'Số lượng'], en: ['Outcome', 'Count'] },
  lost: { vi: 'thất lạc', en: 'lost' },
  unreachable: { vi: 'không tới được cổng', en: 'unreachable' },
  summed: (count: string, rate: string, p50: number, p95: number) => ({
    vi: `${count} lượt, ${rate}/giây, trung vị ${p50} ms, 95 % dưới ${p95} ms`,
    en: `${count} in all, ${rate}/s, median ${p50} ms, 95 % below ${p95} ms`,
  }),
} as const

interface RunOptions {
  readonly rate?: string
  readonly for?: string
  readonly shape?: string
  readonly seed?: string
}

interface Plan extends Pace {
  readonly seed: number
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

function planOf({
  rate: typedRate = '10',
  for: span = '60s',
  shape = 'flat',
  seed: typedSeed = '1',
}: RunOptions): Plan {
  const rate = Number(typedRate)
  if (!(rate >= 0.1 && rate <= 200)) throw usageFault(TEXTS.badRate)
  const [, count, unit = ''] = /^(\d{1,5})([smh])$/.exec(span) ?? []
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? 0)
  if (!(seconds >= 1 && seconds <= 3600)) throw usageFault(TEXTS.badFor)
  if (shape !== 'flat' && shape !== 'day' && shape !== 'week') throw usageFault(TEXTS.badShape)
  if (!/^\d{1,9}$/.test(typedSeed)) throw usageFault(TEXTS.badSeed)
  return { rate, seconds, shape, seed: Number(typedSeed) }
}

/** The running demo's parties, each with its key; tokens are got once for each address. */
function openParties(tools: Tools): (party: string, resource?: string) => ConsumerClient {
  const { outside, terminal } = tools
  const folder = findDemoFolder(requireSettings(tools).dataDir)
  if (folder === undefined) throw noDemo()
  const { gateway } = JSON.parse(readFileSync(join(folder, 'control.json'), 'utf8'))
  const keys: Readonly<Record<string, JWK>> = JSON.parse(readFileSync(join(folder, 'parties.json'), 'utf8'))
  const clients = new Map<string, ConsumerClient>()
  return (party, resource) => {
    const name = `${party} ${resource}`
    const known = clients.get(name)
    if (known !== undefined) return known
    const privateJwk = keys[party]
    if (privateJwk === undefined) throw new Error(`the demo has no key of ${party}`)
    const { language } = terminal
    const { signal, now } = outside
    const client = createConsumerClient({
      ...{ gatewayUrl: String(gateway), clientId: party, privateJwk, resource, language, signal, now },
    })
    clients.set(name, client)
    return client
  }
}

/** How one after the other ended, and how long each took. */
async function measure(plan: Plan, act: (place: number) => Promise<string>, { outside }: Tools) {
  const outcomes = new Map<string, number>()
  const times: number[] = []
  const ended = (outcome: string, ms: number | undefined) => {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (ms !== undefined) times.push(ms)
  }
  const seconds = await keepGoing(plan, act, { signal: outside.signal, ended })
  return { outcomes, times: times.sort((a, b) => a - b), seconds }
}

type Run = Awaited<ReturnType<typeof measure>>

/** How a run's requests ended: delivered, one of the traffic's own ends, or an error's title and code. */
function endWords(end: string): Bilingual {
  const { lost, unreachable } = TEXTS
  const own: Readonly<Record<string, Bilingual>> = { lost, unreachable }
  const error = errorEntry(end)
  if (error === undefined) return own[end] ?? outcomeWords(end)
  return { vi: `${error.title.vi} (${end})`, en: `${error.title.en} (${end})` }
}

function tell({ outcomes, times, seconds }: Run, { terminal }: Tools): ExitCode {
  const at = (share: number) => Math.round(times[Math.floor(times.length * share)] ?? 0)
  const rate = Math.round((times.length / seconds) * 10) / 10
  const sorted = [...outcomes].sort(([, a], [, b]) => b - a)
  if (terminal.json) {
    const summary = { count: times.length, perSecond: rate, p50Ms: at(0.5), p95Ms: at(0.95) }
    terminal.resultJson({ ...summary, outcomes: Object.fromEntries(sorted) })
  } else {
    const { number } = createFormat(terminal.language)
    const rows = sorted.map(([outcome, count]) => [terminal.pick(endWords(outcome)), number(count)])
    for (const line of formatTable(TEXTS.head[terminal.language], rows)) terminal.result(line)
    terminal.talk(terminal.pick(TEXTS.summed(number(times.length), number(rate, 1), at(0.5), at(0.95))))
  }
  if (outcomes.has('lost')) return EXIT.failed
  return outcomes.size === 1 && outcomes.has('unreachable') ? EXIT.unreachable : EXIT.ok
}

async function traffic(options: RunOptions, tools: Tools): Promise<ExitCode> {
  const plan = planOf(options)
  const act = createAsking(openParties(tools), plan.seed, tools.outside.newId)
  return tell(await measure(plan, act, tools), tools)
}

async function events(options: RunOptions, tools: Tools): Promise<ExitCode> {
  const plan = planOf(options)
  const { outside } = tools
  const clientOf = openParties(tools)
  const at = createHappenings(createCountry(), plan.seed)
  const act = async (place: number) => {
    const time = new Date(outside.now()).toISOString()
    const { provider, service, type, data } = at(place, time.slice(0, 10))
    const publish = createPublisher(clientOf(provider, '/events'), service, outside)
    const event = { specversion: '1.0', id: outside.newId(), source: `/${provider}`, type, time, data }
    const { outcome, code } = await publish(event)
    return outcome === 'refused' ? String(code) : type
  }
  return tell(await measure(plan, act, tools), tools)
}

/** `lienthong demo traffic` and `events`: something to look at in console and dashboards. */
export function defineTraffic(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  for (const [name, work] of [
    ['traffic', traffic],
    ['events', events],
  ] as const) {
    command
      .command(name)
      .description(pick(TEXTS[name]))
      .option('--rate <n>', pick(TEXTS.rate))
      .option('--for <time>', pick(TEXTS.for))
      .option('--shape <name>', pick(TEXTS.shape))
      .option('--seed <n>', pick(TEXTS.seed))
      .action(tools.act((options: RunOptions) => work(options, tools)))
  }
}

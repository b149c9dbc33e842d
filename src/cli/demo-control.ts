import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Bilingual } from '../model/identifier.ts'
import { AGENCY_NAMES } from '../sandbox/agencies.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import { CliFault, EXIT, type ExitCode, usageFault } from './fault.ts'
import { requireSettings } from './settings-file.ts'
import { pad } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  break: {
    vi: 'làm hỏng một cơ quan của bản trình diễn đang chạy',
    en: 'break an agency of the running demo',
  },
  heal: { vi: 'cho một cơ quan, hoặc tất cả, chạy lại', en: 'mend one agency, or all' },
  clock: { vi: 'xem hoặc đưa đồng hồ của cổng đi tới', en: "show the gateway's clock, or move it on" },
  agency: { vi: 'tên cơ quan', en: 'name of the agency' },
  how: {
    vi: 'down, slow, garbage hoặc error (mặc định down)',
    en: 'down, slow, garbage or error (default down)',
  },
  advance: { vi: 'thời gian, ví dụ 90s, 2h, 30d', en: 'by so much, say 90s, 2h, 30d' },
  management: {
    vi: 'địa chỉ cổng quản trị (mặc định của bản trình diễn đang chạy)',
    en: "the management listener's address (default: the running demo's)",
  },
  noDemo: { vi: 'Không có bản trình diễn nào đang chạy.', en: 'No demo is running.' },
  noDemoFix: { vi: 'Chạy trước: lienthong demo', en: 'Start one first: lienthong demo' },
  badAdvance: { vi: 'Viết số và đơn vị s, m, h hoặc d.', en: 'Write a number and s, m, h or d.' },
  noAgency: (name: string) => ({
    vi: `Không có cơ quan “${name}”. Có: ${AGENCY_NAMES.join(', ')}.`,
    en: `There is no agency '${name}'. There are: ${AGENCY_NAMES.join(', ')}.`,
  }),
  works: (count: number) => ({ vi: `${count} cơ quan chạy bình thường`, en: `${count} agencies work` }),
  next: {
    vi: 'Xem /readyz?verbose, cảnh báo ở Prometheus, trang Trạng thái; rồi: lienthong demo heal',
    en: 'See /readyz?verbose, the alerts in Prometheus, the status page; then: lienthong demo heal',
  },
  badHow: { vi: '--how là down, slow, garbage hoặc error.', en: '--how is down, slow, garbage or error.' },
  told: (now: string, seconds: number) => ({
    vi: `${now} (đã đi trước ${seconds} giây)`,
    en: `${now} (${seconds} s ahead)`,
  }),
} as const

interface ControlOptions {
  readonly management?: string
  readonly how?: string
  readonly advance?: string
}

const NAME_WIDTH = 20
const STATES: Readonly<Record<string, Bilingual>> = {
  down: { vi: 'down: không trả lời', en: 'down: does not answer' },
  slow: { vi: 'slow: chậm', en: 'slow' },
  garbage: { vi: 'garbage: trả lời sai hợp đồng', en: 'garbage: answers against its contract' },
  error: { vi: 'error: báo lỗi', en: 'error: answers with errors' },
}
const MODES: ReadonlySet<string> = new Set(['down', 'slow', 'garbage', 'error'])
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** The folder of a demo that runs now: only such a one keeps its address there. */
export function findDemoFolder(dataDir: string): string | undefined {
  if (!existsSync(dataDir)) return undefined
  return readdirSync(dataDir)
    .filter((name) => /^demo(?:-\d+)?$/.test(name))
    .sort()
    .map((name) => join(dataDir, name))
    .find((folder) => existsSync(join(folder, 'control.json')))
}

/** What is said where no demo is found. */
export function noDemo(): CliFault {
  return new CliFault(EXIT.unreachable, 'demo_not_running', {
    title: TEXTS.noDemo,
    side: 'you',
    fix: TEXTS.noDemoFix,
  })
}

function managementOf({ management }: ControlOptions, tools: Tools): string {
  if (management !== undefined) return management
  const folder = findDemoFolder(requireSettings(tools).dataDir)
  if (folder === undefined) throw noDemo()
  const control: unknown = JSON.parse(readFileSync(join(folder, 'control.json'), 'utf8'))
  return isMembers(control) ? String(control['management']) : ''
}

async function ask(url: string, body?: object): Promise<Members> {
  const reply = await fetch(url, {
    ...(body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  }).catch((cause: unknown) => {
    throw Object.assign(noDemo(), { cause })
  })
  const answer: unknown = await reply.json()
  if (reply.ok && isMembers(answer)) return answer
  const said = isMembers(answer) ? answer['detail'] : undefined
  const detail = typeof said === 'string' ? said : `${url}: ${reply.status}`
  throw new CliFault(EXIT.failed, 'sandbox_refuses', {
    title: { vi: 'Cổng không nhận', en: 'The gateway refuses' },
    detail: { vi: detail, en: detail },
    side: 'you',
  })
}

function tellAgencies(answer: Members, { terminal }: Tools): ExitCode {
  const { agencies } = answer
  if (terminal.json || !isMembers(agencies)) terminal.resultJson(answer)
  else {
    const broken = Object.entries(agencies).filter(([, mode]) => mode !== 'works')
    for (const [name, mode] of broken) {
      const words = STATES[String(mode)] ?? { vi: String(mode), en: String(mode) }
      terminal.result(`${pad(name, NAME_WIDTH)}${terminal.style('red', terminal.pick(words), 'stdout')}`)
    }
    terminal.result(terminal.pick(TEXTS.works(Object.keys(agencies).length - broken.length)))
    if (broken.length > 0) terminal.talk(terminal.pick(TEXTS.next))
  }
  return EXIT.ok
}

function assertAgency(name: string): void {
  if (!AGENCY_NAMES.some((known) => known === name)) throw usageFault(TEXTS.noAgency(name))
}

async function breakAgency(name: string, options: ControlOptions, tools: Tools): Promise<ExitCode> {
  const { how: mode = 'down' } = options
  assertAgency(name)
  if (!MODES.has(mode)) throw usageFault(TEXTS.badHow)
  return tellAgencies(await ask(`${managementOf(options, tools)}/sandbox/agencies/${name}`, { mode }), tools)
}

async function heal(name: string | undefined, options: ControlOptions, tools: Tools): Promise<ExitCode> {
  if (name !== undefined) assertAgency(name)
  const url = `${managementOf(options, tools)}/sandbox/agencies`
  let answer = await ask(url)
  for (const each of name === undefined ? AGENCY_NAMES : [name]) {
    answer = await ask(`${url}/${each}`, { mode: 'works' })
  }
  return tellAgencies(answer, tools)
}

async function clock(options: ControlOptions, tools: Tools): Promise<ExitCode> {
  const url = `${managementOf(options, tools)}/sandbox/clock`
  const [, count, unit = ''] = /^(\d{1,8})([smhd])$/.exec(options.advance ?? '') ?? []
  if (options.advance !== undefined && count === undefined) throw usageFault(TEXTS.badAdvance)
  const by = unit === 'd' ? { days: Number(count) } : { seconds: Number(count) * (UNIT_SECONDS[unit] ?? 0) }
  const told = count === undefined ? await ask(url) : await ask(url, by)
  const { terminal } = tools
  if (terminal.json) terminal.resultJson(told)
  else terminal.result(terminal.pick(TEXTS.told(String(told['now']), Number(told['advancedSeconds']))))
  return EXIT.ok
}

/** `lienthong demo break`, `heal` and `clock`: what whoever shows a running demo does to it. */
export function defineControl(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const sub = (name: 'break' | 'heal' | 'clock') =>
    command.command(name).description(pick(TEXTS[name])).option('--management <url>', pick(TEXTS.management))
  sub('break')
    .argument('<agency>', pick(TEXTS.agency))
    .option('--how <mode>', pick(TEXTS.how))
    .action(tools.act((name: string, options: ControlOptions) => breakAgency(name, options, tools)))
  sub('heal')
    .argument('[agency]', pick(TEXTS.agency))
    .action(tools.act((name: string | undefined, options: ControlOptions) => heal(name, options, tools)))
  sub('clock')
    .option('--advance <time>', pick(TEXTS.advance))
    .action(tools.act((options: ControlOptions) => clock(options, tools)))
}

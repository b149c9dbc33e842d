import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import {
  APPLICATION_ACT_TITLES,
  APPLICATION_STATE_TITLES,
  type ApplicationAct,
  type SigningAct,
} from '../model/application.ts'
import type { Bilingual } from '../model/identifier.ts'
import { parseYaml } from '../registry/yaml-source.ts'
import { defineSigning } from './application-signing.ts'
import type { ConsumerClient } from './client.ts'
import { addConsumerOptions, type ConsumerOptions, DEFAULT_MANAGEMENT, openReader } from './consumer.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { requireMembers } from './refusal.ts'
import { formatInstant, formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  management: {
    vi: `địa chỉ cổng quản trị (mặc định ${DEFAULT_MANAGEMENT})`,
    en: `address of the management listener (default ${DEFAULT_MANAGEMENT})`,
  },
  file: {
    vi: 'Nộp đề nghị: loại, thỏa thuận mong muốn, giấy tờ, kết quả kiểm tra',
    en: 'File an application: its class, the agreement wished for, papers, conformance',
  },
  list: { vi: 'Các đề nghị, đến hạn trước đứng trước', en: 'Applications, those due first at the head' },
  show: { vi: 'Một đề nghị và mọi quyết định về nó', en: 'One application and all that was decided on it' },
  supplement: {
    vi: 'Bổ sung: gửi lại cả hồ sơ',
    en: 'Supply what was asked for: the whole application anew',
  },
  withdraw: { vi: 'Rút đề nghị', en: 'Take an application back' },
  ask: { vi: 'Yêu cầu bổ sung (thẩm định)', en: 'Ask for what is missing (appraiser)' },
  approve: { vi: 'Phê duyệt (thẩm định)', en: 'Approve (appraiser)' },
  refuse: { vi: 'Từ chối, nêu căn cứ (thẩm định)', en: 'Refuse, on a legal ground (appraiser)' },
  agreement: {
    vi: 'In thỏa thuận đã duyệt, để đưa vào danh bạ',
    en: 'Print the agreement of an approved application, for the registry',
  },
  source: { vi: 'tệp YAML hoặc JSON của đề nghị', en: 'YAML or JSON file of the application' },
  number: { vi: 'số đề nghị, ví dụ DN-000007', en: 'its number, say DN-000007' },
  conformance: {
    vi: 'tệp kết quả của lienthong check consumer --json',
    en: 'file with the result of lienthong check consumer --json',
  },
  state: {
    vi: 'chỉ ở trạng thái: filed, incomplete, approved, refused, withdrawn',
    en: 'only in this state: filed, incomplete, approved, refused, withdrawn',
  },
  id: { vi: 'số của thỏa thuận, ví dụ TT-2026-401', en: 'id of the agreement, say TT-2026-401' },
  reason: { vi: 'lý do, hoặc còn thiếu gì', en: 'why, or what is missing' },
  legalBasis: { vi: 'căn cứ pháp lý trong danh bạ', en: 'legal basis, of the registry' },
  noFile: (file: string): Bilingual => ({ vi: `Không có tệp ${file}.`, en: `There is no file ${file}.` }),
  badFile: (file: string): Bilingual => ({
    vi: `${file} không phải một đối tượng YAML hay JSON.`,
    en: `${file} is no YAML or JSON object.`,
  }),
  notApproved: { vi: 'Đề nghị này chưa được phê duyệt.', en: 'This application is not approved.' },
  columns: {
    vi: ['Số', 'Trạng thái', 'Hạn thẩm định', 'Bên khai thác', 'Dịch vụ'],
    en: ['Number', 'State', 'Due', 'Consumer', 'Service'],
  },
  signedBy: { vi: 'Ký số:', en: 'Signed by' },
  overdue: { vi: 'QUÁ HẠN', en: 'OVERDUE' },
} as const

interface ApplicationOptions extends ConsumerOptions {
  readonly management?: string
}

const ROOT = '/audit/applications'

function open(options: ApplicationOptions, tools: Tools): ConsumerClient {
  return openReader(options, tools, { resource: '/audit' }).client
}

async function send(client: ConsumerClient, path: string, body?: object): Promise<Members> {
  const json = { 'content-type': 'application/json' }
  const method = body === undefined ? 'GET' : 'POST'
  const sent = body !== undefined && { headers: json, body: JSON.stringify(body) }
  return requireMembers(await client.request({ method, path: ROOT + path, ...sent }))
}

function readObject(typed: string, { outside }: Tools): Members {
  const file = resolve(outside.workingDirectory, typed)
  if (!existsSync(file)) throw usageFault(TEXTS.noFile(typed))
  const [source, ...more] = parseYaml(readFileSync(file, 'utf8'))
  const value = source?.faults.length === 0 && more.length === 0 ? source.value : undefined
  if (!isMembers(value)) throw usageFault(TEXTS.badFile(typed))
  return value
}

interface FileOptions extends ApplicationOptions {
  readonly conformance?: string
}

function readApplication(file: string, { conformance }: FileOptions, tools: Tools): object {
  const attached = conformance === undefined ? {} : { conformance: readObject(conformance, tools) }
  return { ...readObject(file, tools), ...attached }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function named(table: Readonly<Record<string, Bilingual>>, key: unknown, { terminal }: Tools): string {
  const name = table[text(key)]
  return name === undefined ? text(key) : terminal.pick(name)
}

function dueOf({ dueAt, isOverdue }: Members, { terminal }: Tools): string {
  if (typeof dueAt !== 'string') return '–'
  // The last day itself, not the midnight after it.
  const day = formatInstant(Date.parse(dueAt) - 1).slice(0, 10)
  return isOverdue === true ? `${day} ${terminal.style('red', terminal.pick(TEXTS.overdue), 'stdout')}` : day
}

function tell(told: Members, tools: Tools): ExitCode {
  const { terminal } = tools
  if (terminal.json) terminal.resultJson(told)
  else {
    const { number, state, consumer, service, events, decision } = told
    terminal.result(
      `${text(number)}  ${named(APPLICATION_STATE_TITLES, state, tools)}  ${dueOf(told, tools)}`,
    )
    terminal.result(`${text(consumer)} → ${text(service)}`)
    for (const event of Array.isArray(events) ? events : []) {
      if (!isMembers(event)) continue
      const { act, at, by, legalBasis, agreement, reason, approver } = event
      const said = [legalBasis, agreement, reason, approver].map(text).filter((each) => each !== '')
      const when = formatInstant(Date.parse(text(at)))
      terminal.result([when, text(by), named(APPLICATION_ACT_TITLES, act, tools), ...said].join('  '))
    }
    const signer = isMembers(decision) ? text(decision['signer']) : ''
    if (signer !== '') terminal.result(`${terminal.pick(TEXTS.signedBy)} ${signer}`)
  }
  return EXIT.ok
}

async function list(
  { state, ...options }: ApplicationOptions & { readonly state?: string },
  tools: Tools,
): Promise<ExitCode> {
  const { terminal } = tools
  const query = state === undefined ? '' : `?state=${encodeURIComponent(state)}`
  const told = await send(open(options, tools), query)
  const { applications } = told
  const rows = (Array.isArray(applications) ? applications : [])
    .filter(isMembers)
    .map((each) => [
      text(each['number']),
      named(APPLICATION_STATE_TITLES, each['state'], tools),
      dueOf(each, tools),
      text(each['consumer']),
      text(each['service']),
    ])
  if (terminal.json) terminal.resultJson(told)
  else for (const line of formatTable(TEXTS.columns[terminal.language], rows)) terminal.result(line)
  return EXIT.ok
}

async function printAgreement(number: string, options: ApplicationOptions, tools: Tools): Promise<ExitCode> {
  const { state, agreement } = await send(open(options, tools), `/${encodeURIComponent(number)}`)
  if (state !== 'approved') throw usageFault(TEXTS.notApproved)
  if (tools.terminal.json) tools.terminal.resultJson(agreement)
  else tools.terminal.result(stringify(agreement, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd())
  return EXIT.ok
}

interface DecisionOptions extends ApplicationOptions {
  readonly agreement?: string
  readonly reason?: string
  readonly legalBasis?: string
}

/** `lienthong applications`: how an agency gets a connection, and how that is decided; each act is in the log. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const add = (name: string, summary: Bilingual) =>
    addConsumerOptions(command.command(name).summary(pick(summary)).description(pick(summary)), tools).option(
      '--management <url>',
      pick(TEXTS.management),
    )
  const act = (
    number: string,
    name: ApplicationAct | SigningAct,
    body: object,
    options: ApplicationOptions,
  ) =>
    send(open(options, tools), `/${encodeURIComponent(number)}/${name}`, body).then((told) =>
      tell(told, tools),
    )
  const show = (number: string, options: ApplicationOptions) =>
    send(open(options, tools), `/${encodeURIComponent(number)}`)
  const decide = (name: 'ask' | 'approve' | 'refuse') =>
    tools.act((number: string, options: DecisionOptions) => {
      const { agreement, reason, legalBasis, ...rest } = options
      return act(number, name, { agreement, reason, legalBasis }, rest)
    })
  add('file', TEXTS.file)
    .argument('<file>', pick(TEXTS.source))
    .option('--conformance <file>', pick(TEXTS.conformance))
    .action(
      tools.act(async (file: string, options: FileOptions) =>
        tell(await send(open(options, tools), '', readApplication(file, options, tools)), tools),
      ),
    )
  add('list', TEXTS.list)
    .option('--state <state>', pick(TEXTS.state))
    .action(tools.act((options: ApplicationOptions & { state?: string }) => list(options, tools)))
  add('show', TEXTS.show)
    .argument('<number>', pick(TEXTS.number))
    .action(
      tools.act(async (number: string, options: ApplicationOptions) =>
        tell(await show(number, options), tools),
      ),
    )
  add('supplement', TEXTS.supplement)
    .argument('<number>', pick(TEXTS.number))
    .argument('<file>', pick(TEXTS.source))
    .option('--conformance <file>', pick(TEXTS.conformance))
    .action(
      tools.act((number: string, file: string, options: FileOptions) =>
        act(number, 'supplement', readApplication(file, options, tools), options),
      ),
    )
  add('withdraw', TEXTS.withdraw)
    .argument('<number>', pick(TEXTS.number))
    .action(tools.act((number: string, options: ApplicationOptions) => act(number, 'withdraw', {}, options)))
  add('ask', TEXTS.ask)
    .argument('<number>', pick(TEXTS.number))
    .requiredOption('--reason <text>', pick(TEXTS.reason))
    .action(decide('ask'))
  add('approve', TEXTS.approve)
    .argument('<number>', pick(TEXTS.number))
    .requiredOption('--agreement <id>', pick(TEXTS.id))
    .option('--reason <text>', pick(TEXTS.reason))
    .action(decide('approve'))
  add('refuse', TEXTS.refuse)
    .argument('<number>', pick(TEXTS.number))
    .requiredOption('--legal-basis <id>', pick(TEXTS.legalBasis))
    .requiredOption('--reason <text>', pick(TEXTS.reason))
    .action(decide('refuse'))
  add('agreement', TEXTS.agreement)
    .argument('<number>', pick(TEXTS.number))
    .action(
      tools.act((number: string, options: ApplicationOptions) => printAgreement(number, options, tools)),
    )
  defineSigning(command, tools, { add, act, show })
  addGuide(command, tools.terminal, {
    examples: [
      [
        'applications file de-nghi.yaml --conformance kiem-tra.json --consumer H29/kiem-soat --key kiem-soat.jwk',
        { vi: 'nộp đề nghị kết nối', en: 'apply for a connection' },
      ],
      [
        'applications agreement DN-000007 --consumer G22/tham-dinh > config/registry/agreements/tt-2026-401.yaml',
        { vi: 'lấy thỏa thuận đã duyệt để áp dụng', en: 'the approved agreement, to be applied' },
      ],
      [
        'applications propose DN-000007 --decision approve --agreement TT-2026-401 --approver pd-g22-01 --consumer G22/tham-dinh',
        { vi: 'trình lãnh đạo ký', en: "hand a decision up for a leader's signature" },
      ],
    ],
    json: '{ "number", "state", "dueAt"?, "isOverdue", "agreement", "documents", "events": [ { "act", "at", "by", "exchange" } ] } · { "applications" }',
  })
}

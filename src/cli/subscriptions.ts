import { resolve } from 'node:path'
import type { Command } from 'commander'
import { addConsumerOptions, type ConsumerOptions, openConsumer } from './consumer.ts'
import type { Members } from './consumer-reply.ts'
import { createSubscriptionClient, type SubscriptionClient } from './event-client.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { replaceSecretFile } from './secret-file.ts'
import { subscriptionStateWords } from './state-words.ts'
import { formatInstant, formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  list: { vi: 'các đăng ký của hệ thống này', en: 'the subscriptions of this subsystem' },
  show: { vi: 'xem một đăng ký', en: 'show one of them' },
  create: { vi: 'đăng ký nhận sự kiện', en: 'subscribe to events' },
  pause: { vi: 'tạm dừng; sự kiện được giữ chờ', en: 'pause it; events wait' },
  resume: { vi: 'nhận tiếp, cả phần đang chờ', en: 'go on, with what waited' },
  delete: { vi: 'xóa đăng ký và những gì đang chờ', en: 'delete it with what waits' },
  id: { vi: 'mã đăng ký', en: 'id of the subscription' },
  service: { vi: 'dịch vụ, ví dụ G01/dan-cu/cong-dan/v1', en: 'service, say G01/dan-cu/cong-dan/v1' },
  type: { vi: 'loại sự kiện; dùng nhiều lần được', en: 'event type; may be given again' },
  purpose: { vi: 'mục đích, theo thỏa thuận', en: 'purpose, as the agreement says' },
  url: {
    vi: 'gửi tới địa chỉ này (webhook); không có thì tự đọc bằng lienthong events pull',
    en: 'push to this address (webhook); without it events are read with lienthong events pull',
  },
  field: { vi: 'trường cần (JSON Pointer); dùng nhiều lần được', en: 'field wanted (JSON Pointer); again' },
  secretFile: {
    vi: 'ghi khóa bí mật của webhook vào tệp (quyền 600) thay vì in ra',
    en: "write the webhook's secret to a file (mode 600) instead of printing it",
  },
  noType: { vi: 'Thiếu --type.', en: '--type is missing.' },
  deleted: { vi: 'Đã xóa.', en: 'Deleted.' },
  secret: {
    vi: 'Khóa bí mật chỉ hiện một lần này; giữ ở nơi an toàn.',
    en: 'The secret is shown this once; keep it safe.',
  },
  head: {
    vi: ['Mã đăng ký', 'Trạng thái', 'Kiểu', 'Đang chờ', 'Thư chết', 'Dịch vụ', 'Loại'],
    en: ['Id', 'State', 'Mode', 'Waiting', 'Dead', 'Service', 'Types'],
  },
} as const

interface CreateOptions extends ConsumerOptions {
  readonly service: string
  readonly type: readonly string[]
  readonly purpose: string
  readonly url?: string
  readonly field: readonly string[]
  readonly secretFile?: string
}

/** Opens a consumer's side of `/subscriptions`. */
export function openSubscriptions(options: ConsumerOptions, tools: Tools): SubscriptionClient {
  return createSubscriptionClient(openConsumer(options, tools, { resource: '/subscriptions' }).client)
}

/** What the members of a subscription are called. */
const MEMBERS: Readonly<Record<string, string>> = {
  id: 'Mã đăng ký',
  consumer: 'Hệ thống',
  service: 'Dịch vụ',
  types: 'Loại',
  purpose: 'Mục đích',
  fields: 'Trường',
  mode: 'Kiểu',
  url: 'Gửi tới',
  state: 'Trạng thái',
  stoppedBy: 'Dừng vì',
  createdAt: 'Đăng ký lúc',
  cursor: 'Con trỏ',
  waiting: 'Đang chờ',
  dead: 'Thư chết',
  secret: 'Khóa bí mật',
}

function rowOf({ pick }: Tools['terminal'], subscription: Members): readonly string[] {
  const { id, state, stoppedBy, mode, waiting, dead, service, types } = subscription
  const words = pick(subscriptionStateWords(String(state)))
  const stands = typeof stoppedBy === 'string' ? `${words} (${stoppedBy})` : words
  const count = (value: unknown) => (typeof value === 'number' ? String(value) : '–')
  const names = Array.isArray(types) ? types.join(', ') : ''
  return [String(id), stands, String(mode), count(waiting), count(dead), String(service), names]
}

function textOf(name: string, value: unknown, { pick }: Tools['terminal']): string {
  if (name === 'state') return pick(subscriptionStateWords(String(value)))
  if (name === 'createdAt') return formatInstant(Date.parse(String(value)))
  return Array.isArray(value) ? value.join(', ') : String(value)
}

function show(subscription: Members, { terminal }: Tools): void {
  if (terminal.json) {
    terminal.resultJson(subscription)
    return
  }
  const lines = Object.entries(subscription).flatMap(([name, value]) =>
    value === null || value === undefined
      ? []
      : [[terminal.pick({ vi: MEMBERS[name] ?? name, en: name }), textOf(name, value, terminal)]],
  )
  const [head = [], ...rows] = lines
  for (const line of formatTable(head, rows)) terminal.result(line)
}

async function list(options: ConsumerOptions, tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const subscriptions = await openSubscriptions(options, tools).list()
  if (terminal.json) terminal.resultJson({ subscriptions })
  else {
    for (const line of formatTable(
      TEXTS.head[terminal.language],
      subscriptions.map((each) => rowOf(terminal, each)),
    ))
      terminal.result(line)
  }
  return EXIT.ok
}

/** Shows a secret, or puts it where nobody looks over a shoulder. */
export function handOver(secret: string, file: string | undefined, { terminal, outside }: Tools): void {
  if (file !== undefined) replaceSecretFile(resolve(outside.workingDirectory, file), `${secret}\n`)
  else if (terminal.json) terminal.resultJson({ secret })
  else terminal.result(secret)
  if (file === undefined) terminal.talk(terminal.pick(TEXTS.secret))
}

async function create(options: CreateOptions, tools: Tools): Promise<ExitCode> {
  const { service, type: types, purpose, url, field, secretFile } = options
  if (types.length === 0) throw usageFault(TEXTS.noType)
  const { secret, ...made } = await openSubscriptions(options, tools).create({
    service,
    types,
    purpose,
    mode: url === undefined ? 'pull' : 'push',
    ...(url !== undefined && { url }),
    ...(field.length > 0 && { fields: field }),
  })
  const isKept = secretFile !== undefined && typeof secret === 'string'
  if (isKept) handOver(secret, secretFile, tools)
  show(isKept || secret === undefined ? made : { ...made, secret }, tools)
  if (!isKept && secret !== undefined) tools.terminal.talk(tools.terminal.pick(TEXTS.secret))
  return EXIT.ok
}

/** `lienthong subscriptions`: who wants to be told of what. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const sub = (name: 'list' | 'show' | 'create' | 'pause' | 'resume' | 'delete') =>
    addConsumerOptions(command.command(name).description(pick(TEXTS[name])), tools)
  const collect = (each: string, all: readonly string[]) => [...all, each]
  const on = (
    name: 'show' | 'pause' | 'resume',
    act: (its: SubscriptionClient, id: string) => Promise<Members>,
  ) =>
    sub(name)
      .argument('<subscription>', pick(TEXTS.id))
      .action(
        tools.act(async (id: string, options: ConsumerOptions) => {
          show(await act(openSubscriptions(options, tools), id), tools)
          return EXIT.ok
        }),
      )
  sub('list').action(tools.act((options: ConsumerOptions) => list(options, tools)))
  on('show', (its, id) => its.show(id))
  sub('create')
    .requiredOption('--service <id>', pick(TEXTS.service))
    .option('--type <name>', pick(TEXTS.type), collect, [])
    .requiredOption('--purpose <code>', pick(TEXTS.purpose))
    .option('--url <url>', pick(TEXTS.url))
    .option('--field <pointer>', pick(TEXTS.field), collect, [])
    .option('--secret-file <file>', pick(TEXTS.secretFile))
    .action(tools.act((options: CreateOptions) => create(options, tools)))
  on('pause', (its, id) => its.change(id, { state: 'paused' }))
  on('resume', (its, id) => its.change(id, { state: 'active' }))
  sub('delete')
    .argument('<subscription>', pick(TEXTS.id))
    .action(
      tools.act(async (id: string, options: ConsumerOptions) => {
        await openSubscriptions(options, tools).remove(id)
        if (tools.terminal.json) tools.terminal.resultJson({ id, deleted: true })
        else tools.terminal.talk(pick(TEXTS.deleted))
        return EXIT.ok
      }),
    )
  addGuide(command, tools.terminal, {
    examples: [
      ['subscriptions list --consumer H29/mot-cua', { vi: 'đang nhận gì', en: 'what is subscribed to' }],
      [
        'subscriptions create --service G01/dan-cu/cong-dan/v1 --type citizenDied --purpose cap-nhat-bien-dong',
        { vi: 'đăng ký và tự đọc (pull)', en: 'subscribe and read (pull)' },
      ],
      [
        'subscriptions create … --url https://mot-cua.example/su-kien --secret-file webhook.secret',
        { vi: 'đăng ký nhận qua webhook (push)', en: 'subscribe and be pushed to' },
      ],
    ],
    json: {
      vi: 'list: { "subscriptions": [ … ] }; delete: { "id", "deleted" }; các lệnh khác: đăng ký như cổng mô tả',
      en: 'list: { "subscriptions": [ … ] }; delete: { "id", "deleted" }; others: the subscription as the gateway describes it',
    },
  })
}

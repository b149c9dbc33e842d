import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { addConsumerOptions, type ConsumerOptions, openConsumer } from './consumer.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import { createPublisher, type Published } from './event-client.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, interrupted, usageFault } from './fault.ts'
import { parseInstant } from './instant.ts'
import { replaceSecretFile } from './secret-file.ts'
import { handOver, openSubscriptions } from './subscriptions.ts'
import { formatInstant, formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  publish: { vi: 'công bố các CloudEvent của một tệp', en: 'publish the CloudEvents of a file' },
  pull: { vi: 'đọc sự kiện của một đăng ký pull', en: 'read the events of a pull subscription' },
  replay: { vi: 'gửi lại từ một thời điểm (đăng ký push)', en: 'push again from a time on' },
  'dead-letters': { vi: 'sự kiện không gửi được', en: 'events that could not be pushed' },
  resend: { vi: 'gửi lại thư chết', en: 'push dead letters again' },
  secret: { vi: 'thay khóa bí mật của webhook', en: "replace the webhook's secret" },
  file: {
    vi: 'tệp NDJSON, mỗi dòng một CloudEvent; - là stdin',
    en: 'NDJSON, a CloudEvent a line; - is stdin',
  },
  service: { vi: 'dịch vụ đứng tên sự kiện', en: 'service whose events they are' },
  id: { vi: 'mã đăng ký', en: 'id of the subscription' },
  sequences: { vi: 'số thứ tự; không có thì tất cả', en: 'sequences; all of them without' },
  after: { vi: 'đọc tiếp sau con trỏ này', en: 'read on behind this cursor' },
  from: { vi: 'đọc lại từ thời điểm này', en: 'start over at this time' },
  replayFrom: { vi: 'thời điểm xảy ra của sự kiện đầu tiên', en: 'when the first of them happened' },
  cursorFile: {
    vi: 'giữ con trỏ trong tệp này giữa các lần đọc',
    en: 'keep the cursor in this file between readings',
  },
  limit: { vi: 'đọc nhiều nhất từng này', en: 'read at most so many' },
  follow: { vi: 'đọc mãi đến khi Ctrl-C', en: 'go on reading until Ctrl-C' },
  out: { vi: 'ghi vào tệp (quyền 600) thay vì in ra', en: 'write to a file (mode 600) instead of printing' },
  noFile: { vi: 'Không có tệp này.', en: 'There is no such file.' },
  badLine: (line: number) => ({
    vi: `Dòng ${line} không phải đối tượng JSON.`,
    en: `Line ${line} is not a JSON object.`,
  }),
  badLimit: { vi: '--limit là số nguyên từ 1.', en: '--limit is a whole number from 1 up.' },
  badSequence: { vi: 'Số thứ tự chỉ gồm chữ số.', en: 'A sequence consists of digits.' },
  badCursor: { vi: 'Tệp con trỏ không chứa con trỏ.', en: 'The cursor file holds no cursor.' },
  oneStart: {
    vi: 'Chỉ dùng một trong --after, --from, --cursor-file.',
    en: 'Use one of --after, --from, --cursor-file.',
  },
  summed: (counts: Readonly<Record<Published['outcome'], number>>) => ({
    vi: `${counts.published} đã công bố, ${counts.repeated} lặp lại, ${counts.refused} bị từ chối`,
    en: `${counts.published} published, ${counts.repeated} repeated, ${counts.refused} refused`,
  }),
  cursor: (cursor: string) => ({ vi: `Con trỏ: ${cursor}`, en: `Cursor: ${cursor}` }),
  again: (count: number) => ({
    vi: `Sẽ gửi lại ${count} sự kiện.`,
    en: `${count} events will be pushed again.`,
  }),
  oldSecret: {
    vi: 'Khóa cũ còn ký thêm 24 giờ.',
    en: 'The secret before signs for 24 hours more.',
  },
  head: {
    vi: ['thứ tự', 'loại', 'số lần', 'lý do', 'lúc'],
    en: ['sequence', 'type', 'tries', 'why', 'at'],
  },
} as const

const FOLLOW_MS = 1000
const PAGE = 100

interface PublishOptions extends ConsumerOptions {
  readonly service: string
}

interface PullOptions extends ConsumerOptions {
  readonly after?: string
  readonly from?: string
  readonly cursorFile?: string
  readonly limit?: string
  readonly follow?: boolean
}

async function* eventsOf(typed: string, { outside }: Tools): AsyncGenerator<Members> {
  const file = resolve(outside.workingDirectory, typed)
  if (typed !== '-' && !existsSync(file)) throw usageFault(TEXTS.noFile)
  const input = typed === '-' ? outside.stdin : createReadStream(file)
  let number = 0
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1
    if (line.trim() === '') continue
    yield parseLine(line, number)
  }
}

function parseLine(line: string, number: number): Members {
  try {
    const event: unknown = JSON.parse(line)
    if (isMembers(event)) return event
  } catch {
    // Said below; a parser's message may quote what it read.
  }
  throw usageFault(TEXTS.badLine(number))
}

const MARKS = { published: ['green', '✔'], repeated: ['dim', '='], refused: ['red', '✘'] } as const

function tellPublished(event: Members, published: Published, { terminal }: Tools): void {
  const { outcome, sequence, code, errors = [] } = published
  const [style, mark] = MARKS[outcome]
  const told = [terminal.style(style, mark, 'stdout'), String(event['id']), String(event['type'])]
  const places = errors.flatMap((error) => (isMembers(error) ? [`${error['pointer']} ${error['rule']}`] : []))
  const why = [code, places.join(', ')].filter(Boolean).join(': ')
  terminal.result([...told, sequence === undefined ? why : `#${sequence}`].join('  '))
}

async function publish(file: string, options: PublishOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const { client } = openConsumer(options, tools, { resource: '/events' })
  const send = createPublisher(client, options.service, outside)
  const counts = { published: 0, repeated: 0, refused: 0 }
  const events: object[] = []
  for await (const event of eventsOf(file, tools)) {
    if (outside.signal.aborted) throw interrupted()
    const published = await send(event)
    counts[published.outcome] += 1
    if (terminal.json) events.push({ id: event['id'], type: event['type'], ...published })
    else tellPublished(event, published, tools)
  }
  if (terminal.json) terminal.resultJson({ ...counts, events })
  else terminal.talk(terminal.pick(TEXTS.summed(counts)))
  return counts.refused === 0 ? EXIT.ok : EXIT.failed
}

interface Start {
  readonly query: Readonly<Record<string, string>>
  /** Where the next cursor is kept. */
  readonly file: string | undefined
}

function startOf({ after, from, cursorFile }: PullOptions, { outside }: Tools): Start {
  if ([after, from, cursorFile].filter((given) => given !== undefined).length > 1)
    throw usageFault(TEXTS.oneStart)
  const file = cursorFile === undefined ? undefined : resolve(outside.workingDirectory, cursorFile)
  if (from !== undefined) {
    return { query: { from: parseInstant(from, outside.now(), 'start').toISOString() }, file }
  }
  const kept = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8').trim() : after
  if (kept !== undefined && !/^\d{1,15}$/.test(kept)) throw usageFault(TEXTS.badCursor)
  return { query: kept === undefined ? {} : { after: kept }, file }
}

function limitOf(typed: string | undefined): number {
  const limit = Number(typed ?? Number.MAX_SAFE_INTEGER)
  if (!Number.isSafeInteger(limit) || limit < 1) throw usageFault(TEXTS.badLimit)
  return limit
}

/** Writes before it keeps the cursor: what is interrupted in between is read again, never missed. */
async function pull(id: string, options: PullOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const subscriptions = openSubscriptions(options, tools)
  const { query, file } = startOf(options, tools)
  let next = query
  let left = limitOf(options.limit)
  for (;;) {
    const page = await subscriptions.read(id, { ...next, limit: String(Math.min(PAGE, left)) })
    for (const told of page.events) terminal.result(JSON.stringify(terminal.json ? told : told['event']))
    left -= page.events.length
    if (file !== undefined) replaceSecretFile(file, `${page.cursor}\n`)
    next = { after: page.cursor }
    if (left === 0 || (!page.more && options.follow !== true)) break
    if (outside.signal.aborted) throw interrupted()
    if (page.more) continue
    await pause(FOLLOW_MS, undefined, { signal: outside.signal }).catch(() => {
      throw interrupted()
    })
  }
  terminal.talk(terminal.pick(TEXTS.cursor(next['after'] ?? '')))
  return EXIT.ok
}

async function deadLetters(id: string, options: ConsumerOptions, tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const letters = await openSubscriptions(options, tools).deadLetters(id)
  if (terminal.json) terminal.resultJson({ deadLetters: letters })
  else {
    const rows = letters.map(({ sequence, type, attempts, code, failedAt }) =>
      [sequence, type, attempts, code, formatInstant(new Date(String(failedAt)))].map(String),
    )
    for (const line of formatTable(TEXTS.head[terminal.language], rows)) terminal.result(line)
  }
  return EXIT.ok
}

function tellCount(count: number, { terminal }: Tools): ExitCode {
  if (terminal.json) terminal.resultJson({ count })
  else terminal.result(terminal.pick(TEXTS.again(count)))
  return EXIT.ok
}

async function resend(
  id: string,
  sequences: readonly string[],
  options: ConsumerOptions,
  tools: Tools,
): Promise<ExitCode> {
  if (sequences.some((sequence) => !/^\d{1,15}$/.test(sequence))) throw usageFault(TEXTS.badSequence)
  return tellCount(await openSubscriptions(options, tools).resend(id, sequences), tools)
}

async function replay(
  id: string,
  options: ConsumerOptions & { from: string },
  tools: Tools,
): Promise<ExitCode> {
  const from = parseInstant(options.from, tools.outside.now(), 'start').toISOString()
  return tellCount(await openSubscriptions(options, tools).replay(id, from), tools)
}

function jsonShapes(pull: string): string {
  return [
    'publish: { "published", "repeated", "refused", "events": [ { "id", "type", "outcome", "sequence"?, "code"?, "errors"? } ] }',
    `pull: ${pull}`,
    'replay, resend: { "count" }; dead-letters: { "deadLetters": [ … ] }; secret: { "secret" }',
  ].join('\n')
}

/** `lienthong events`: what providers tell, and what subscribers are told. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const sub = (name: 'publish' | 'pull' | 'replay' | 'dead-letters' | 'resend' | 'secret') =>
    addConsumerOptions(command.command(name).description(pick(TEXTS[name])), tools)
  sub('publish')
    .argument('<file>', pick(TEXTS.file))
    .requiredOption('--service <id>', pick(TEXTS.service))
    .action(tools.act((file: string, options: PublishOptions) => publish(file, options, tools)))
  sub('pull')
    .argument('<subscription>', pick(TEXTS.id))
    .option('--after <cursor>', pick(TEXTS.after))
    .option('--from <time>', pick(TEXTS.from))
    .option('--cursor-file <file>', pick(TEXTS.cursorFile))
    .option('--limit <n>', pick(TEXTS.limit))
    .option('--follow', pick(TEXTS.follow))
    .action(tools.act((id: string, options: PullOptions) => pull(id, options, tools)))
  sub('replay')
    .argument('<subscription>', pick(TEXTS.id))
    .requiredOption('--from <time>', pick(TEXTS.replayFrom))
    .action(
      tools.act((id: string, options: ConsumerOptions & { from: string }) => replay(id, options, tools)),
    )
  sub('dead-letters')
    .argument('<subscription>', pick(TEXTS.id))
    .action(tools.act((id: string, options: ConsumerOptions) => deadLetters(id, options, tools)))
  sub('resend')
    .argument('<subscription>', pick(TEXTS.id))
    .argument('[sequence...]', pick(TEXTS.sequences))
    .action(
      tools.act((id: string, sequences: readonly string[], options: ConsumerOptions) =>
        resend(id, sequences, options, tools),
      ),
    )
  sub('secret')
    .argument('<subscription>', pick(TEXTS.id))
    .option('--out <file>', pick(TEXTS.out))
    .action(
      tools.act(async (id: string, options: ConsumerOptions & { out?: string }) => {
        handOver(await openSubscriptions(options, tools).rotate(id), options.out, tools)
        tools.terminal.talk(pick(TEXTS.oldSecret))
        return EXIT.ok
      }),
    )
  addGuide(command, tools.terminal, {
    examples: [
      [
        'events publish khai-tu.ndjson --service G01/dan-cu/cong-dan/v1 --consumer G01/dan-cu',
        { vi: 'công bố, theo thứ tự trong tệp', en: 'publish in the order of the file' },
      ],
      ['events pull "$ID" --cursor-file con-tro', { vi: 'đọc phần mới', en: 'read what is new' }],
      ['events dead-letters "$ID"', { vi: 'những gì không gửi được', en: 'what could not be pushed' }],
      ['events resend "$ID" 1204 1206', { vi: 'gửi lại hai sự kiện', en: 'push two of them again' }],
      ['events secret "$ID" --out webhook.secret', { vi: 'thay khóa bí mật', en: 'replace the secret' }],
    ],
    notes: {
      vi: 'publish dừng ở lỗi mạng đầu tiên; chạy lại cả tệp là an toàn: sự kiện đã có được nhận ra theo source và id.',
      en: 'publish ends at the first fault of the network; running it again is safe: source and id tell what is there already.',
    },
    json: {
      vi: jsonShapes('mỗi dòng một { "exchangeId", "receipt", "event" }; không có --json thì chỉ CloudEvent'),
      en: jsonShapes('a line each { "exchangeId", "receipt", "event" }; without --json the CloudEvent alone'),
    },
  })
}

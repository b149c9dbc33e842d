import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { addConsumerOptions, type ConsumerOptions, openConsumer } from './consumer.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { requireMembers } from './refusal.ts'
import { reconcilingWords } from './state-words.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  file: {
    vi: 'danh sách của mình: .ndjson gồm {key, status, digest?}, hoặc .csv gồm key,status[,digest]; bỏ trống thì chỉ xem',
    en: 'your own list: .ndjson of {key, status, digest?}, or .csv of key,status[,digest]; without it the result is shown',
  },
  service: { vi: 'dịch vụ (bắt buộc)', en: 'service (required)' },
  from: {
    vi: 'ngày đầu của kỳ, yyyy-mm-dd (bắt buộc)',
    en: 'first day of the period, yyyy-mm-dd (required)',
  },
  until: { vi: 'ngày cuối của kỳ (bắt buộc)', en: 'last day of the period (required)' },
  with: { vi: 'bên khai thác, khi mình là bên cung cấp', en: 'the consumer, where you are the provider' },
  purpose: { vi: 'mục đích (mặc định doi-soat)', en: 'purpose (default doi-soat)' },
  needed: { vi: 'Cần --service, --from và --until.', en: '--service, --from and --until are needed.' },
  noFile: { vi: 'Không có tệp này.', en: 'There is no such file.' },
  badCsv: {
    vi: 'CSV cần dòng đầu key,status hoặc key,status,digest.',
    en: 'The CSV needs the head key,status or key,status,digest.',
  },
  waiting: { vi: 'Bên kia chưa nộp danh sách.', en: 'The other side has not handed its list in.' },
} as const

interface ReconcileOptions extends ConsumerOptions {
  readonly service?: string
  readonly from?: string
  readonly until?: string
  readonly with?: string
  readonly purpose?: string
}

/** Keys, statuses and digests hold neither commas nor quotes. */
function ndjsonOf(csv: string): string {
  const [head = '', ...lines] = csv.replace(/^\uFEFF/, '').split(/\r?\n/)
  const names = head.split(',')
  if (!/^key,status(?:,digest)?$/.test(head)) throw usageFault(TEXTS.badCsv)
  const rows = lines.filter((line) => line !== '').map((line) => line.split(','))
  return rows
    .map((cells) => JSON.stringify(Object.fromEntries(names.map((name, place) => [name, cells[place]]))))
    .join('\n')
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** @returns the exit code: 1 where the two sides differ, as `diff` does. */
function show(result: Members, { terminal }: Tools): ExitCode {
  const { state, matched, counts, sides } = result
  const differs = isMembers(counts) && Object.values(counts).some((count) => count !== 0)
  const exitCode = differs ? EXIT.failed : EXIT.ok
  if (terminal.json) {
    terminal.resultJson(result)
    return exitCode
  }
  const tell = (word: string, ...told: readonly unknown[]) =>
    terminal.result([terminal.pick(reconcilingWords(word)), ...told].join('\t'))
  for (const [side, list] of Object.entries(isMembers(sides) ? sides : {})) {
    tell(side, isMembers(list) ? list['count'] : '-')
  }
  if (state === 'waiting') terminal.talk(terminal.pick(TEXTS.waiting))
  else tell('matched', matched)
  for (const item of listOf(result['differing'])) {
    if (isMembers(item)) tell('differs', item['key'], item['consumer'], item['provider'])
  }
  for (const key of listOf(result['onlyConsumer'])) tell('onlyConsumer', key)
  for (const key of listOf(result['onlyProvider'])) tell('onlyProvider', key)
  return exitCode
}

async function reconcile(
  typed: string | undefined,
  options: ReconcileOptions,
  tools: Tools,
): Promise<ExitCode> {
  const { service, from, until, purpose = 'doi-soat' } = options
  if (service === undefined || from === undefined || until === undefined) throw usageFault(TEXTS.needed)
  const file = typed === undefined ? undefined : resolve(tools.outside.workingDirectory, typed)
  if (file !== undefined && !existsSync(file)) throw usageFault(TEXTS.noFile)
  const text = file === undefined ? undefined : readFileSync(file, 'utf8')
  const body = text !== undefined && file !== undefined && /\.csv$/i.test(file) ? ndjsonOf(text) : text
  const { client } = openConsumer(options, tools, {
    resource: '/reconciliations',
    maxAnswerBytes: 64 * 1024 ** 2,
  })
  const query = options.with === undefined ? '' : `?consumer=${encodeURIComponent(options.with)}`
  const reply = await client.request({
    method: body === undefined ? 'GET' : 'PUT',
    path: `/reconciliations/${service}/${from}/${until}${query}`,
    headers: {
      'exchange-purpose': purpose,
      ...(body !== undefined && { 'content-type': 'application/x-ndjson' }),
    },
    ...(body !== undefined && { body: Buffer.from(body) }),
  })
  return show(requireMembers(reply), tools)
}

export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  addGuide(command, tools.terminal, {
    examples: [
      [
        'reconcile ho-so.csv --service G22/dich-vu-cong/ho-so/v1 --from 2026-11-01 --until 2026-11-30 --consumer H29/mot-cua',
        { vi: 'nộp danh sách của kỳ và xem chỗ lệch', en: "hand in a period's list and see the differences" },
      ],
    ],
    json: '{"state", "sides", "matched"?, "counts"?, "differing"?, "onlyConsumer"?, "onlyProvider"?}',
  })
  addConsumerOptions(command, tools)
    .argument('[file]', pick(TEXTS.file))
    .option('--service <id>', pick(TEXTS.service))
    .option('--from <day>', pick(TEXTS.from))
    .option('--until <day>', pick(TEXTS.until))
    .option('--with <consumer>', pick(TEXTS.with))
    .option('--purpose <code>', pick(TEXTS.purpose))
    .action(
      tools.act((file: string | undefined, options: ReconcileOptions) => reconcile(file, options, tools)),
    )
}

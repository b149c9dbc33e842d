import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { type Command, Option } from 'commander'
import { NODE_CRYPTO } from '../identity/log-key.ts'
import { leafHashOf } from '../ledger/proof.ts'
import { canonicalJson } from '../model/canonical.ts'
import type { Bilingual } from '../model/identifier.ts'
import { writeNote } from '../model/note.ts'
import type { ShownEntry } from '../reporting/audit-desk.ts'
import { buildBody } from './body.ts'
import type { ConsumerClient } from './client.ts'
import { addConsumerOptions, type ConsumerOptions, openReader } from './consumer.ts'
import type { HttpReply } from './consumer-http.ts'
import type { Members } from './consumer-reply.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode, usageFault } from './fault.ts'
import { refusalOf, requireMembers } from './refusal.ts'
import { outcomeWords } from './state-words.ts'
import { formatInstant, formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  search: { vi: 'Tìm giao dịch, mới nhất trước', en: 'Search exchanges, latest first' },
  count: { vi: 'Đếm giao dịch', en: 'Count exchanges' },
  exchange: {
    vi: 'Toàn bộ một giao dịch; với --out thì kèm mọi tệp để kiểm tra không cần cổng',
    en: "One exchange's whole life; with --out all files to check it without the gateway",
  },
  export: {
    vi: 'Kết xuất csv, xlsx hoặc ndjson cùng bản kê có chữ ký',
    en: 'Export csv, xlsx or ndjson with a signed manifest',
  },
  usage: { vi: 'Ai đã dùng dữ liệu của một người', en: "Who used a person's data" },
  conditions: {
    vi: 'điều kiện, như trong docs/auditors.md: service=…, since=…, outcome=…, limit:=20',
    en: 'conditions, as docs/auditors.md names them: service=…, since=…, outcome=…, limit:=20',
  },
  id: { vi: 'mã giao dịch (UUID)', en: 'exchange id (UUID)' },
  format: { vi: 'csv, xlsx hoặc ndjson', en: 'csv, xlsx or ndjson' },
  officer: { vi: 'mã người đọc sổ', en: 'code of whoever reads' },
  case: { vi: 'mã vụ việc', en: 'number of the case' },
  note: {
    vi: 'lý do đọc sổ, bằng lời; giữ cạnh bản ghi của lần đọc này',
    en: 'why the log is read, in words; kept beside the record of this reading',
  },
  private: {
    vi: 'kèm phần riêng (cán bộ, hồ sơ, lý do)',
    en: 'with private parts (officer, dossier, reason)',
  },
  subject: { vi: 'đọc số định danh của một người từ stdin', en: "read a person's identifier from stdin" },
  officerStdin: {
    vi: 'đọc mã cán bộ đã hỏi từ stdin',
    en: 'read the code of the officer who asked from stdin',
  },
  dossier: { vi: 'đọc mã hồ sơ từ stdin', en: 'read a dossier code from stdin' },
  out: { vi: 'thư mục, hoặc tệp của bản kết xuất', en: 'folder, or file of an export' },
  noIdentifier: { vi: 'stdin không có gì.', en: 'There is nothing on stdin.' },
  columns: {
    vi: ['Số', 'Lúc nhận', 'Bên hỏi', 'Dịch vụ', 'Thao tác', 'Kết quả', 'Mã giao dịch'],
    en: ['Index', 'Received (UTC+7)', 'Consumer', 'Service', 'Operation', 'Outcome', 'Exchange'],
  },
  more: (cursor: string): Bilingual => ({
    vi: `Còn nữa: thêm cursor=${cursor}`,
    en: `There are more: add cursor=${cursor}`,
  }),
  found: (found: number): Bilingual => ({ vi: `${found} giao dịch.`, en: `${found} exchanges.` }),
  written: (file: string): Bilingual => ({ vi: `Đã ghi ${file}`, en: `Wrote ${file}` }),
  verifyRecord: (folder: string): Bilingual => ({
    vi: `Đối chiếu ${folder}/vkey với khóa bạn được trao bằng đường khác, rồi kiểm tra không cần cổng:`,
    en: `Compare ${folder}/vkey with the key you were given another way; then check without the gateway:`,
  }),
  partial: {
    vi: 'Vai của bạn không được xem cả bản ghi: chỉ ghi những gì được xem, không kiểm được dấu băm.',
    en: 'Your role does not see the whole record: what it sees is written, and its hash cannot be checked.',
  },
  management: {
    vi: 'địa chỉ quản trị của cổng, nơi có /audit (mặc định http://127.0.0.1:9464)',
    en: "the gateway's management address, where /audit is (default http://127.0.0.1:9464)",
  },
  differs: {
    vi: 'Bản ghi nhận được không khớp dấu băm lá của nó',
    en: 'The record received does not have the leaf hash it came with',
  },
} as const

interface AuditOptions extends ConsumerOptions {
  readonly management?: string
  readonly officer?: string
  readonly case?: string
  readonly note?: string
  readonly private?: boolean
  readonly subjectStdin?: boolean
  readonly officerStdin?: boolean
  readonly dossierStdin?: boolean
  readonly out?: string
}

/** Larger than any export that is read as a whole. */
const MAX_ANSWER_BYTES = 512 * 1024 * 1024

/** Asks `/audit` in the name of a reader. @throws CliFault for every answer but one of success. */
function openAudit(options: AuditOptions, tools: Tools) {
  const { client } = openReader(options, tools, { resource: '/audit', maxAnswerBytes: MAX_ANSWER_BYTES })
  const { officer, case: number, note } = options
  const headers = {
    'content-type': 'application/json',
    ...(officer !== undefined && { 'exchange-officer': officer }),
    ...(number !== undefined && { 'exchange-dossier': number }),
    ...(note !== undefined && { 'exchange-note': writeNote(note) }),
  }
  return {
    client,
    post: (path: string, body: object) =>
      client.request({ method: 'POST', path: `/audit/${path}`, headers, body: JSON.stringify(body) }),
    get: (path: string) => client.request({ method: 'GET', path: `/audit/${path}`, headers }),
  }
}

/** The conditions typed, and the identifier from stdin: a person's number stands in no command line. */
async function conditionsOf(
  words: readonly string[],
  options: AuditOptions,
  { outside }: Tools,
): Promise<Members> {
  const typed = await buildBody(words, (file) => readFile(resolve(outside.workingDirectory, file), 'utf8'))
  const kind = options.subjectStdin
    ? 'subject'
    : options.officerStdin
      ? 'officer'
      : options.dossierStdin
        ? 'dossier'
        : undefined
  const body = { ...Object(typed), ...(options.private && { private: true }) }
  if (kind === undefined) return body
  const identifier = (await readText(outside.stdin)).trim()
  if (identifier === '') throw usageFault(TEXTS.noIdentifier)
  return { ...body, [kind]: identifier }
}

function rowOf({ leafIndex, receivedAt, record }: ShownEntry, { pick }: Terminal): readonly string[] {
  const { consumer = '', service = '', operation = '', outcome = '', code, exchange = '' } = record
  const ended = [pick(outcomeWords(outcome)), ...(code === undefined ? [] : [code])].join(' ')
  const received = formatInstant(Date.parse(receivedAt))
  return [String(leafIndex), received, consumer, service, operation, ended, exchange]
}

async function search(words: readonly string[], options: AuditOptions, tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const page = requireMembers(
    await openAudit(options, tools).post('search', await conditionsOf(words, options, tools)),
  )
  if (terminal.json) {
    terminal.resultJson(page)
    return EXIT.ok
  }
  // As `Page` of schemas/audit.openapi.json says.
  const records = page['records'] as readonly ShownEntry[]
  const rows = records.map((entry) => rowOf(entry, terminal))
  for (const line of formatTable(TEXTS.columns[terminal.language], rows)) terminal.result(line)
  terminal.talk(
    terminal.pick(TEXTS.found(typeof page['total'] === 'number' ? page['total'] : records.length)),
  )
  if (typeof page['next'] === 'string') terminal.talk(terminal.pick(TEXTS.more(page['next'])))
  return EXIT.ok
}

async function count(words: readonly string[], options: AuditOptions, tools: Tools): Promise<ExitCode> {
  const { terminal } = tools
  const counted = requireMembers(
    await openAudit(options, tools).post('count', await conditionsOf(words, options, tools)),
  )
  if (terminal.json) terminal.resultJson(counted)
  else {
    const groups = counted['groups'] as readonly {
      readonly values: readonly string[]
      readonly count: number
    }[]
    const rows = groups.map((group) => [...group.values, String(group.count)])
    const head = [...(counted['by'] as readonly string[]), terminal.pick({ vi: 'Số', en: 'Count' })]
    if (rows.length > 0) for (const line of formatTable(head, rows)) terminal.result(line)
    else terminal.result(String(counted['total']))
  }
  return EXIT.ok
}

function bytesOf(reply: HttpReply): Buffer {
  if (reply.status >= 300) throw refusalOf(reply)
  return reply.body
}

/** All that shows the record to somebody who trusts nobody. */
async function writeEvidence(
  folder: string,
  life: Members,
  client: ConsumerClient,
  { terminal }: Tools,
): Promise<void> {
  const entry = life['entry'] as ShownEntry
  const record = Buffer.from(canonicalJson(entry.record))
  const hash = Buffer.from(await leafHashOf(record, NODE_CRYPTO.hash)).toString('base64url')
  const isWhole = entry.record.v !== undefined && entry.record.token !== undefined
  if (isWhole && hash !== entry.leafHash)
    throw new CliFault(EXIT.invalid, 'record_differs', { title: TEXTS.differs, side: 'gateway' })
  const fetched = async (path: string) => bytesOf(await client.request({ method: 'GET', path }))
  const part = entry.private
  const files: Readonly<Record<string, Uint8Array | string>> = {
    'life.json': `${JSON.stringify(life, null, 2)}\n`,
    'record.json': record,
    proof: await fetched(entry.proof),
    vkey: await fetched('/log/vkey'),
    ...(part && 'disclosures' in part && { disclosures: `${part.disclosures.join('\n')}\n` }),
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    terminal.talk(terminal.pick(TEXTS.written(join(folder, name))))
  }
  if (!isWhole) {
    terminal.talk(terminal.pick(TEXTS.partial))
    return
  }
  const disclosures = 'disclosures' in files ? ` --disclosures ${folder}/disclosures` : ''
  terminal.talk(terminal.pick(TEXTS.verifyRecord(folder)))
  terminal.result(
    `lienthong verify record ${folder}/record.json --proof ${folder}/proof --key ${folder}/vkey${disclosures}`,
  )
}

async function exchange(id: string, options: AuditOptions, tools: Tools): Promise<ExitCode> {
  const { client, get } = openAudit(options, tools)
  const life = requireMembers(await get(`exchanges/${encodeURIComponent(id)}`))
  if (options.out === undefined) tools.terminal.resultJson(life)
  else await writeEvidence(resolve(tools.outside.workingDirectory, options.out), life, client, tools)
  return EXIT.ok
}

async function exportFile(
  format: string,
  words: readonly string[],
  options: AuditOptions,
  tools: Tools,
): Promise<ExitCode> {
  const { terminal, outside } = tools
  const conditions = await conditionsOf(words, options, tools)
  const reply = await openAudit(options, tools).post('export', { ...conditions, format })
  const archive = bytesOf(reply)
  const file = resolve(
    outside.workingDirectory,
    options.out ?? `${reply.headers['exchange-id'] ?? 'export'}.zip`,
  )
  writeFileSync(file, archive, { mode: 0o600 })
  if (terminal.json)
    terminal.resultJson({ file, bytes: archive.length, exchange: reply.headers['exchange-id'] })
  else terminal.result(file)
  return EXIT.ok
}

async function usage(words: readonly string[], options: AuditOptions, tools: Tools): Promise<ExitCode> {
  const { subject, ...conditions } = await conditionsOf(words, { ...options, subjectStdin: true }, tools)
  const reply = await openAudit(options, tools).post('v2/findUsage', { ...conditions, userCode: subject })
  tools.terminal.resultJson(requireMembers(reply))
  return EXIT.ok
}

function defineExamples(command: Command, { terminal }: Tools): void {
  addGuide(command, terminal, {
    examples: [
      [
        'audit search service=G01/dan-cu/cong-dan/v1 outcome=refused since=2026-11-01T00:00:00+07:00',
        { vi: 'các lần bị từ chối', en: 'what was refused' },
      ],
      [
        'audit search --subject-stdin --note "Đơn 7/2026" < so-dinh-danh.txt',
        { vi: 'mọi giao dịch về một người', en: 'all exchanges about a person' },
      ],
      [
        'audit exchange 01995a00-0000-7000-8000-000000000000 --out giao-dich',
        {
          vi: 'bản ghi, bằng chứng và khóa, để kiểm tra không cần cổng',
          en: 'record, proof and key, to be checked without the gateway',
        },
      ],
      [
        'audit export csv purpose=giai-quyet-thu-tuc-hanh-chinh --out thang-11.zip',
        { vi: 'bảng kê có chữ ký', en: 'a signed table' },
      ],
    ],
    json: '{ "records", "next", "total" } · { "total", "by", "groups" } · { "entry", "stages", "totalMs", "registry", "agreement" } · { "file", "bytes", "exchange" } · { "totalUsages", "usages" }',
  })
}

/** `lienthong audit`: reading a gateway's log from elsewhere, as the registry lets a subsystem; each reading is recorded. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const add = (name: string, text: Bilingual) => {
    const added = command
      .command(name)
      .summary(pick(text))
      .description(pick(text))
      .option('--officer <code>', pick(TEXTS.officer))
      .option('--case <code>', pick(TEXTS.case))
      .option('--note <text>', pick(TEXTS.note))
    return addConsumerOptions(added, tools).option('--management <url>', pick(TEXTS.management))
  }
  const withIdentifiers = (added: Command) =>
    added
      .argument('[conditions...]', pick(TEXTS.conditions))
      .addOption(
        new Option('--subject-stdin', pick(TEXTS.subject)).conflicts(['officerStdin', 'dossierStdin']),
      )
      .addOption(
        new Option('--officer-stdin', pick(TEXTS.officerStdin)).conflicts(['subjectStdin', 'dossierStdin']),
      )
      .addOption(
        new Option('--dossier-stdin', pick(TEXTS.dossier)).conflicts(['subjectStdin', 'officerStdin']),
      )
  const act = (work: (words: readonly string[], options: AuditOptions, tools: Tools) => Promise<ExitCode>) =>
    tools.act((words: readonly string[], options: AuditOptions) => work(words, options, tools))
  withIdentifiers(add('search', TEXTS.search)).option('--private', pick(TEXTS.private)).action(act(search))
  withIdentifiers(add('count', TEXTS.count)).action(act(count))
  add('exchange', TEXTS.exchange)
    .argument('<id>', pick(TEXTS.id))
    .option('--out <folder>', pick(TEXTS.out))
    .action(tools.act((id: string, options: AuditOptions) => exchange(id, options, tools)))
  withIdentifiers(add('export', TEXTS.export).argument('<format>', pick(TEXTS.format)))
    .option('--private', pick(TEXTS.private))
    .option('--out <file>', pick(TEXTS.out))
    .action(
      tools.act((format: string, words: readonly string[], options: AuditOptions) =>
        exportFile(format, words, options, tools),
      ),
    )
  add('usage', TEXTS.usage).argument('[conditions...]', pick(TEXTS.conditions)).action(act(usage))
  defineExamples(command, tools)
}

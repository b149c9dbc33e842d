import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { type Command, Option } from 'commander'
import { readSecretFile } from '../identity/key-file.ts'
import type { TagKind } from '../ledger/tag.ts'
import { ERRORS, type ErrorCode } from '../model/error-table.ts'
import type { Outcome } from '../model/exchange.ts'
import type { Bilingual } from '../model/identifier.ts'
import { type AuditPage, type AuditQuery, type AuditStore, MAX_PAGE } from '../reporting/audit-query.ts'
import type { Settings } from '../settings.ts'
import { createAuditStore } from '../storage/reports.ts'
import { createVault, type Vault } from '../storage/vault.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode, usageFault } from './fault.ts'
import { parseInstant } from './instant.ts'
import { recordLocalReading, subjectOf } from './local-reading.ts'
import { withDatabase } from './open-database.ts'
import { defineExport } from './records-export.ts'
import { requireSettings } from './settings-file.ts'
import { outcomeWords } from './state-words.ts'
import { nearest } from './suggest.ts'
import { formatInstant, formatTable } from './table.ts'
import type { Tools } from './tools.ts'

const DEFAULT_LIMIT = 50
const OUTCOMES = ['delivered', 'refused', 'failed', 'interrupted'] as const satisfies readonly Outcome[]

const TEXTS = {
  consumer: { vi: 'hệ thống hỏi', en: 'subsystem that asked' },
  provider: { vi: 'hệ thống cung cấp', en: 'subsystem that answered' },
  service: { vi: 'dịch vụ: cơ-quan/hệ-thống/dịch-vụ/v1', en: 'service: agency/subsystem/service/v1' },
  operation: { vi: 'thao tác', en: 'operation' },
  outcome: { vi: `kết quả: ${OUTCOMES.join(', ')}`, en: `outcome: ${OUTCOMES.join(', ')}` },
  code: { vi: 'mã lỗi, ví dụ field_not_agreed', en: 'error code, say field_not_agreed' },
  agreement: { vi: 'số thỏa thuận', en: 'id of the agreement' },
  purpose: { vi: 'mục đích', en: 'purpose' },
  exchange: { vi: 'mã giao dịch (Exchange-Id)', en: 'Exchange-Id' },
  since: {
    vi: 'từ: 2026-11-22, RFC 3339, hoặc 30m, 24h, 7d',
    en: 'from: 2026-11-22, RFC 3339, or 30m, 24h, 7d',
  },
  until: { vi: 'đến, cùng cách viết; ngày tính trọn', en: 'until, written alike; a day counts whole' },
  subject: {
    vi: 'đọc số định danh của người từ stdin, không bao giờ từ dòng lệnh',
    en: "read a person's identifier from stdin, never from the command line",
  },
  dossier: { vi: 'đọc mã hồ sơ từ stdin', en: 'read a dossier code from stdin' },
  officer: { vi: 'đọc mã cán bộ từ stdin', en: "read an officer's code from stdin" },
  before: { vi: 'trước giao dịch này (để xem trang sau)', en: 'before this exchange (for the next page)' },
  limit: {
    vi: `số bản ghi, nhiều nhất ${MAX_PAGE} (mặc định ${DEFAULT_LIMIT})`,
    en: `how many, at most ${MAX_PAGE} (default ${DEFAULT_LIMIT})`,
  },
  found: (count: number): Bilingual => ({
    vi: `${count} bản ghi.`,
    en: `${count === 1 ? '1 record' : `${count} records`}.`,
  }),
  none: { vi: 'Không có bản ghi nào khớp.', en: 'No record matches.' },
  more: (before: string): Bilingual => ({
    vi: `Còn bản ghi cũ hơn: thêm --before ${before}`,
    en: `There are earlier ones: add --before ${before}`,
  }),
  noIdentifier: { vi: 'stdin không có gì để tìm.', en: 'There is nothing on stdin to look for.' },
  noIdentifierFix: {
    vi: 'Ví dụ: lienthong records --subject-stdin < so-dinh-danh.txt',
    en: 'Say: lienthong records --subject-stdin < identifier.txt',
  },
  noKey: (file: string): Bilingual => ({
    vi: `Không có ${file}: khóa dữ liệu của cổng mở các nhãn trong sổ.`,
    en: `There is no ${file}: the gateway's data key opens the tags of the log.`,
  }),
  noKeyFix: {
    vi: 'Chạy lệnh với cấu hình (dataDir) của chính cổng đã ghi sổ.',
    en: 'Run it with the settings (dataDir) of the gateway that wrote the log.',
  },
  wrongKey: (file: string): Bilingual => ({
    vi: `${file} không phải khóa dữ liệu mà sổ này được ghi với.`,
    en: `${file} is not the data key this log was written under.`,
  }),
  columns: {
    vi: ['Số', 'Thời điểm', 'Kết quả', 'Bên hỏi', 'Dịch vụ', 'Thao tác', 'Mục đích', 'Mã giao dịch'],
    en: ['No.', 'Time (UTC+7)', 'Outcome', 'Consumer', 'Service', 'Operation', 'Purpose', 'Exchange-Id'],
  },
} as const

interface RecordsOptions {
  readonly consumer?: string
  readonly provider?: string
  readonly service?: string
  readonly operation?: string
  readonly outcome?: Outcome
  readonly code?: string
  readonly agreement?: string
  readonly purpose?: string
  readonly exchange?: string
  readonly since?: string
  readonly until?: string
  readonly subjectStdin?: boolean
  readonly dossierStdin?: boolean
  readonly officerStdin?: boolean
  readonly before?: string
  readonly limit?: string
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function parseCode(typed: string | undefined): ErrorCode | undefined {
  if (typed === undefined) return undefined
  if (Object.hasOwn(ERRORS, typed)) return typed as ErrorCode
  const meant = nearest(typed, Object.keys(ERRORS))
  throw usageFault(
    { vi: `Không có mã lỗi “${typed}”.`, en: `There is no error code '${typed}'.` },
    meant === undefined ? undefined : { vi: `Có phải bạn muốn: ${meant}?`, en: `Did you mean ${meant}?` },
  )
}

function parseExchange(typed: string | undefined, flag: string): string | undefined {
  const id = typed?.replace(/^urn:uuid:/i, '')
  if (id === undefined || UUID.test(id)) return id
  throw usageFault({ vi: `${flag} phải là một UUID.`, en: `${flag} must be a UUID.` })
}

function parseCount(typed: string | undefined, flag: string, max: number): number | undefined {
  if (typed === undefined) return undefined
  const count = /^\d{1,16}$/.test(typed) ? Number(typed) : 0
  if (count >= 1 && count <= max) return count
  throw usageFault({ vi: `${flag} phải là số từ 1 đến ${max}.`, en: `${flag} must be 1 to ${max}.` })
}

/** The conditions but for the tags, which need the database. */
function parseQuery(options: RecordsOptions, nowMs: number): AuditQuery {
  const { since, until, outcome, consumer, provider, service, operation, agreement, purpose } = options
  return {
    consumer,
    provider,
    service,
    operation,
    outcome,
    agreement,
    purpose,
    code: parseCode(options.code),
    exchange: parseExchange(options.exchange, '--exchange'),
    since: since === undefined ? undefined : parseInstant(since, nowMs, 'start'),
    until: until === undefined ? undefined : parseInstant(until, nowMs, 'end'),
    before: parseExchange(options.before, '--before'),
    limit: parseCount(options.limit, '--limit', MAX_PAGE) ?? DEFAULT_LIMIT,
  }
}

function wantedTag({ subjectStdin, dossierStdin, officerStdin }: RecordsOptions): TagKind | undefined {
  if (subjectStdin) return 'subject'
  if (dossierStdin) return 'dossier'
  return officerStdin ? 'officer' : undefined
}

/** The key is only needed to look for a tag; where the log is elsewhere everything else works without it. */
function openGatewayVault({ dataDir }: Settings): Pick<Vault, 'open'> {
  const file = join(dataDir, 'keys/data.key')
  const fault = (code: string, title: Bilingual, cause?: unknown) =>
    new CliFault(EXIT.failed, code, { title, side: 'you', fix: TEXTS.noKeyFix, cause })
  if (!existsSync(file)) throw fault('data_key_missing', TEXTS.noKey(file))
  const vault = createVault(readSecretFile(file).subarray(0, 32))
  return {
    open(sealed, context) {
      try {
        return vault.open(sealed, context)
      } catch (cause) {
        throw fault('data_key_wrong', TEXTS.wrongKey(file), cause)
      }
    },
  }
}

function searchBy(
  store: AuditStore,
  query: AuditQuery,
  tag: { kind: TagKind; identifier: string } | undefined,
) {
  if (tag === undefined) return store.search(query)
  return store
    .tagsOf(tag.kind, tag.identifier, query)
    .then((tags) => store.search({ ...query, tagged: { kind: tag.kind, tags } }))
}

const OUTCOME_STYLES = { delivered: 'green', refused: 'yellow', failed: 'red', interrupted: 'red' } as const

function showPage({ entries, more }: AuditPage, { terminal }: Tools): void {
  const rows = entries.map(({ leafIndex, record }) => [
    String(leafIndex),
    formatInstant(record.at),
    terminal.pick(outcomeWords(record.outcome)) + (record.code === undefined ? '' : ` ${record.code}`),
    record.consumer,
    record.service,
    record.operation ?? '',
    record.purpose ?? '',
    record.exchange,
  ])
  const [head = '', ...lines] = formatTable(TEXTS.columns[terminal.language], rows)
  if (entries.length > 0) terminal.result(terminal.style('bold', head, 'stdout'))
  lines.forEach((line, place) => {
    const outcome = entries[place]?.record.outcome ?? 'failed'
    const said = terminal.pick(outcomeWords(outcome))
    terminal.result(line.replace(said, terminal.style(OUTCOME_STYLES[outcome], said, 'stdout')))
  })
  const last = entries.at(-1)
  terminal.talk(terminal.pick(entries.length === 0 ? TEXTS.none : TEXTS.found(entries.length)))
  if (more && last !== undefined) terminal.talk(terminal.pick(TEXTS.more(last.record.exchange)))
}

function presentOnly(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

async function records(options: RecordsOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const query = parseQuery(options, outside.now())
  const settings = requireSettings(tools)
  const kind = wantedTag(options)
  const identifier = kind === undefined ? undefined : (await readText(outside.stdin)).trim()
  if (identifier === '') throw usageFault(TEXTS.noIdentifier, TEXTS.noIdentifierFix)
  const tag = kind !== undefined && identifier !== undefined ? { kind, identifier } : undefined
  const page = await withDatabase(settings, tools, async (database) => {
    const openVault = () => openGatewayVault(settings)
    const found = await searchBy(createAuditStore({ pool: database.pool, openVault }), query, tag)
    const { since, until, ...conditions } = query
    const span = { since: since?.toISOString(), until: until?.toISOString() }
    await recordLocalReading(database, settings, {
      found: found.entries.length,
      query: presentOnly({ ...conditions, ...span, by: kind }),
      subject: subjectOf(tag),
      nowMs: outside.now(),
    })
    return found
  })
  if (terminal.json) {
    const found = page.entries.map(({ leafIndex, leafHash, record }) => ({
      leafIndex,
      leafHash,
      at: new Date(record.at).toISOString(),
      record,
    }))
    terminal.resultJson({ records: found, more: page.more })
  } else showPage(page, tools)
  return EXIT.ok
}

/** `lienthong records`: what was exchanged, from the log itself. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  const fromStdin = (flag: string, text: Bilingual, others: string[]) =>
    new Option(flag, pick(text)).conflicts(others)
  command
    .option('--consumer <id>', pick(TEXTS.consumer))
    .option('--provider <id>', pick(TEXTS.provider))
    .option('--service <id>', pick(TEXTS.service))
    .option('--operation <id>', pick(TEXTS.operation))
    .addOption(new Option('--outcome <outcome>', pick(TEXTS.outcome)).choices(OUTCOMES))
    .option('--code <code>', pick(TEXTS.code))
    .option('--agreement <id>', pick(TEXTS.agreement))
    .option('--purpose <code>', pick(TEXTS.purpose))
    .option('--exchange <id>', pick(TEXTS.exchange))
    .option('--since <time>', pick(TEXTS.since))
    .option('--until <time>', pick(TEXTS.until))
    .addOption(fromStdin('--subject-stdin', TEXTS.subject, ['dossierStdin', 'officerStdin']))
    .addOption(fromStdin('--dossier-stdin', TEXTS.dossier, ['subjectStdin', 'officerStdin']))
    .addOption(fromStdin('--officer-stdin', TEXTS.officer, ['subjectStdin', 'dossierStdin']))
    .option('--before <id>', pick(TEXTS.before))
    .option('--limit <n>', pick(TEXTS.limit))
    .action(tools.act((options: RecordsOptions) => records(options, tools)))
  defineExport(command, tools)
  addGuide(command, tools.terminal, {
    examples: [
      [
        'records --since 24h --outcome refused',
        { vi: 'các yêu cầu bị từ chối trong một ngày', en: 'what was refused within a day' },
      ],
      [
        'records --subject-stdin --since 2026-11-01 < so-dinh-danh.txt',
        { vi: 'ai đã hỏi về một người', en: 'who asked about a person' },
      ],
    ],
    json: '{ "records": [ { "leafIndex", "leafHash", "at", "record": { … schemas/record.schema.json } } ], "more" }',
  })
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SIZE_RULES } from '../../src/contract/admission.ts'
import { DOCUMENT_RULES } from '../../src/contract/document-rules.ts'
import { OPERATION_RULES } from '../../src/contract/operation-rules.ts'
import { SCHEMA_RULES } from '../../src/contract/schema-rules.ts'
import { listSettings } from '../../src/http/setting-list.ts'
import { ERRORS, type ErrorEntry, type Stage } from '../../src/model/error-table.ts'
import type { Bilingual } from '../../src/model/identifier.ts'
import type { LabelSource, MetricEntry } from '../../src/telemetry/metric-entry.ts'
import { METRICS } from '../../src/telemetry/metric-table.ts'
import { PROCESS_METRICS } from '../../src/telemetry/process-table.ts'
import { systemsTable } from './systems-page.ts'

/** Pages of docs/ that are written from the tables the program itself runs on; `npm run docs` writes them. */

const ROOT = join(import.meta.dirname, '../..')

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

function page(title: string, source: string, lines: readonly string[]): string {
  return [
    `# ${title}`,
    '',
    `<!-- Written by npm run docs from ${source}; not by hand. -->`,
    '',
    ...lines,
    '',
  ].join('\n')
}

// --- errors ----------------------------------------------------------------------------------------------

const STAGES: Readonly<Record<Stage, { readonly title: string; readonly record: string }>> = {
  gate: { title: 'Read the request', record: 'none: counted only' },
  authenticate: { title: 'Authenticate', record: 'none: counted only' },
  resolve: { title: 'Find service and operation', record: 'refused' },
  authorise: { title: 'Authorise', record: 'refused' },
  check_request: { title: 'Check the request', record: 'refused' },
  call: { title: 'Call the provider', record: 'failed' },
  check_response: { title: 'Check the answer', record: 'failed' },
  record: { title: 'Record', record: 'failed, where it can be written' },
}

const ERRORS_HEAD = `**Tóm tắt.** Mọi lỗi của cổng là một tài liệu \`application/problem+json\` (RFC 9457). Chương trình nên dựa vào \`code\`:
mã không bao giờ đổi tên, còn câu chữ có thể được sửa. \`fault\` cho biết bên nào phải xử lý, \`fix\` cho biết làm gì.
Tiếng Việt là mặc định; gửi \`Accept-Language: en\` để nhận tiếng Anh.

Every error of the gateway is an \`application/problem+json\` document (RFC 9457). Programs go by \`code\`: a code is
never renamed, the words may be improved. \`fault\` says whose side has to act, \`fix\` what to do. Vietnamese is the
default; \`Accept-Language: en\` gives English.

| member | what it holds |
| --- | --- |
| \`type\` | an address that ends in the code |
| \`title\`, \`detail\`, \`fix\` | words for people, in one language |
| \`status\` | the HTTP status |
| \`code\`, \`fault\` | for programs: one of the codes below; \`consumer\`, \`provider\` or \`gateway\` |
| \`instance\`, \`exchangeId\` | the exchange, once the request was understood; quote it when asking for help |
| \`traceId\` | the W3C trace the exchange belongs to: the same in its record, its log line and at the provider |
| \`errors\` | of a body that breaks its contract: \`pointer\` (RFC 6901), \`rule\` and \`detail\` of each place; never the value |

\`Retry-After\` (seconds) stands beside an error that passes by itself. The token endpoint answers in OAuth's own form
(RFC 6749 §5.2) with the same code in its member \`code\`.

A request whose sender is not yet known leaves no record in the ledger: it is counted in
\`lienthong_refusals_total\`. This is so for any code that comes up before authentication has ended, and for
\`subsystem_suspended\`. From then on each error is one record with the outcome named below.`

function errorSection(code: string, entry: ErrorEntry): string[] {
  const { status, fault, title, fix, oauth } = entry
  const facts = [`HTTP ${status}`, `side: ${fault}`, ...(oauth === undefined ? [] : [`OAuth: \`${oauth}\``])]
  return [
    `### ${code}`,
    '',
    `${facts.join(' · ')}`,
    '',
    `- vi: **${title.vi}.** ${fix.vi}`,
    `- en: **${title.en}.** ${fix.en}`,
    '',
  ]
}

function writeErrors(): string {
  const entries: readonly (readonly [string, ErrorEntry])[] = Object.entries(ERRORS)
  const stages = Object.entries(STAGES).flatMap(([stage, { title, record }]) => [
    `## ${title}`,
    '',
    `Stage \`${stage}\` · record: ${record}`,
    '',
    ...entries
      .filter(([, entry]) => entry.stage === stage)
      .flatMap(([code, entry]) => errorSection(code, entry)),
  ])
  return page('Errors', 'src/model/error-table.ts', [ERRORS_HEAD, '', ...stages].slice(0, -1))
}

// --- settings --------------------------------------------------------------------------------------------

const SETTINGS_TITLE: Bilingual = { vi: 'Cấu hình', en: 'Settings' }

const SETTINGS_HEAD: Bilingual = {
  vi: `*[English](../settings.md)*

Cấu hình nằm trong \`config/gateway.yaml\` (tệp khác: \`--config\`). Mỗi mục cũng đặt được bằng biến môi trường ghi bên cạnh,
giá trị viết theo YAML; biến môi trường được ưu tiên hơn tệp, và \`DATABASE_URL\` được ưu tiên hơn cả hai cho
\`database.url\`. Biến bắt đầu bằng \`LIENTHONG_\` mà không chỉ mục nào là lỗi, mục lạ trong tệp cũng vậy. Đường dẫn
tương đối tính từ thư mục trên thư mục của tệp. \`lienthong check\` nêu mọi lỗi cùng lúc, kèm tệp, dòng và mục; cổng
không khởi động với cấu hình sai. Mục có \`[]\` thuộc từng phần tử của một danh sách.`,
  en: `**Tóm tắt.** Cấu hình nằm trong \`config/gateway.yaml\`; mọi giá trị đều có thể đặt bằng biến môi trường, và biến môi
trường thắng tệp. \`lienthong check\` nêu mọi lỗi cùng lúc, kèm tệp và dòng; cổng không khởi động với cấu hình sai.
Từng mục bằng tiếng Việt: [vi/settings.md](vi/settings.md).

Settings stand in \`config/gateway.yaml\` (another file: \`--config\`). Each member can also be set by the environment
variable beside it, whose value is read as YAML; the environment wins over the file, and \`DATABASE_URL\` over both for
\`database.url\`. A variable that begins with \`LIENTHONG_\` and names no setting is a fault, as is an unknown member.
Relative paths are taken from the folder above the file's own. \`lienthong check\` tells every fault at once with file,
line and member; a gateway does not start on settings that have one. A member with \`[]\` is one of each part of a list.`,
}

const SETTINGS_COLUMNS: Readonly<Record<keyof Bilingual, readonly string[]>> = {
  vi: ['mục', 'biến môi trường', 'giá trị', 'mặc định', 'nghĩa'],
  en: ['member', 'environment', 'value', 'default', 'meaning'],
}

function writeSettings(language: keyof Bilingual): string {
  const rows = listSettings().map(({ path, environment, value, fallback, meaning }) => [
    `\`${path}\``,
    environment === undefined ? '' : `\`${environment}\``,
    value?.[language] ?? '',
    fallback?.[language] ?? (value === undefined ? '' : '–'),
    meaning[language],
  ])
  return page(SETTINGS_TITLE[language], 'schemas/settings.schema.json', [
    SETTINGS_HEAD[language],
    '',
    ...table(SETTINGS_COLUMNS[language], rows),
  ])
}

// --- metrics ---------------------------------------------------------------------------------------------

const SOURCES: Readonly<Record<Exclude<LabelSource, readonly string[]>, string>> = {
  subsystem: 'a subsystem of the registry',
  service: 'a service of the registry',
  operation: 'an operation of the registry',
  route: 'a route of the gateway or of a contract',
  address: "a provider's host",
  method: 'an HTTP method',
  status: 'an HTTP status',
  error: 'an error code',
  given: 'chosen by the gateway',
}

const MAX_WORDS = 8

function labelText(name: string, source: LabelSource): string {
  if (typeof source === 'string') return `\`${name}\`: ${SOURCES[source]}`
  if (source.length > MAX_WORDS && source.some((word) => Object.hasOwn(ERRORS, word))) {
    const others = source.filter((word) => !Object.hasOwn(ERRORS, word)).map((word) => `\`${word}\``)
    return `\`${name}\`: ${[...others, 'a [code](errors.md)'].join(' or ')}`
  }
  return `\`${name}\`: ${source.map((word) => `\`${word}\``).join(', ')}`
}

const METRICS_HEAD = `**Tóm tắt.** \`GET /metrics\` ở cổng quản trị (mặc định \`127.0.0.1:9464\`) trả các chỉ số dưới đây ở dạng Prometheus
hoặc OpenMetrics. Tên và nhãn là một phần của giao diện: bảng điều khiển và cảnh báo dựa vào chúng. Số giao dịch là
\`lienthong_transactions_total\`. Không nhãn nào mang dữ liệu cá nhân hay mã giao dịch.

\`GET /metrics\` on the management listener (\`127.0.0.1:9464\` by default) gives what follows, as Prometheus text or, where
\`Accept\` asks for it, OpenMetrics with exemplars (the trace id of a recent observation). Names and labels are part of
the interface. Label values come from closed sets or from the registry; what the registry does not know is counted under
\`_unknown\`, and what a metric has no room for (\`limits.maxSeriesPerMetric\`) under \`_other\`. Series of the registry's
agreements and of closed sets exist from the start, at zero. With several workers the page is the sum over all of them;
of a gauge it is the sum, the largest or the smallest value, as said below.`

function metricRows(metrics: Readonly<Record<string, MetricEntry>>): string[][] {
  return Object.entries(metrics).map(([name, entry]) => [
    `\`${name}\``,
    [entry.type, ...(entry.merge === undefined ? [] : [`(${entry.merge})`])].join(' '),
    Object.entries(entry.labels)
      .map(([label, source]) => labelText(label, source))
      .join('; '),
    `${entry.help}<br>${entry.meaning}`,
  ])
}

function writeMetrics(): string {
  const all: Readonly<Record<string, MetricEntry>> = METRICS
  const own = Object.fromEntries(
    Object.entries(all).filter(([name]) => !Object.hasOwn(PROCESS_METRICS, name)),
  )
  const head = ['name', 'type', 'labels', 'meaning']
  const buckets = Object.entries(all)
    .filter(([, { buckets: bounds }]) => bounds !== undefined)
    .map(([name, { buckets: bounds = [], unit = '' }]) => [`\`${name}\``, unit, bounds.join(', ')])
  return page('Metrics', 'src/telemetry/metric-table.ts', [
    METRICS_HEAD,
    '',
    "## The gateway's own",
    '',
    ...table(head, metricRows(own)),
    '',
    '## The process',
    '',
    ...table(head, metricRows(PROCESS_METRICS)),
    '',
    '## Buckets of the histograms',
    '',
    ...table(['name', 'unit', 'upper bounds'], buckets),
  ])
}

// --- contract rules --------------------------------------------------------------------------------------

const RULES_HEAD = `**Tóm tắt.** Một hợp đồng (OpenAPI 3.1 dưới \`schemas/services/\`) chỉ được nhận khi việc soát theo nó là rẻ, chắc chắn và
kín. \`lienthong check\` nêu từng chỗ sai kèm tên quy tắc dưới đây.

A contract (OpenAPI 3.1 under \`schemas/services/\`) is admitted only if checking against it is cheap, certain and closed.
\`lienthong check\` names each place that breaks a rule. Of OpenAPI the part that has an effect here is taken; the rest
(callbacks, links, parameter styles, other content types) is refused rather than ignored. A document has at most 256 KB,
40 levels and 50,000 parts. Why the bounds are what they are, and how patterns are matched:
[decisions/0004](decisions/0004-bounded-validation.md).`

function ruleRows(rules: readonly { readonly rule: string; readonly detail: Bilingual }[]): string[][] {
  return rules.map(({ rule, detail }) => [`\`${rule}\``, `${detail.en}<br>${detail.vi}`])
}

function writeContractRules(): string {
  const head = ['rule', 'what the check says']
  return page('Rules for contracts', 'the rule tables of src/contract', [
    RULES_HEAD,
    '',
    '## Documents',
    '',
    ...table(head, ruleRows(DOCUMENT_RULES)),
    '',
    '## Operations',
    '',
    ...table(head, ruleRows(OPERATION_RULES)),
    '',
    '## Sizes of schemas',
    '',
    ...table(head, ruleRows(Object.entries(SIZE_RULES).map(([rule, detail]) => ({ rule, detail })))),
    '',
    '## Every schema',
    '',
    ...table(head, ruleRows(SCHEMA_RULES.filter(({ scope }) => scope === 'all'))),
    '',
    '## Schemas of requests, besides',
    '',
    'An answer may hold more than the contract says, since it is minimised; a request may not.',
    '',
    ...table(head, ruleRows(SCHEMA_RULES.filter(({ scope }) => scope === 'request'))),
  ])
}

// --- systems ---------------------------------------------------------------------------------------------

const SYSTEMS_HEAD = `**Tóm tắt.** Các hệ thống, cơ sở dữ liệu và cổng mà yêu cầu nêu tên: dịch vụ nào thay cho hệ thống đó, hệ thống nào
đang khai thác, phần nào đã chạy, phần nào còn mở. Mỗi dòng do một bài thử qua cổng thật giữ; bài thử hỏng thì bản
dựng hỏng.

Every system, data set and portal that the requirements name: the services that stand for it in the sandbox, who
asks, what works and what is open. Each row is held by a scenario over real HTTP through the whole gateway; a row
without one says so. Providers are those of the sandbox: shapes follow published documents, people are synthetic.`

function writeSystems(): string {
  return page('Systems', 'test/support/systems.ts and config/registry', [SYSTEMS_HEAD, '', ...systemsTable()])
}

/** Every generated page, by its path in the project. */
export function generateDocs(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/errors.md', writeErrors()],
    ['docs/settings.md', writeSettings('en')],
    ['docs/vi/settings.md', writeSettings('vi')],
    ['docs/metrics.md', writeMetrics()],
    ['docs/contract-rules.md', writeContractRules()],
    ['docs/systems.md', writeSystems()],
  ])
}

if (import.meta.main) {
  for (const [path, text] of generateDocs()) writeFileSync(join(ROOT, path), text)
}

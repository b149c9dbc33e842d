import { existsSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import type { Command } from 'commander'
import type { Bilingual } from '../model/identifier.ts'
import { describeAnswer, exitOf, explainProblem, isProblem, resultOf } from './answer.ts'
import { buildBody, fillPath } from './body.ts'
import type { CallAnswer, Evidence } from './client.ts'
import { addConsumerOptions, type ConsumerOptions, openConsumer } from './consumer.ts'
import { addGuide } from './examples.ts'
import { type ExitCode, usageFault } from './fault.ts'
import { findOperation } from './operation.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  service: { vi: 'dịch vụ: cơ-quan/hệ-thống/dịch-vụ/v1', en: 'service: agency/subsystem/service/v1' },
  operation: {
    vi: 'tên thao tác trong hợp đồng, hoặc đường dẫn bắt đầu bằng /',
    en: 'name of an operation of the contract, or a path beginning with /',
  },
  body: {
    vi: 'tên=giá-trị, tên:=JSON, a.b=giá-trị, @tệp.json, @- (stdin)',
    en: 'name=value, name:=JSON, a.b=value, @file.json, @- (stdin)',
  },
  purpose: {
    vi: 'mục đích khai thác, theo thỏa thuận (bắt buộc)',
    en: 'purpose, as the agreement says (required)',
  },
  dossier: { vi: 'mã hồ sơ', en: 'dossier code' },
  procedure: { vi: 'mã thủ tục hành chính', en: 'code of the administrative procedure' },
  officer: { vi: 'mã cán bộ', en: "officer's code" },
  note: {
    vi: 'lý do tra cứu bằng lời của cán bộ, giữ riêng cạnh sổ; nhiều nhất 200 ký tự',
    en: "why the officer asks, in the officer's words, kept beside the log; at most 200 characters",
  },
  consent: {
    vi: 'tệp có sự đồng ý của người được hỏi (JWT của nơi cấp)',
    en: "file with the consent of the person asked about (its issuer's JWT)",
  },
  fields: {
    vi: 'chỉ lấy các trường này (con trỏ JSON, cách nhau dấu phẩy)',
    en: 'these fields only (JSON Pointers, divided by commas)',
  },
  method: {
    vi: 'phương thức khi gõ đường dẫn (mặc định POST)',
    en: 'method where a path is given (default POST)',
  },
  key: {
    vi: 'Idempotency-Key; thao tác nộp tự có khóa mới',
    en: 'Idempotency-Key; a submission gets a new one by itself',
  },
  sign: {
    vi: 'ký yêu cầu (RFC 9421) và đòi câu trả lời có chữ ký của cổng',
    en: "sign the request (RFC 9421) and demand the gateway's signature on the answer",
  },
  evidence: {
    vi: 'ký, rồi ghi yêu cầu, câu trả lời và khóa của cổng vào tệp mới (quyền 600)',
    en: "sign, and write request, answer and the gateway's key to a new file (mode 600)",
  },
  evidenceThere: (file: string): Bilingual => ({
    vi: `Tệp ${file} đã có; bằng chứng không được ghi đè.`,
    en: `The file ${file} is there already; evidence is not overwritten.`,
  }),
  signed: {
    vi: 'Câu trả lời mang chữ ký của cổng, gắn với yêu cầu này.',
    en: "The answer bears the gateway's signature, bound to this request.",
  },
  schemas: { vi: 'thư mục có services/ (mặc định schemas/)', en: 'folder with services/ (default schemas/)' },
  noPurpose: { vi: 'Thiếu --purpose.', en: '--purpose is missing.' },
  noPurposeFix: {
    vi: 'Thêm mục đích ghi trong thỏa thuận, ví dụ --purpose giai-quyet-thu-tuc-hanh-chinh.',
    en: 'Add a purpose the agreement names, say --purpose giai-quyet-thu-tuc-hanh-chinh.',
  },
  submits: (key: string): Bilingual => ({
    vi: `Idempotency-Key: ${key} (gửi lại với --idempotency-key này thì không nộp hai lần)`,
    en: `Idempotency-Key: ${key} (sent again with this --idempotency-key nothing is submitted twice)`,
  }),
  privacy: {
    vi: 'Dữ liệu của người thật không nên gõ thẳng trên dòng lệnh (lịch sử, ps): dùng @tệp.json hoặc @-.',
    en: "Real people's data should not be typed on a command line (history, ps): use @file.json or @-.",
  },
} as const

interface CallOptions extends ConsumerOptions {
  readonly purpose?: string
  readonly dossier?: string
  readonly procedure?: string
  readonly officer?: string
  readonly note?: string
  readonly consent?: string
  readonly fields?: string
  readonly method?: string
  readonly idempotencyKey?: string
  readonly schemas?: string
  readonly sign?: boolean
  readonly evidence?: string
}

/** Bytes stand as base64: what was signed is bytes. */
function writeEvidence(file: string, { request, answer, gatewayKey }: Evidence): void {
  const base64 = (body: string | Buffer = '') => Buffer.from(body).toString('base64')
  const { method, targetUri, fields, body } = request
  const kept = {
    request: { method, targetUri, fields: Object.fromEntries(fields), body: base64(body) },
    answer: { status: answer.status, fields: answer.headers, body: base64(answer.body) },
    gatewayKey,
  }
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
}

/** What is to be called, whether it was named by operation or by path. */
interface Target {
  readonly method: string
  readonly pathTemplate: string
  /** Whether sending it twice could do something twice; of a path it is not known. */
  readonly submits: boolean | undefined
}

function findTarget(service: string, operation: string, options: CallOptions, tools: Tools): Target {
  if (operation.startsWith('/')) {
    const method = (options.method ?? 'POST').toUpperCase()
    const isSafe = method === 'GET' || method === 'HEAD'
    return { method, pathTemplate: operation, submits: isSafe ? false : undefined }
  }
  const schemasDir =
    options.schemas === undefined
      ? join(tools.projectRoot, 'schemas')
      : resolve(tools.outside.workingDirectory, options.schemas)
  const { method, pathTemplate, kind } = findOperation(schemasDir, service, operation)
  return { method, pathTemplate, submits: kind === 'submit' || kind === 'request' }
}

function show(answer: CallAnswer, idempotencyKey: string | undefined, tools: Tools): ExitCode {
  const { terminal, outside } = tools
  const result = resultOf(answer, idempotencyKey, outside.now())
  if (terminal.json) terminal.resultJson(result)
  else if (isProblem(answer)) terminal.complain(explainProblem(terminal, answer, result))
  else {
    if (answer.body !== undefined) {
      terminal.result(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body, null, 2))
    }
    terminal.talk(describeAnswer(terminal, answer, result))
  }
  return exitOf(answer.status)
}

interface Typed {
  readonly service: string
  readonly operation: string
  readonly words: readonly string[]
}

async function call(
  { service, operation, words }: Typed,
  options: CallOptions,
  tools: Tools,
): Promise<ExitCode> {
  const { terminal, outside } = tools
  const { purpose, dossier, procedure, officer, note } = options
  if (purpose === undefined) throw usageFault(TEXTS.noPurpose, TEXTS.noPurposeFix)
  const target = findTarget(service, operation, options, tools)
  const read = (file: string) =>
    file === '-' ? readText(outside.stdin) : readFile(resolve(outside.workingDirectory, file), 'utf8')
  const { path, body } = fillPath(target.pathTemplate, await buildBody(words, read))
  const consent = options.consent === undefined ? undefined : (await read(options.consent)).trim()
  const evidenceFile =
    options.evidence === undefined ? undefined : resolve(outside.workingDirectory, options.evidence)
  // Said before anything is sent: what was asked once cannot be asked again for its proof.
  if (evidenceFile !== undefined && existsSync(evidenceFile))
    throw usageFault(TEXTS.evidenceThere(evidenceFile))
  const { client } = openConsumer(options, tools)
  const idempotencyKey = options.idempotencyKey ?? (target.submits === false ? undefined : outside.newId())
  const tellKey = () => {
    if (idempotencyKey === undefined || options.idempotencyKey !== undefined) return
    terminal.talk(terminal.style('dim', terminal.pick(TEXTS.submits(idempotencyKey))))
  }
  // Told before it is sent: whatever happens then, the submission can be asked about again.
  if (target.submits) tellKey()
  const request = {
    service,
    path,
    method: target.method,
    body,
    purpose,
    dossier,
    procedure,
    officer,
    note,
    consent,
    fields: options.fields?.split(','),
    idempotencyKey,
    sign: options.sign === true || options.evidence !== undefined,
  }
  const answer = await client.call(request).catch((thrown: unknown) => {
    if (target.submits === undefined) tellKey()
    throw thrown
  })
  if (target.submits === undefined && answer.status >= 500) tellKey()
  if (answer.evidence !== undefined) {
    if (evidenceFile !== undefined) writeEvidence(evidenceFile, answer.evidence)
    terminal.talk(terminal.style('dim', terminal.pick(TEXTS.signed)))
  }
  return show(answer, idempotencyKey, tools)
}

/** `lienthong call`: one signed request, and its answer in plain words. */
export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  command
    .argument('<service>', pick(TEXTS.service))
    .argument('<operation>', pick(TEXTS.operation))
    .argument('[body...]', pick(TEXTS.body))
    .option('--purpose <code>', pick(TEXTS.purpose))
    .option('--dossier <code>', pick(TEXTS.dossier))
    .option('--procedure <code>', pick(TEXTS.procedure))
    .option('--officer <code>', pick(TEXTS.officer))
    .option('--note <text>', pick(TEXTS.note))
    .option('--consent <file>', pick(TEXTS.consent))
    .option('--fields <pointers>', pick(TEXTS.fields))
    .option('--method <method>', pick(TEXTS.method))
    .option('--idempotency-key <key>', pick(TEXTS.key))
    .option('--schemas <dir>', pick(TEXTS.schemas))
    .option('--sign', pick(TEXTS.sign))
    .option('--evidence <file>', pick(TEXTS.evidence))
  addConsumerOptions(command, tools).action(
    tools.act((service: string, operation: string, words: string[], options: CallOptions) =>
      call({ service, operation, words }, options, tools),
    ),
  )
  addGuide(command, tools.terminal, {
    examples: [
      [
        'call G01/dan-cu/cong-dan/v1 verifyCitizen --consumer H29/mot-cua --purpose giai-quyet-thu-tuc-hanh-chinh @cong-dan.json',
        { vi: 'xác thực một công dân', en: 'verify a citizen' },
      ],
      [
        'call G10/dat-dai/thua-dat/v1 /tra-cuu parcelKey=… --fields /owners/name --purpose …',
        { vi: 'gọi theo đường dẫn, chỉ lấy một trường', en: 'by path, one field only' },
      ],
    ],
    notes: TEXTS.privacy,
    json: '{ "status", "exchangeId", "receipt", "rateLimit", "idempotencyKey", "replayed",\n  "retryAfterSeconds", "ms", "body" }',
  })
}

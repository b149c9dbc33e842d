import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { JWK } from 'jose'
import { readSecretFile } from '../identity/key-file.ts'
import { NODE_CRYPTO } from '../identity/log-key.ts'
import { type NoteKey, parseVerifierKey } from '../ledger/note.ts'
import { follow, openBulk } from './bulk.ts'
import { addConsumerOptions, type ConsumerOptions } from './consumer.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import { addGuide } from './examples.ts'
import { EXIT, type ExitCode, usageFault } from './fault.ts'
import { openPackage } from './package-open.ts'
import type { Tools } from './tools.ts'
import { concludeFindings } from './verify-findings.ts'

const TEXTS = {
  make: {
    vi: 'lấy kết quả một công việc đã xong thành gói đã ký và mã hóa; mỗi lần là một giao dịch được ghi sổ',
    en: "fetch a finished job's results as a package, signed and encrypted; each time is a recorded exchange",
  },
  order: {
    vi: 'đặt một tập dữ liệu ẩn danh, đợi đọc xong rồi lấy gói',
    en: 'order a data set that leaves anonymised, wait until it is read and fetch its package',
  },
  open: {
    vi: 'kiểm tra và mở một gói, không cần mạng; chỉ ghi ra khi tất cả đều đúng',
    en: 'check and open a package, offline; nothing is written unless everything holds',
  },
  service: { vi: 'mã dịch vụ', en: 'id of the service' },
  operation: {
    vi: 'thao tác có x-exchange.anonymised trong hợp đồng',
    en: 'operation with x-exchange.anonymised in the contract',
  },
  scope: {
    vi: 'phạm vi của tập, một đối tượng JSON theo hợp đồng (mặc định {})',
    en: 'what of the set, a JSON object as the contract says (default {})',
  },
  purpose: {
    vi: 'mục đích khai thác, theo thỏa thuận (bắt buộc)',
    en: 'purpose, as the agreement says (required)',
  },
  noPurpose: { vi: 'Thiếu --purpose.', en: '--purpose is missing.' },
  noScope: { vi: '--scope phải là một đối tượng JSON.', en: '--scope has to be a JSON object.' },
  left: { vi: 'dòng bị lược để ẩn danh', en: 'rows left out for anonymity' },
  job: { vi: 'mã công việc (lienthong bulk)', en: 'id of the job (lienthong bulk)' },
  file: { vi: 'tệp gói', en: 'file of the package' },
  out: { vi: 'ghi vào tệp mới (quyền 600)', en: 'write to a new file (mode 600)' },
  logKey: {
    vi: 'khóa kiểm tra của sổ (/log/vkey): tệp, hoặc chính nó',
    en: "the log's verifier key (/log/vkey): a file, or the key itself",
  },
  decryptionKey: {
    vi: 'tệp JWK khóa riêng của credentials.encryptionKey',
    en: 'file with the private JWK of credentials.encryptionKey',
  },
  there: { vi: 'Tệp đã có; không ghi đè.', en: 'The file is there already; it is not overwritten.' },
  noKeys: { vi: 'Cần --log-key và --decryption-key.', en: '--log-key and --decryption-key are needed.' },
  wrongKey: { vi: 'Không đọc được khóa.', en: 'The key cannot be read.' },
} as const

interface OrderTyped extends ConsumerOptions {
  readonly scope?: string
  readonly purpose?: string
  readonly out?: string
}

function readScope(typed: string): Members {
  try {
    const scope: unknown = JSON.parse(typed)
    if (isMembers(scope)) return scope
  } catch {
    // Told below.
  }
  throw usageFault(TEXTS.noScope)
}

async function order(
  service: string,
  operation: string,
  { scope = '{}', purpose, out, ...options }: OrderTyped,
  tools: Tools,
): Promise<ExitCode> {
  if (purpose === undefined) throw usageFault(TEXTS.noPurpose)
  const wanted = { service, operation, scope: readScope(scope) }
  // Before anything is ordered: a file that is there is not overwritten.
  if (out !== undefined) newFile(out, tools)
  const client = openBulk(options, tools)
  const { id } = await client.create(wanted, { 'exchange-purpose': purpose })
  tools.terminal.talk(id)
  const { state, code } = await follow(client, id, tools)
  if (state === 'done') return make(id, { ...options, ...(out !== undefined && { out }) }, tools)
  tools.terminal.talk(`${state} ${code ?? ''}`.trimEnd())
  return EXIT.failed
}

interface OpenTyped {
  readonly logKey?: string
  readonly decryptionKey?: string
  readonly out?: string
}

function newFile(typed: string, { outside }: Tools): string {
  const path = resolve(outside.workingDirectory, typed)
  if (existsSync(path)) throw usageFault(TEXTS.there)
  return path
}

async function make(
  id: string,
  options: ConsumerOptions & { out?: string },
  tools: Tools,
): Promise<ExitCode> {
  const out = newFile(options.out ?? `${id}.package`, tools)
  await writeFile(out, await openBulk(options, tools).package(id), { mode: 0o600, flag: 'wx' })
  if (tools.terminal.json) tools.terminal.resultJson({ file: out })
  else tools.terminal.result(out)
  return EXIT.ok
}

async function readLogKey(typed: string, { outside }: Tools): Promise<NoteKey> {
  const path = resolve(outside.workingDirectory, typed)
  const text = existsSync(path) ? await readFile(path, 'utf8') : typed
  const key = await parseVerifierKey(text.trim(), NODE_CRYPTO.hash)
  if (key === undefined) throw usageFault(TEXTS.wrongKey)
  return key
}

function readPrivateKey(path: string): JWK {
  try {
    return JSON.parse(readSecretFile(path).toString('utf8'))
  } catch {
    throw usageFault(TEXTS.wrongKey)
  }
}

async function open(typed: string, options: OpenTyped, tools: Tools): Promise<ExitCode> {
  const { workingDirectory } = tools.outside
  if (options.logKey === undefined || options.decryptionKey === undefined) throw usageFault(TEXTS.noKeys)
  const { findings, manifest } = await openPackage({
    file: resolve(workingDirectory, typed),
    logKey: await readLogKey(options.logKey, tools),
    privateJwk: readPrivateKey(resolve(workingDirectory, options.decryptionKey)),
    ...(options.out !== undefined && { out: newFile(options.out, tools) }),
  })
  if (manifest !== undefined && !tools.terminal.json) {
    const { exchange, consumer, service, operation, agreement, purpose, records, anonymised } = manifest
    tools.terminal.talk(
      `${exchange} ${consumer} ← ${service} ${operation} ${agreement} ${purpose} ${records}`,
    )
    if (anonymised !== undefined) {
      const { rules, suppressed } = anonymised
      tools.terminal.talk(`k = ${rules.k}; ${suppressed} ${tools.terminal.pick(TEXTS.left)}`)
    }
  }
  return concludeFindings(findings, tools)
}

export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  addGuide(command, tools.terminal, {
    examples: [
      [
        'package make "$ID" --out so-lieu.package --consumer G09/can-bo',
        { vi: 'lấy gói để chép lên thiết bị', en: 'fetch a package to put on media' },
      ],
      [
        'package open so-lieu.package --log-key vkey --decryption-key goi.jwk --out so-lieu.ndjson',
        { vi: 'kiểm tra và mở', en: 'check and open it' },
      ],
      [
        'package order G18/bao-tro/doi-tuong/v1 exportBeneficiaries --scope \'{"edition":"2026"}\' --purpose thong-ke --consumer H21/ioc',
        { vi: 'đặt một tập dữ liệu ẩn danh', en: 'order an anonymised data set' },
      ],
    ],
    json: 'make, order: {"file"}; open: {"holds", "findings"}',
  })
  addConsumerOptions(command.command('make').description(pick(TEXTS.make)), tools)
    .argument('<job>', pick(TEXTS.job))
    .option('--out <file>', pick(TEXTS.out))
    .action(tools.act((id: string, options: ConsumerOptions & { out?: string }) => make(id, options, tools)))
  addConsumerOptions(command.command('order').description(pick(TEXTS.order)), tools)
    .argument('<service>', pick(TEXTS.service))
    .argument('<operation>', pick(TEXTS.operation))
    .option('--scope <json>', pick(TEXTS.scope))
    .option('--purpose <code>', pick(TEXTS.purpose))
    .option('--out <file>', pick(TEXTS.out))
    .action(
      tools.act((service: string, operation: string, options: OrderTyped) =>
        order(service, operation, options, tools),
      ),
    )
  command
    .command('open')
    .description(pick(TEXTS.open))
    .argument('<file>', pick(TEXTS.file))
    .option('--log-key <vkey>', pick(TEXTS.logKey))
    .option('--decryption-key <file>', pick(TEXTS.decryptionKey))
    .option('--out <file>', pick(TEXTS.out))
    .action(tools.act((file: string, options: OpenTyped) => open(file, options, tools)))
}

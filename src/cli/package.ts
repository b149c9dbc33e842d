import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { JWK } from 'jose'
import { readSecretFile } from '../identity/key-file.ts'
import { NODE_CRYPTO } from '../identity/log-key.ts'
import { type NoteKey, parseVerifierKey } from '../ledger/note.ts'
import { openBulk } from './bulk.ts'
import { addConsumerOptions, type ConsumerOptions } from './consumer.ts'
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
  open: {
    vi: 'kiểm tra và mở một gói, không cần mạng; chỉ ghi ra khi tất cả đều đúng',
    en: 'check and open a package, offline; nothing is written unless everything holds',
  },
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
    const { exchange, consumer, service, operation, agreement, purpose, records } = manifest
    tools.terminal.talk(
      `${exchange} ${consumer} ← ${service} ${operation} ${agreement} ${purpose} ${records}`,
    )
  }
  return concludeFindings(findings, tools)
}

export function define(command: Command, tools: Tools): void {
  const { pick } = tools.terminal
  addGuide(command, tools.terminal, {
    examples: [
      [
        'package make MÃ --out so-lieu.package --consumer G09/can-bo',
        { vi: 'lấy gói để chép lên thiết bị', en: 'fetch a package to put on media' },
      ],
      [
        'package open so-lieu.package --log-key vkey --decryption-key goi.jwk --out so-lieu.ndjson',
        { vi: 'kiểm tra và mở', en: 'check and open it' },
      ],
    ],
    json: 'make: {"file"}; open: {"holds", "findings"}',
  })
  addConsumerOptions(command.command('make').description(pick(TEXTS.make)), tools)
    .argument('<job>', pick(TEXTS.job))
    .option('--out <file>', pick(TEXTS.out))
    .action(tools.act((id: string, options: ConsumerOptions & { out?: string }) => make(id, options, tools)))
  command
    .command('open')
    .description(pick(TEXTS.open))
    .argument('<file>', pick(TEXTS.file))
    .option('--log-key <vkey>', pick(TEXTS.logKey))
    .option('--decryption-key <file>', pick(TEXTS.decryptionKey))
    .option('--out <file>', pick(TEXTS.out))
    .action(tools.act((file: string, options: OpenTyped) => open(file, options, tools)))
}

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { openDevice } from '../credentials.ts'
import { readSecretFile } from '../identity/key-file.ts'
import type { SigningAct } from '../model/application.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { ConsumerOptions } from './consumer.ts'
import { isMembers, type Members } from './consumer-reply.ts'
import { CliFault, EXIT, type ExitCode, usageFault } from './fault.ts'
import { type DocumentKey, openDeviceKey, openFileKey, signDocument } from './sign-document.ts'
import type { Tools } from './tools.ts'

const TEXTS = {
  propose: {
    vi: 'Trình lãnh đạo ký một quyết định (thẩm định)',
    en: "Hand a decision up for a leader's signature (appraiser)",
  },
  decision: {
    vi: 'Tải văn bản quyết định; đã ký thì kèm chữ ký và chứng thư',
    en: "Download a decision's text; of a signed one its signature and certificates too",
  },
  signText: {
    vi: 'Ký một văn bản quyết định bằng khóa trong tệp hoặc thiết bị PKCS#11, không cần mạng',
    en: "Sign a decision's text with a key from a file or a PKCS#11 device; needs no network",
  },
  sign: {
    vi: 'Nộp chữ ký của lãnh đạo: quyết định có hiệu lực (thẩm định)',
    en: "Hand in a leader's signature: the decision takes effect (appraiser)",
  },
  number: { vi: 'số đề nghị, ví dụ DN-000007', en: 'its number, say DN-000007' },
  what: { vi: 'approve hoặc refuse', en: 'approve or refuse' },
  approver: { vi: 'chức danh ký trong danh bạ (Approver)', en: "the registry's Approver who is to sign" },
  agreement: { vi: 'khi phê duyệt: số của thỏa thuận', en: 'of an approval: id of the agreement' },
  legalBasis: { vi: 'khi từ chối: căn cứ pháp lý', en: 'of a refusal: the legal basis' },
  reason: { vi: 'lý do, bắt buộc khi từ chối', en: 'why; a refusal needs it' },
  out: { vi: 'thư mục (mặc định: thư mục này)', en: 'folder (default: this one)' },
  text: { vi: 'tệp văn bản quyết định', en: "file with the decision's text" },
  signature: {
    vi: 'tệp chữ ký CMS tách rời, DER hoặc PEM',
    en: 'file with the detached CMS signature, DER or PEM',
  },
  certificate: {
    vi: 'tệp PEM: chứng thư của người ký, rồi các chứng thư trên nó',
    en: "PEM file: the signer's certificate, then those above it",
  },
  signerKey: { vi: 'tệp PEM của khóa riêng (quyền 600)', en: 'PEM file of the private key (mode 600)' },
  library: { vi: 'thư viện PKCS#11 của thiết bị giữ khóa', en: 'PKCS#11 library of the device with the key' },
  token: { vi: 'nhãn của token', en: "the token's label" },
  pinFile: { vi: 'tệp mã PIN (quyền 600)', en: 'file with the PIN (mode 600)' },
  keyLabel: { vi: 'nhãn của khóa trong token', en: "the key's label in the token" },
  noKey: {
    vi: 'Cần --signer-key, hoặc --pkcs11-library với --pkcs11-token, --pkcs11-pin-file và --pkcs11-key.',
    en: 'It takes --signer-key, or --pkcs11-library with --pkcs11-token, --pkcs11-pin-file and --pkcs11-key.',
  },
  passphrase: { vi: 'tệp mật khẩu của khóa (quyền 600)', en: "file with the key's passphrase (mode 600)" },
  noFile: (file: string): Bilingual => ({ vi: `Không có tệp ${file}.`, en: `There is no file ${file}.` }),
  noDecision: {
    vi: 'Đề nghị này không có quyết định nào chờ ký hay đã ký.',
    en: 'This application has no decision that waits for a signature or is signed.',
  },
  noText: {
    vi: 'Tệp này không phải văn bản quyết định của Liên Thông.',
    en: "This file is no decision's text.",
  },
  unsigned: {
    vi: 'Không ký được bằng khóa và chứng thư này.',
    en: 'It could not be signed with this key and certificate.',
  },
  whatIsSigned: { vi: 'Nội dung ký:', en: 'What is signed:' },
} as const

/** What this part of the command shares with the other. */
interface SigningCommands {
  /** Adds a command that speaks to the gateway. */
  readonly add: (name: string, summary: Bilingual) => Command
  readonly act: (number: string, act: SigningAct, body: object, options: ConsumerOptions) => Promise<ExitCode>
  readonly show: (number: string, options: ConsumerOptions) => Promise<Members>
}

interface ProposeOptions extends ConsumerOptions {
  readonly decision: string
  readonly approver: string
  readonly agreement?: string
  readonly legalBasis?: string
  readonly reason?: string
}

interface SignTextOptions {
  readonly signerKey?: string
  readonly signerCertificate: string
  readonly passphraseFile?: string
  readonly pkcs11Library?: string
  readonly pkcs11Token?: string
  readonly pkcs11PinFile?: string
  readonly pkcs11Key?: string
  readonly out?: string
}

function placeOf(typed: string, { outside }: Tools): string {
  const file = resolve(outside.workingDirectory, typed)
  if (!existsSync(file)) throw usageFault(TEXTS.noFile(typed))
  return file
}

/** Writes `DN-000007.json`, and of a signed decision `.p7s` and `.pem` beside it. */
function writeDecision(told: Members, out: string, { terminal, outside }: Tools): ExitCode {
  const { number, decision } = told
  if (!isMembers(decision) || typeof number !== 'string') throw usageFault(TEXTS.noDecision)
  const { text, signature, chain } = decision
  const folder = resolve(outside.workingDirectory, out)
  const contents: Readonly<Record<string, unknown>> = {
    json: text,
    p7s: typeof signature === 'string' ? Buffer.from(signature, 'base64') : undefined,
    pem: chain,
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const files = Object.entries(contents).flatMap(([ending, content]) => {
    if (typeof content !== 'string' && !Buffer.isBuffer(content)) return []
    const file = join(folder, `${number}.${ending}`)
    writeFileSync(file, content, { mode: 0o600 })
    return [file]
  })
  if (terminal.json) terminal.resultJson({ files })
  else for (const file of files) terminal.result(file)
  return EXIT.ok
}

/** What a leader reads before the signature is made. */
function readText(file: string): { readonly bytes: Buffer; readonly told: Members } {
  const bytes = readFileSync(file)
  try {
    const told: unknown = JSON.parse(bytes.toString('utf8'))
    if (isMembers(told) && told['kind'] === 'lienthong.application-decision') return { bytes, told }
  } catch {
    // Not JSON: told below.
  }
  throw usageFault(TEXTS.noText)
}

/** The leader's key, in a file or in a device that it never leaves. */
async function openKey(options: SignTextOptions, tools: Tools): Promise<DocumentKey> {
  const { signerKey, passphraseFile, pkcs11Library, pkcs11Token, pkcs11PinFile, pkcs11Key } = options
  if (signerKey !== undefined && pkcs11Library === undefined) {
    const passphrase = passphraseFile && readSecretFile(placeOf(passphraseFile, tools)).toString().trimEnd()
    return openFileKey(readSecretFile(placeOf(signerKey, tools)), passphrase || undefined)
  }
  if (signerKey !== undefined || !pkcs11Library || !pkcs11Token || !pkcs11PinFile || !pkcs11Key) {
    throw usageFault(TEXTS.noKey)
  }
  const pinFile = placeOf(pkcs11PinFile, tools)
  const device = openDevice({ library: placeOf(pkcs11Library, tools), token: pkcs11Token, pinFile })
  if (device === undefined) throw usageFault(TEXTS.noKey)
  return openDeviceKey(await device.open(pkcs11Key))
}

function unsigned(cause: unknown): never {
  if (cause instanceof CliFault) throw cause
  throw new CliFault(EXIT.failed, 'signing_failed', { title: TEXTS.unsigned, side: 'you', cause })
}

async function signText(typed: string, options: SignTextOptions, tools: Tools): Promise<ExitCode> {
  const { terminal, outside } = tools
  const file = placeOf(typed, tools)
  const { bytes, told } = readText(file)
  const certificates = readFileSync(placeOf(options.signerCertificate, tools), 'utf8')
  terminal.talk(terminal.pick(TEXTS.whatIsSigned))
  for (const [name, value] of Object.entries(told)) {
    terminal.talk(`  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  }
  const key = await openKey(options, tools).catch(unsigned)
  const at = new Date(outside.now())
  const signature = await signDocument(bytes, { certificates, key, at }).catch(unsigned)
  const out = resolve(outside.workingDirectory, options.out ?? `${typed.replace(/\.json$/, '')}.p7s`)
  writeFileSync(out, signature, { mode: 0o600 })
  if (terminal.json) terminal.resultJson({ file: out })
  else terminal.result(out)
  return EXIT.ok
}

/** The commands by which a decision gets a leader's own signature. */
export function defineSigning(command: Command, tools: Tools, { add, act, show }: SigningCommands): void {
  const { pick } = tools.terminal
  add('propose', TEXTS.propose)
    .argument('<number>', pick(TEXTS.number))
    .addOption(
      new Option('--decision <what>', pick(TEXTS.what)).choices(['approve', 'refuse']).makeOptionMandatory(),
    )
    .requiredOption('--approver <id>', pick(TEXTS.approver))
    .option('--agreement <id>', pick(TEXTS.agreement))
    .option('--legal-basis <id>', pick(TEXTS.legalBasis))
    .option('--reason <text>', pick(TEXTS.reason))
    .action(
      tools.act((number: string, options: ProposeOptions) => {
        const { decision, approver, agreement, legalBasis, reason, ...rest } = options
        return act(number, 'propose', { decision, approver, agreement, legalBasis, reason }, rest)
      }),
    )
  add('decision', TEXTS.decision)
    .argument('<number>', pick(TEXTS.number))
    .option('--out <folder>', pick(TEXTS.out), '.')
    .action(
      tools.act(async (number: string, { out, ...options }: ConsumerOptions & { readonly out: string }) =>
        writeDecision(await show(number, options), out, tools),
      ),
    )
  add('sign', TEXTS.sign)
    .argument('<number>', pick(TEXTS.number))
    .argument('<signature>', pick(TEXTS.signature))
    .action(
      tools.act((number: string, file: string, options: ConsumerOptions) => {
        const signature = readFileSync(placeOf(file, tools)).toString('base64')
        return act(number, 'sign', { signature }, options)
      }),
    )
  command
    .command('sign-text')
    .summary(pick(TEXTS.signText))
    .description(pick(TEXTS.signText))
    .argument('<file>', pick(TEXTS.text))
    .requiredOption('--signer-certificate <file>', pick(TEXTS.certificate))
    .option('--signer-key <file>', pick(TEXTS.signerKey))
    .option('--passphrase-file <file>', pick(TEXTS.passphrase))
    .option('--pkcs11-library <file>', pick(TEXTS.library))
    .option('--pkcs11-token <label>', pick(TEXTS.token))
    .option('--pkcs11-pin-file <file>', pick(TEXTS.pinFile))
    .option('--pkcs11-key <label>', pick(TEXTS.keyLabel))
    .option('--out <file>', pick(TEXTS.signature))
    .action(tools.act((file: string, options: SignTextOptions) => signText(file, options, tools)))
}

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { openLogSigner, readTimestampCertificates } from '../credentials.ts'
import { NODE_CRYPTO } from '../identity/log-key.ts'
import { createAnchorFile } from '../ledger/anchor-file.ts'
import { parseCheckpoint } from '../ledger/checkpoint.ts'
import { splitDisclosures } from '../ledger/disclosure.ts'
import { createFsckPass, describeFault, type FsckPass } from '../ledger/fsck.ts'
import { type NoteKey, parseVerifierKey } from '../ledger/note.ts'
import { type Policy, PolicyError, parsePolicy } from '../ledger/policy.ts'
import { leafHashOf } from '../ledger/proof.ts'
import { readCertificates } from '../ledger/timestamp.ts'
import {
  concludeAudit,
  createLogAudit,
  type EarlierHead,
  type Finding,
  type Trust,
  verifyCheckpoint,
  verifyDisclosures,
  verifyProof,
  verifyReceipt,
} from '../ledger/verify.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Settings } from '../settings.ts'
import { countSynthetic, SYNTHETIC_AGREEMENT } from '../storage/backfill.ts'
import { createLogReader } from '../storage/log.ts'
import { createFsckStore } from '../storage/log-audit.ts'
import { addGuide } from './examples.ts'
import { CliFault, EXIT, type ExitCode, interrupted, usageFault } from './fault.ts'
import { openLocalVault } from './local-reading.ts'
import { readBundle, readOptional } from './log-bundle.ts'
import { checkTimestamps, readBundleTimestamps, readTimestamps } from './log-timestamps.ts'
import { withDatabase } from './open-database.ts'
import { requireSettings } from './settings-file.ts'
import type { Tools } from './tools.ts'
import { concludeFindings, createProgress, tellSynthetic } from './verify-findings.ts'
import { defineReport } from './verify-report.ts'

const TEXTS = {
  receipt: { vi: 'Kiểm tra một biên nhận (Exchange-Receipt)', en: 'Check a receipt (Exchange-Receipt)' },
  record: { vi: 'Kiểm tra một bản ghi cùng bằng chứng của nó', en: 'Check a record with its proof' },
  log: { vi: 'Kiểm tra toàn bộ sổ trong cơ sở dữ liệu', en: 'Check the whole log in the database' },
  export: {
    vi: 'Kiểm tra một bản xuất (lienthong records export)',
    en: 'Check an export (lienthong records export)',
  },
  key: {
    vi: 'khóa kiểm tra của sổ (/log/vkey): tệp, hoặc chính nó',
    en: "the log's verifier key (/log/vkey): a file, or the key itself",
  },
  policy: {
    vi: 'tệp chính sách nhân chứng (c2sp.org/tlog-policy)',
    en: 'file of the witness policy (c2sp.org/tlog-policy)',
  },
  proof: {
    vi: 'tệp bằng chứng (/log/proof/{mã giao dịch})',
    en: 'file of the proof (/log/proof/{exchange id})',
  },
  disclosures: {
    vi: 'tệp các mảnh phần riêng (disclosures) của bản ghi, mỗi dòng một mảnh',
    en: "file of disclosures of the record's private part, one a line",
  },
  recordFile: { vi: 'tệp bản ghi, đúng từng byte', en: 'file of the record, byte by byte' },
  request: { vi: 'tệp nội dung yêu cầu đã gửi', en: 'file of the request body as sent' },
  answer: { vi: 'tệp nội dung trả lời đã nhận', en: 'file of the answer body as received' },
  since: {
    vi: 'tệp điểm kiểm đã giữ từ trước: sổ phải đi qua nó',
    en: 'file of a checkpoint kept from before: the log must have passed it',
  },
  tsa: {
    vi: 'tệp PEM chứng thư của tổ chức cấp dấu thời gian (mặc định: tệp trong bản xuất)',
    en: "PEM file of time-stamping authorities' certificates (default: those in the export)",
  },
  receiptFile: { vi: 'tệp chứa giá trị Exchange-Receipt', en: 'file with the value of Exchange-Receipt' },
  folder: { vi: 'thư mục bản xuất', en: 'folder of the export' },
} as const satisfies Record<string, Bilingual>

interface TrustOptions {
  readonly key?: string
  readonly policy?: string
}

/** Paths are relative to where the command was typed; a key may stand there itself. */
function locate<Options extends object>(options: Options, { outside }: Tools): Options {
  const located = Object.entries(options).map(([name, typed]) => {
    const path = resolve(outside.workingDirectory, String(typed))
    return [name, name === 'key' && !existsSync(path) ? typed : path]
  })
  return Object.fromEntries(located)
}

async function readGiven(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new CliFault(EXIT.usage, 'file_unreadable', {
      title: { vi: `Không đọc được ${file}`, en: `${file} cannot be read` },
      side: 'you',
      cause,
    })
  }
}

const readMaybe = (file: string | undefined) => (file === undefined ? undefined : readGiven(file))

async function readKey(given: string): Promise<NoteKey> {
  const text = existsSync(given) ? (await readGiven(given)).toString('utf8') : given
  const key = await parseVerifierKey(text.trim(), NODE_CRYPTO.hash)
  if (key !== undefined) return key
  throw usageFault(
    { vi: `“${given}” không phải khóa kiểm tra.`, en: `'${given}' is no verifier key.` },
    { vi: 'Lấy khóa từ /log/vkey của cổng.', en: "Take the key from the gateway's /log/vkey." },
  )
}

async function parsePolicyText(text: string | undefined): Promise<Policy | undefined> {
  try {
    return text === undefined ? undefined : await parsePolicy(text, NODE_CRYPTO.hash)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw usageFault({
      vi: `Chính sách nhân chứng sai: ${error.message}`,
      en: `The witness policy is wrong: ${error.message}`,
    })
  }
}

async function readTrust({ key, policy }: TrustOptions): Promise<Trust> {
  if (key === undefined) throw usageFault({ vi: 'Thiếu --key.', en: '--key is missing.' })
  const policyText = (await readMaybe(policy))?.toString('utf8')
  return { key: await readKey(key), policy: await parsePolicyText(policyText), crypto: NODE_CRYPTO }
}

interface ReceiptOptions extends TrustOptions {
  readonly proof?: string
  readonly record?: string
  readonly request?: string
  readonly answer?: string
}

async function checkReceipt(file: string, options: ReceiptOptions, tools: Tools): Promise<ExitCode> {
  const evidence = {
    proof: (await readMaybe(options.proof))?.toString('utf8'),
    record: await readMaybe(options.record),
    request: await readMaybe(options.request),
    answer: await readMaybe(options.answer),
  }
  const receipt = (await readGiven(file)).toString('utf8')
  return concludeFindings(await verifyReceipt(receipt, evidence, await readTrust(options)), tools)
}

interface RecordOptions extends TrustOptions {
  readonly proof: string
  readonly disclosures?: string
}

async function checkRecord(file: string, options: RecordOptions, tools: Tools): Promise<ExitCode> {
  const record = await readGiven(file)
  const leafHash = await leafHashOf(record, NODE_CRYPTO.hash)
  const proof = (await readGiven(options.proof)).toString('utf8')
  const shown = (await readMaybe(options.disclosures))?.toString('latin1')
  const trust = await readTrust(options)
  const findings = await verifyProof(proof, leafHash, trust)
  const disclosed = await verifyDisclosures(record, splitDisclosures(shown ?? ''), trust)
  return concludeFindings([...findings, ...disclosed], tools)
}

interface Audited {
  /** The checkpoint's note. */
  readonly checkpoint: string
  readonly leaves: (size: number) => AsyncIterable<readonly Uint8Array[]>
  readonly trust: Trust
  readonly earlier: readonly EarlierHead[]
  readonly stamps: Parameters<typeof checkTimestamps>[0]
}

async function audit(
  { checkpoint, leaves, trust, earlier, stamps }: Audited,
  tools: Tools,
): Promise<ExitCode> {
  const signed = await verifyCheckpoint(checkpoint, trust)
  const head = parseCheckpoint(checkpoint)
  if (head === undefined || !signed[0]?.ok) return concludeFindings(signed, tools)
  const stamped = await checkTimestamps(stamps, trust)
  const log = createLogAudit([...earlier, ...stamped.heads], trust.crypto)
  const progress = createProgress(head.size, tools)
  for await (const piece of leaves(head.size)) {
    if (tools.outside.signal.aborted) throw interrupted()
    for (const leaf of piece) await log.add(leaf)
    progress(log.size())
  }
  return concludeFindings([...signed, ...stamped.findings, ...(await concludeAudit(log, head))], tools)
}

async function readEarlier(file: string | undefined, trust: Trust): Promise<readonly EarlierHead[]> {
  if (file === undefined) return []
  const text = (await readGiven(file)).toString('utf8')
  const head = parseCheckpoint(text)
  const [signed] = await verifyCheckpoint(text, { ...trust, policy: undefined })
  if (head !== undefined && signed?.ok) return [head]
  throw usageFault({
    vi: `${file} không phải điểm kiểm của sổ này.`,
    en: `${file} is no checkpoint of this log.`,
  })
}

const PIECE = 2048

/** The checkpoint to hold the log against beside those in the database: one kept from before, or the signer's own. */
function anchorOf({ ledger }: Settings, since: string | undefined): () => Promise<string | undefined> {
  return async () =>
    since === undefined
      ? createAnchorFile(ledger.anchorFile).read()
      : (await readGiven(since)).toString('utf8')
}

/** What a pass found, in the words of an audit. */
function findingsOf(log: FsckPass): readonly Finding[] {
  const faults = log.faults()
  if (faults.length > 0) return faults.map(describeFault)
  const size = log.size()
  return [
    {
      check: 'tree',
      ok: true,
      detail: {
        vi: `${size} bản ghi cho ra đúng gốc đã ký; cột tra cứu, ô băm và số đếm đều khớp.`,
        en: `${size} records lead to the signed root; search columns, tiles and counts agree with them.`,
      },
    },
  ]
}

async function checkLog(
  options: TrustOptions & { readonly since?: string },
  tools: Tools,
): Promise<ExitCode> {
  const settings = requireSettings(tools)
  const policyFile = options.policy ?? settings.ledger.witnesses.policyFile
  const policyText = (await readMaybe(policyFile))?.toString('utf8')
  const trust: Trust = {
    key: options.key === undefined ? (await openLogSigner(settings)).key : await readKey(options.key),
    policy: await parsePolicyText(policyText),
    crypto: NODE_CRYPTO,
  }
  // Refuses what is no checkpoint of this log before anything is read.
  await readEarlier(options.since, trust)
  return withDatabase(settings, tools, async ({ pool }) => {
    const reader = createLogReader(pool)
    const checkpoint = await reader.latestCheckpoint()
    if (checkpoint === undefined) {
      throw new CliFault(EXIT.failed, 'log_unsigned', {
        title: { vi: 'Sổ chưa có điểm kiểm nào', en: 'The log has no checkpoint yet' },
        side: 'you',
      })
    }
    const signed = await verifyCheckpoint(checkpoint, trust)
    const log = createFsckPass({
      store: createFsckStore(pool, openLocalVault(settings), { unbacked: SYNTHETIC_AGREEMENT }),
      anchor: anchorOf(settings, options.since),
      key: trust.key,
      crypto: NODE_CRYPTO,
      countKey: randomBytes(32).toString('hex'),
    })
    let progress: ((done: number) => void) | undefined
    while (await log.next(PIECE)) {
      if (tools.outside.signal.aborted) throw interrupted()
      progress ??= createProgress(log.size(), tools)
      progress(log.position())
    }
    const { authorities } = settings.ledger.timestamps
    const certificates = new Map(authorities.map((each) => [each.name, readTimestampCertificates(each)]))
    const stamps = []
    for await (const stamp of readTimestamps(reader, log.size()))
      stamps.push({ ...stamp, certificates: certificates.get(stamp.authority) ?? [] })
    const stamped = await checkTimestamps(stamps, trust)
    const synthetic = tellSynthetic(await countSynthetic(pool), settings.sandbox)
    return concludeFindings([...signed, ...stamped.findings, ...findingsOf(log), ...synthetic], tools)
  })
}

async function checkExport(
  folder: string,
  options: TrustOptions & { readonly since?: string; readonly tsa?: string },
  tools: Tools,
): Promise<ExitCode> {
  const trust = await readTrust({ ...options, key: options.key ?? join(folder, 'vkey') })
  const policy =
    options.policy === undefined ? await parsePolicyText(await readOptional(folder, 'policy')) : trust.policy
  const checkpoint = (await readGiven(join(folder, 'checkpoint'))).toString('utf8')
  const leaves = (size: number) => readBundle(folder, size)
  const earlier = await readEarlier(options.since, trust)
  const given = (await readMaybe(options.tsa))?.toString('utf8')
  const certificates = given === undefined ? undefined : readCertificates(given)
  const kept = await readBundleTimestamps(folder)
  const stamps = kept.map((stamp) => ({ ...stamp, certificates: certificates ?? stamp.certificates }))
  return audit({ checkpoint, leaves, trust: { ...trust, policy }, earlier, stamps }, tools)
}

const SHAPE = '{ "holds", "findings": [ { "check", "ok", "detail" } ] }'

/** `lienthong verify`: evidence of the log, checked without asking anybody. Exit code 3: it does not hold. */
export function define(command: Command, tools: Tools): void {
  const { terminal } = tools
  const { pick } = terminal
  const at = (path: string) => resolve(tools.outside.workingDirectory, path)
  const add = (name: string, text: Bilingual) =>
    command
      .command(name)
      .summary(pick(text))
      .description(pick(text))
      .option('--key <vkey>', pick(TEXTS.key))
      .option('--policy <file>', pick(TEXTS.policy))
  const receipt = add('receipt', TEXTS.receipt)
    .argument('<file>', pick(TEXTS.receiptFile))
    .option('--proof <file>', pick(TEXTS.proof))
    .option('--record <file>', pick(TEXTS.recordFile))
    .option('--request <file>', pick(TEXTS.request))
    .option('--answer <file>', pick(TEXTS.answer))
    .action(
      tools.act((file: string, options: ReceiptOptions) =>
        checkReceipt(at(file), locate(options, tools), tools),
      ),
    )
  addGuide(receipt, terminal, {
    examples: [
      [
        'verify receipt bien-nhan.txt --key vkey --proof bang-chung.tlog-proof',
        { vi: 'biên nhận và bằng chứng khớp nhau', en: 'receipt and proof agree' },
      ],
    ],
    json: SHAPE,
  })
  const record = add('record', TEXTS.record)
    .argument('<file>', pick(TEXTS.recordFile))
    .requiredOption('--proof <file>', pick(TEXTS.proof))
    .option('--disclosures <file>', pick(TEXTS.disclosures))
    .action(
      tools.act((file: string, options: RecordOptions) =>
        checkRecord(at(file), locate(options, tools), tools),
      ),
    )
  addGuide(record, terminal, {
    examples: [
      [
        'verify record ban-ghi.json --proof bang-chung.tlog-proof --key vkey',
        { vi: 'bản ghi có trong sổ', en: 'the record is in the log' },
      ],
    ],
    json: SHAPE,
  })
  const log = add('log', TEXTS.log)
    .option('--since <file>', pick(TEXTS.since))
    .action(tools.act((options: TrustOptions) => checkLog(locate(options, tools), tools)))
  addGuide(log, terminal, {
    examples: [
      [
        'verify log --since diem-kiem-thang-truoc',
        { vi: 'sổ chỉ được ghi thêm từ đó', en: 'the log only grew since then' },
      ],
    ],
    json: SHAPE,
  })
  const bundle = add('export', TEXTS.export)
    .argument('<folder>', pick(TEXTS.folder))
    .option('--since <file>', pick(TEXTS.since))
    .option('--tsa <file>', pick(TEXTS.tsa))
    .action(
      tools.act((folder: string, options: TrustOptions) =>
        checkExport(at(folder), locate(options, tools), tools),
      ),
    )
  addGuide(bundle, terminal, {
    examples: [
      [
        'verify export so-giao-dich/',
        { vi: 'không cần cổng, không cần mạng', en: 'without gateway or network' },
      ],
    ],
    json: SHAPE,
  })
  defineReport(command, tools)
}

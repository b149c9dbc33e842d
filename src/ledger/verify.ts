import type { Bilingual } from '../model/identifier.ts'
import { encodeBase64, equalBytes } from './base64.ts'
import { openCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { openPrivatePart } from './disclosure.ts'
import type { Crypto, Note, NoteKey } from './note.ts'
import { type Policy, witnessesOf } from './policy.ts'
import { type LogProof, leafHashOf, nodeHashOf, parseProof, rootOfInclusion } from './proof.ts'
import { isPromised, parseReceipt, type ReceiptFacts } from './receipt.ts'

/** Checking evidence of the log, with nothing but the log's key and the evidence. Runs in browsers. */

/** One thing that was looked at, and whether it holds. */
export interface Finding {
  /** Stable, for programs. */
  readonly check: string
  readonly ok: boolean
  readonly detail: Bilingual
}

/** What is trusted: the log's key, and whom its checkpoints have to be cosigned by. */
export interface Trust {
  readonly key: NoteKey
  readonly policy?: Policy | undefined
  readonly crypto: Crypto
}

function finding(check: string, ok: boolean, yes: Bilingual, no: Bilingual): Finding {
  return { check, ok, detail: ok ? yes : no }
}

const failed = (check: string, vi: string, en: string): Finding => ({ check, ok: false, detail: { vi, en } })

async function checkQuorum(note: Note, { policy, crypto }: Trust): Promise<readonly Finding[]> {
  if (policy === undefined || policy.witnesses.length === 0) return []
  const names = await witnessesOf(note, policy, crypto)
  const list = [...names].join(', ') || '–'
  return [
    finding(
      'quorum',
      policy.isQuorum(names),
      { vi: `Đủ nhân chứng ký: ${list}.`, en: `Enough witnesses have cosigned: ${list}.` },
      {
        vi: `Chưa đủ nhân chứng ký (có: ${list}).`,
        en: `Too few witnesses have cosigned (these did: ${list}).`,
      },
    ),
  ]
}

/** Whether a checkpoint is the log's own, and cosigned as the policy asks. */
export async function verifyCheckpoint(text: string, trust: Trust): Promise<readonly Finding[]> {
  const checkpoint = await openCheckpoint(text, trust.key, trust.crypto)
  const size = checkpoint?.size ?? parseCheckpoint(text)?.size
  const signed = finding(
    'checkpoint',
    checkpoint !== undefined,
    {
      vi: `Điểm kiểm ${size} bản ghi do khóa của sổ ký.`,
      en: `The checkpoint over ${size} records is signed by the log's key.`,
    },
    { vi: 'Điểm kiểm không do khóa của sổ này ký.', en: "The checkpoint is not signed by this log's key." },
  )
  return checkpoint === undefined ? [signed] : [signed, ...(await checkQuorum(checkpoint.note, trust))]
}

async function checkInclusion(proof: LogProof, leafHash: Uint8Array, { crypto }: Trust): Promise<Finding> {
  const { index, path, checkpoint } = proof
  const root = await rootOfInclusion({ index, size: checkpoint.size, leafHash, path }, crypto.hash)
  return finding(
    'inclusion',
    root !== undefined && equalBytes(root, checkpoint.root),
    { vi: `Bản ghi đứng ở vị trí ${index} của sổ.`, en: `The record stands at index ${index} of the log.` },
    {
      vi: `Bản ghi không đứng ở vị trí ${index} của sổ.`,
      en: `The record does not stand at index ${index} of the log.`,
    },
  )
}

/** Whether a proof (c2sp.org/tlog-proof) shows that a leaf of this hash is in the signed log. */
export async function verifyProof(
  text: string,
  leafHash: Uint8Array,
  trust: Trust,
): Promise<readonly Finding[]> {
  const proof = parseProof(text)
  if (proof === undefined)
    return [failed('proof', 'Không phải một bằng chứng tlog-proof@v1.', 'This is no tlog-proof@v1.')]
  const checkpointText = text.slice(text.indexOf('\n\n') + 2)
  return [await checkInclusion(proof, leafHash, trust), ...(await verifyCheckpoint(checkpointText, trust))]
}

const NAMES: Readonly<Record<string, Bilingual>> = {
  dossier: { vi: 'hồ sơ', en: 'dossier' },
  note: { vi: 'lý do tra cứu', en: 'reason of the question' },
  officer: { vi: 'cán bộ', en: 'officer' },
  subjectTag: { vi: 'nhãn người', en: 'tag of the person' },
}

function nameOf(name: string): Bilingual {
  return NAMES[name] ?? { vi: name, en: name }
}

/** Whether disclosures are those that a record commits to, and what stays closed: withheld, or erased. */
export async function verifyDisclosures(
  record: Uint8Array,
  disclosures: readonly string[],
  { crypto }: Trust,
): Promise<readonly Finding[]> {
  const digests = parseRecord(record)?.private ?? {}
  const { facts, strange, closed } = await openPrivatePart(digests, disclosures, crypto.hash)
  const shown = facts.map(({ name, value }) => ({
    check: 'disclosure',
    ok: true,
    detail: {
      vi: `Bản ghi cam kết đúng: ${nameOf(name).vi} ${value}.`,
      en: `The record commits to it: ${nameOf(name).en} ${value}.`,
    },
  }))
  const foreign = failed(
    'disclosure',
    `${strange} mảnh không phải của bản ghi này.`,
    `${strange} of the disclosures are not this record's.`,
  )
  const rest = {
    check: 'closed',
    ok: true,
    detail: {
      vi: `Không mở: ${closed.map((name) => nameOf(name).vi).join(', ')} (không đưa ra, hoặc đã bị xóa; bằng chứng vẫn đúng).`,
      en: `Not opened: ${closed.map((name) => nameOf(name).en).join(', ')} (withheld, or erased; the proof holds all the same).`,
    },
  }
  return [...shown, ...(strange > 0 ? [foreign] : []), ...(closed.length > 0 ? [rest] : [])]
}

/** What a holder has beside a receipt. */
export interface ReceiptEvidence {
  /** `GET /log/proof/{exchange id}`. */
  readonly proof?: string | undefined
  /** The record's own bytes. */
  readonly record?: Uint8Array | undefined
  /** The bodies as they were sent and received. */
  readonly request?: Uint8Array | undefined
  readonly answer?: Uint8Array | undefined
}

interface RecordDigests {
  readonly request?: { readonly digest?: unknown }
  readonly answer?: { readonly digest?: unknown }
  readonly private?: Readonly<Record<string, unknown>>
}

function parseRecord(record: Uint8Array): RecordDigests | undefined {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(record))
  } catch {
    return undefined
  }
}

const toUrl = (base64: string) => base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

async function checkBody(
  side: 'request' | 'answer',
  body: Uint8Array,
  { salt, record, crypto }: { salt: Uint8Array; record: RecordDigests | undefined; crypto: Crypto },
): Promise<Finding> {
  const salted = new Uint8Array(salt.length + body.length)
  salted.set(salt)
  salted.set(body, salt.length)
  const digest = toUrl(encodeBase64(await crypto.hash(salted)))
  const what =
    side === 'request' ? { vi: 'Yêu cầu', en: 'The request' } : { vi: 'Câu trả lời', en: 'The answer' }
  return finding(
    side,
    record?.[side]?.digest === digest,
    { vi: `${what.vi} đúng là nội dung đã ghi.`, en: `${what.en} is the one that was recorded.` },
    { vi: `${what.vi} không phải nội dung đã ghi.`, en: `${what.en} is not the one that was recorded.` },
  )
}

async function checkProofOf(receipt: ReceiptFacts, text: string, trust: Trust): Promise<readonly Finding[]> {
  const findings = await verifyProof(text, receipt.leafHash, trust)
  const index = parseProof(text)?.index
  if (index === receipt.index) return findings
  return [
    ...findings,
    failed(
      'index',
      `Biên nhận nói vị trí ${receipt.index}, bằng chứng nói ${index ?? '?'}.`,
      `The receipt says index ${receipt.index}, the proof ${index ?? '?'}.`,
    ),
  ]
}

/** Whether a receipt (`Exchange-Receipt`) is the log's, and what else is at hand agrees with it. */
export async function verifyReceipt(
  text: string,
  evidence: ReceiptEvidence,
  trust: Trust,
): Promise<readonly Finding[]> {
  const receipt = parseReceipt(text.trim())
  if (receipt === undefined) return [failed('receipt', 'Không phải một biên nhận.', 'This is no receipt.')]
  const { crypto } = trust
  const due = new Date(receipt.dueSeconds * 1000).toISOString()
  const findings = [
    finding(
      'promise',
      await isPromised(receipt, trust.key, crypto),
      {
        vi: `Sổ đã ký cam kết: bản ghi ${receipt.index} có trong sổ chậm nhất lúc ${due}.`,
        en: `The log signed its promise: record ${receipt.index} is in the log by ${due}.`,
      },
      {
        vi: 'Cam kết trong biên nhận không do khóa của sổ ký.',
        en: "The receipt's promise is not signed by the log's key.",
      },
    ),
  ]
  const { record, request, answer, proof } = evidence
  if (record) {
    const leafHash = await leafHashOf(record, crypto.hash)
    findings.push(
      finding(
        'record',
        equalBytes(leafHash, receipt.leafHash),
        { vi: 'Biên nhận thuộc về bản ghi này.', en: 'The receipt is that of this record.' },
        { vi: 'Biên nhận không thuộc về bản ghi này.', en: 'The receipt is not that of this record.' },
      ),
    )
    const digests = { salt: receipt.salt, record: parseRecord(record), crypto }
    if (request) findings.push(await checkBody('request', request, digests))
    if (answer) findings.push(await checkBody('answer', answer, digests))
  }
  if (proof !== undefined) findings.push(...(await checkProofOf(receipt, proof, trust)))
  return findings
}

/** A head that a log passed through, as an auditor holds it from before. */
export interface EarlierHead {
  readonly size: number
  readonly root: Uint8Array
}

/** Checks a whole log, leaf after leaf, in constant memory. */
export interface LogAudit {
  add(leaf: Uint8Array): Promise<void>
  size(): number
  /** Root over all leaves so far. */
  root(): Promise<Uint8Array>
  /** What did not hold; at most the first hundred. */
  faults(): readonly Finding[]
}

const MAX_FAULTS = 100

/** What a record has to keep beside its place in the tree: canonical bytes, and a time that never goes back. */
function checkLeaf(
  leaf: Uint8Array,
  lastAt: number,
): { readonly at: number; readonly fault?: readonly [string, Bilingual] } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(leaf)
    const record: { at?: unknown } = JSON.parse(text)
    const at = typeof record.at === 'number' ? record.at : Number.NaN
    if (JSON.stringify(record) !== text)
      return {
        at: lastAt,
        fault: ['canonical', { vi: 'không ở dạng chuẩn', en: 'is not in canonical form' }],
      }
    if (!(at >= lastAt))
      return { at: lastAt, fault: ['time', { vi: 'đi ngược thời gian', en: 'goes back in time' }] }
    return { at }
  } catch {
    return { at: lastAt, fault: ['json', { vi: 'không phải JSON', en: 'is not JSON' }] }
  }
}

/** @param earlier heads the log must have passed through, say checkpoints kept from earlier audits. */
export function createLogAudit(earlier: readonly EarlierHead[], crypto: Pick<Crypto, 'hash'>): LogAudit {
  const { hash } = crypto
  const peaks: Uint8Array[] = []
  const faults: Finding[] = []
  const expected = new Map(earlier.map(({ size, root }) => [size, root]))
  let size = 0
  let lastAt = 0

  async function root(): Promise<Uint8Array> {
    let node = peaks.at(-1)
    if (node === undefined) return hash(new Uint8Array(0))
    for (let place = peaks.length - 2; place >= 0; place -= 1) {
      const left = peaks[place]
      if (left) node = await nodeHashOf(left, node, hash)
    }
    return node
  }

  function note(check: string, vi: string, en: string): void {
    if (faults.length < MAX_FAULTS) faults.push(failed(check, vi, en))
  }

  return {
    async add(leaf) {
      const { at, fault } = checkLeaf(leaf, lastAt)
      lastAt = at
      if (fault) note(fault[0], `Bản ghi ${size} ${fault[1].vi}.`, `Record ${size} ${fault[1].en}.`)
      let node = await leafHashOf(leaf, hash)
      for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
        const left = peaks.pop()
        if (left) node = await nodeHashOf(left, node, hash)
      }
      peaks.push(node)
      size += 1
      const known = expected.get(size)
      if (known && !equalBytes(known, await root())) {
        note(
          'append-only',
          `Sổ không còn bắt đầu bằng ${size} bản ghi đã ký trước đây.`,
          `The log no longer begins with the ${size} records signed before.`,
        )
      }
    },
    size: () => size,
    root,
    faults: () => faults,
  }
}

/** The end of an audit: whether the leaves are those the checkpoint was signed over. */
export async function concludeAudit(audit: LogAudit, head: EarlierHead): Promise<readonly Finding[]> {
  const size = audit.size()
  const isRoot = size === head.size && equalBytes(await audit.root(), head.root)
  return [
    ...audit.faults(),
    finding(
      'tree',
      isRoot,
      { vi: `${size} bản ghi cho ra đúng gốc đã ký.`, en: `${size} records lead to the signed root.` },
      {
        vi: `${size} bản ghi không cho ra gốc đã ký trên ${head.size} bản ghi: có bản ghi bị sửa, thêm, bớt hoặc đổi chỗ.`,
        en: `${size} records do not lead to the root signed over ${head.size}: one was changed, added, taken away or moved.`,
      },
    ),
  ]
}

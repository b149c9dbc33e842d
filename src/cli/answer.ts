import { errorEntry } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import { createFormat } from '../reporting/format.ts'
import type { CallAnswer } from './client.ts'
import { isMembers, type Members, retryAfterSeconds } from './consumer-reply.ts'
import { adviceLines, EXIT, type ExitCode, type Side } from './fault.ts'
import type { Terminal } from './terminal.ts'

/** What `lienthong call --json` prints. */
export interface CallResult {
  readonly status: number
  readonly exchangeId: string | null
  /** The `Exchange-Receipt` field as it came. */
  readonly receipt: string | null
  readonly rateLimit: string | null
  readonly idempotencyKey: string | null
  readonly replayed: boolean
  readonly retryAfterSeconds: number | null
  readonly ms: number
  /** The answer, or the problem document (RFC 9457). */
  readonly body: unknown
}

const TEXTS = {
  answered: (status: number, ms: string): Bilingual => ({
    vi: `Trả lời ${status} sau ${ms} ms`,
    en: `Answered ${status} in ${ms} ms`,
  }),
  exchange: { vi: 'Mã giao dịch', en: 'Exchange-Id' },
  record: { vi: 'Bản ghi trong sổ', en: 'Record in the log' },
  quota: { vi: 'Hạn mức còn lại trong ngày', en: 'Left of the quota today' },
  replayed: {
    vi: 'Đây là câu trả lời cũ của lần nộp cùng Idempotency-Key.',
    en: 'This is the first answer to the submission with this Idempotency-Key.',
  },
  faults: { vi: 'Chỗ cần sửa', en: 'To correct' },
  provider: {
    vi: 'Bên cung cấp trả lời như vậy; hợp đồng của dịch vụ nói ý nghĩa.',
    en: 'The provider answered so; the contract of the service says what it means.',
  },
} as const

export function resultOf(
  { status, headers, body, ms }: CallAnswer,
  idempotencyKey: string | undefined,
  nowMs: number,
): CallResult {
  return {
    status,
    exchangeId: headers['exchange-id'] ?? null,
    receipt: headers['exchange-receipt'] ?? null,
    rateLimit: headers['ratelimit'] ?? null,
    idempotencyKey: idempotencyKey ?? null,
    replayed: headers['idempotency-replayed'] === 'true',
    retryAfterSeconds: retryAfterSeconds(headers, nowMs) ?? null,
    ms: Math.round(ms * 10) / 10,
    body: body ?? null,
  }
}

/** 503 and 504 mean that nobody answered; everything else from 400 up is an answer, though not the wished one. */
export function exitOf(status: number): ExitCode {
  if (status === 503 || status === 504) return EXIT.unreachable
  return status >= 200 && status < 300 ? EXIT.ok : EXIT.failed
}

export function isProblem({ headers }: CallAnswer): boolean {
  return (headers['content-type'] ?? '').startsWith('application/problem+json')
}

function text(members: Members, name: string): string | undefined {
  const value = members[name]
  return typeof value === 'string' ? value : undefined
}

function sideOf(fault: string | undefined): Side | undefined {
  return fault === 'consumer' || fault === 'provider' || fault === 'gateway' ? fault : undefined
}

/** Each place a contract was broken at: pointer, rule and the rule in words; the gateway never sends a value. */
function violationLines(terminal: Terminal, errors: unknown): string[] {
  if (!Array.isArray(errors) || errors.length === 0) return []
  const lines = errors.filter(isMembers).map((error) => {
    const pointer = text(error, 'pointer') || '/'
    const rule = terminal.style('dim', text(error, 'rule') ?? '')
    return `    ${terminal.style('cyan', pointer)}  ${text(error, 'detail') ?? ''} ${rule}`.trimEnd()
  })
  return [`  ${terminal.style('dim', `${terminal.pick(TEXTS.faults)}:`)}`, ...lines]
}

/** Our own words for codes we know, else the document's. */
function problemWords(terminal: Terminal, problem: Members) {
  const code = text(problem, 'code')
  const known = code === undefined ? undefined : errorEntry(code)
  return {
    code: code ?? '',
    title: known ? terminal.pick(known.title) : (text(problem, 'title') ?? ''),
    side: known?.fault ?? sideOf(text(problem, 'fault')),
    fix: known ? terminal.pick(known.fix) : text(problem, 'fix'),
  }
}

/** A problem document in plain words: what, where, whose side, how to fix. */
export function explainProblem(terminal: Terminal, answer: CallAnswer, result: CallResult): string {
  const problem = isMembers(answer.body) ? answer.body : {}
  const { code, title, side, fix } = problemWords(terminal, problem)
  const detail = text(problem, 'detail')
  return [
    `${terminal.style('red', '✘')} ${answer.status} ${terminal.style('bold', title)} ${terminal.style('dim', code)}`.trimEnd(),
    ...(detail === undefined ? [] : [`  ${detail}`]),
    ...violationLines(terminal, problem['errors']),
    ...adviceLines(terminal, { side, fix, retryAfterSeconds: result.retryAfterSeconds ?? undefined }),
    ...factLines(terminal, result),
  ].join('\n')
}

function factLines(terminal: Terminal, { exchangeId, receipt, rateLimit, replayed }: CallResult): string[] {
  const lines: string[] = []
  const add = (label: Bilingual, value: string | undefined) => {
    if (value !== undefined) lines.push(`  ${terminal.style('dim', `${terminal.pick(label)}:`)} ${value}`)
  }
  add(TEXTS.exchange, exchangeId ?? undefined)
  const index = /(?:^|[,\s])index=(\d+)/.exec(receipt ?? '')?.[1]
  add(TEXTS.record, index === undefined ? undefined : `#${index}`)
  const left = /;r=(\d+)/.exec(rateLimit ?? '')?.[1]
  add(TEXTS.quota, left === undefined ? undefined : createFormat(terminal.language).number(Number(left)))
  if (replayed) lines.push(`  ${terminal.pick(TEXTS.replayed)}`)
  return lines
}

/** What is said beside an answer that is no problem. */
export function describeAnswer(terminal: Terminal, { status, ms }: CallAnswer, result: CallResult): string {
  const isGood = exitOf(status) === EXIT.ok
  const mark = isGood ? terminal.style('green', '✔') : terminal.style('yellow', '!')
  return [
    `${mark} ${terminal.pick(TEXTS.answered(status, createFormat(terminal.language).number(ms, 1)))}`,
    ...(isGood ? [] : [`  ${terminal.pick(TEXTS.provider)}`]),
    ...factLines(terminal, result),
  ].join('\n')
}

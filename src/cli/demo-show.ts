import { ERRORS } from '../model/error-table.ts'
import type { Outcome } from '../model/exchange.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { RegistryDocuments } from '../registry/documents.ts'
import { purposeName } from '../reporting/names.ts'
import { isMembers, retryAfterSeconds } from './consumer-reply.ts'
import { type Layout, wrap } from './demo-layout.ts'
import type { ModeReport } from './demo-modes.ts'
import type { StepReport, TokenReport } from './demo-tour.ts'
import type { Wording } from './demo-wording.ts'
import type { Style, Terminal } from './terminal.ts'

/** Everything a page of the tour is written with. */
export interface PageParts {
  readonly terminal: Terminal
  readonly layout: Layout
  readonly wording: Wording
  readonly documents: RegistryDocuments
  /** Steps in all, the token's among them. */
  readonly steps: number
  /** Unix milliseconds. */
  readonly now: () => number
  /** Whether every fact is shown, or each step in two lines. */
  readonly full: boolean
}

const TEXTS = {
  asked: { vi: 'Hỏi', en: 'Asked' },
  sent: { vi: 'Gửi', en: 'Sent' },
  allowed: { vi: 'Căn cứ', en: 'Ground' },
  received: { vi: 'Nhận', en: 'Received' },
  withheld: { vi: 'Giữ lại', en: 'Held back' },
  refused: { vi: 'Từ chối', en: 'Refused' },
  failed: { vi: 'Không được', en: 'Failed' },
  fix: { vi: 'Cách sửa', en: 'How to fix' },
  recorded: { vi: 'Ghi sổ', en: 'Recorded' },
  time: { vi: 'Thời gian', en: 'Time' },
  wrong: { vi: 'SAI', en: 'WRONG' },
  synthetic: { vi: '(người hư cấu)', en: '(a synthetic person)' },
  onlyFields: { vi: 'chỉ xin các trường', en: 'asking only for' },
  token: {
    title: { vi: 'Xin mã truy cập', en: 'Get an access token' },
    story: {
      vi: 'Hệ thống một cửa chứng minh mình là ai bằng chữ ký của khóa riêng; không có mật khẩu nào.',
      en: 'The one-stop system proves who it is by a signature of its private key: no password.',
    },
    given: { vi: 'đã cấp', en: 'given' },
    asked: {
      vi: 'POST /oauth/token: lời xác nhận đã ký (private_key_jwt), bằng chứng giữ khóa (DPoP)',
      en: 'POST /oauth/token: a signed assertion (private_key_jwt), a proof of the key (DPoP)',
    },
    received: (seconds: number): Bilingual => ({
      vi: `mã dùng ${seconds} giây, chỉ đi cùng khóa ấy: lấy trộm mã cũng vô dụng`,
      en: `a token good for ${seconds} s, and only with that key: stolen, it is of no use`,
    }),
  },
  agreement: (id: string, purpose: Bilingual): Bilingual => ({
    vi: `thỏa thuận ${id}, để ${purpose.vi}`,
    en: `agreement ${id}, for ${purpose.en}`,
  }),
  noAgreement: {
    vi: 'không thỏa thuận nào cho phép',
    en: 'no agreement allows it',
  },
  replayed: {
    vi: 'câu trả lời cũ, phát lại (Idempotency-Replayed: true)',
    en: 'the first answer once more (Idempotency-Replayed: true)',
  },
  record: (index: number, exchange: string): Bilingual => ({
    vi: `bản ghi số ${index}, giao dịch ${exchange}`,
    en: `record no. ${index}, exchange ${exchange}`,
  }),
  total: (total: string, own: string, ledger: string): Bilingual => ({
    vi: `${total}\u00a0ms cả lượt; riêng cổng ${own}\u00a0ms, trong đó ghi sổ ${ledger}\u00a0ms`,
    en: `${total}\u00a0ms in all; in the gateway ${own}\u00a0ms, of which the ledger ${ledger}\u00a0ms`,
  }),
  retry: (seconds: number): Bilingual => ({
    vi: `Retry-After: ${seconds} – hỏi lại sau ${seconds} giây`,
    en: `Retry-After: ${seconds} – ask again in ${seconds} s`,
  }),
  sides: {
    consumer: { vi: 'bên hỏi', en: "the consumer's side" },
    provider: { vi: 'bên cung cấp', en: "the provider's side" },
    gateway: { vi: 'cổng', en: "the gateway's side" },
  },
} as const

/** How exchanges end, in a word or two. */
export const OUTCOMES = {
  delivered: { vi: 'đã trả', en: 'delivered' },
  refused: { vi: 'từ chối', en: 'refused' },
  failed: { vi: 'không được', en: 'failed' },
  interrupted: { vi: 'đứt quãng', en: 'interrupted' },
} as const satisfies Record<Outcome, Bilingual>

/** Writes a number of milliseconds with one decimal, as the language writes it. */
export function formatMs(ms: number, { language }: Terminal): string {
  const format = new Intl.NumberFormat(language === 'vi' ? 'vi-VN' : 'en-GB', {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  })
  return format.format(ms)
}

interface Result {
  readonly text: string
  readonly style: Style
}

function heading(parts: PageParts, number: number, title: Bilingual, result: Result): string {
  const { terminal, layout, steps } = parts
  const place = `${String(number).padStart(2)}/${steps}`
  return layout.spread(`${place} ${terminal.pick(title)}`, result.text, (left, right) => {
    const shown = terminal.style('bold', left.slice(place.length), 'stdout')
    return terminal.style('dim', place, 'stdout') + shown + terminal.style(result.style, right, 'stdout')
  })
}

/** How it ended, and whether it was to end so. */
function resultOf({ answer, entry, faults }: StepReport, { pick }: Terminal): Result {
  const outcome = entry?.record.outcome ?? 'failed'
  const text = `${pick(OUTCOMES[outcome])} · ${answer?.status ?? '–'} ${faults.length === 0 ? '✔' : '✘'}`
  if (faults.length > 0) return { text, style: 'red' }
  return { text, style: outcome === 'delivered' ? 'green' : 'yellow' }
}

export function showToken(parts: PageParts, token: TokenReport): readonly string[] {
  const { terminal, layout } = parts
  const { pick } = terminal
  const text = TEXTS.token
  const top = heading(parts, 1, text.title, { text: `${pick(text.given)} ✔`, style: 'green' })
  if (!parts.full) {
    const told = cut(pick(text.received(token.lifetimeSeconds)), layout.width - 6)
    return ['', top, `      ${terminal.style('dim', told, 'stdout')}`]
  }
  return [
    top,
    ...layout.paragraph(pick(text.story)),
    ...layout.row(pick(TEXTS.asked), pick(text.asked)),
    ...layout.row(pick(TEXTS.received), pick(text.received(token.lifetimeSeconds))),
    ...layout.row(pick(TEXTS.time), `${formatMs(token.ms, terminal)} ms`),
  ]
}

function askedLines(
  { terminal, layout, wording }: PageParts,
  { step, operation, path }: StepReport,
): readonly string[] {
  const { pick } = terminal
  const facts = wording.tell(step.body, operation.body?.schema)
  const [fact] = facts
  const isOne = facts.length === 1 && fact !== undefined
  const values = isOne ? `${fact.title} ${fact.text}` : facts.map(({ text }) => text).join(' · ')
  const isPerson = operation.kind !== 'submit' && ('personalId' in step.body || 'taxCode' in step.body)
  const fields = step.fields === undefined ? '' : `, ${pick(TEXTS.onlyFields)} ${step.fields.join(', ')}`
  const what = `${values}${isPerson ? ` ${pick(TEXTS.synthetic)}` : ''}${fields}`
  const label = operation.kind === 'submit' ? TEXTS.sent : TEXTS.asked
  const [first = '', ...rest] = layout.row('', what)
  return [
    ...layout.block(pick(label), [
      terminal.style('cyan', `${operation.method} /exchange/${step.service}${path}`, 'stdout'),
    ]),
    first,
    ...rest,
  ]
}

/** The ground for access, as the record has it. */
function groundLines({ terminal, layout, documents }: PageParts, { entry }: StepReport): readonly string[] {
  const { pick } = terminal
  const { agreement, purpose, legalBases = [] } = entry?.record ?? {}
  if (agreement === undefined) return layout.row(pick(TEXTS.allowed), pick(TEXTS.noAgreement))
  const bases = legalBases.map((id) => {
    const basis = documents.legalBases.find((known) => known.id === id)
    if (basis === undefined) return id
    if (basis.article === undefined) return basis.text
    const article = { vi: basis.article, en: basis.article.replaceAll('Điều', 'Article') }
    return `${basis.text} (${pick(article)})`
  })
  return [
    ...layout.row(pick(TEXTS.allowed), pick(TEXTS.agreement(agreement.id, purposeName(purpose ?? '')))),
    ...layout.row('', bases.join(' · ')),
  ]
}

function answerLines(
  { terminal, layout, wording }: PageParts,
  { step, operation, answer, entry }: StepReport,
): string[] {
  const { pick } = terminal
  const schema = operation.responses.get('200')
  const lines: string[] = []
  const isReplay = answer?.headers['idempotency-replayed'] === 'true'
  if (isReplay) lines.push(...layout.row(pick(TEXTS.received), pick(TEXTS.replayed)))
  lines.push(...layout.facts(isReplay ? '' : pick(TEXTS.received), wording.tell(answer?.body, schema)))
  const fields = entry?.record.fields ?? []
  const withheld =
    operation.kind === 'lookup' && step.fields === undefined ? wording.withheld(schema, fields) : []
  if (withheld.length > 0) {
    lines.push(...layout.row(pick(TEXTS.withheld), withheld.map(({ title }) => title).join(' · ')))
  }
  return lines
}

/** A problem document: what, where, whose side, how to fix. */
function problemLines({ terminal, layout, now }: PageParts, { answer, entry }: StepReport): string[] {
  const { pick } = terminal
  const { code, detail, errors } = isMembers(answer?.body) ? answer.body : {}
  const known = Object.entries(ERRORS).find(([name]) => name === code)?.[1]
  if (answer === undefined || known === undefined) return []
  const label = entry?.record.outcome === 'refused' ? TEXTS.refused : TEXTS.failed
  const retry = retryAfterSeconds(answer.headers, now())
  const places = Array.isArray(errors) ? errors.filter(isMembers) : []
  return [
    ...layout.row(pick(label), `${pick(known.title)} (${code}, ${pick(TEXTS.sides[known.fault])})`),
    ...(typeof detail === 'string' ? layout.row('', detail) : []),
    ...places.flatMap(({ pointer, detail: rule }) => layout.row('', `${pointer}: ${rule}`)),
    ...layout.row(pick(TEXTS.fix), pick(known.fix)),
    ...(retry === undefined ? [] : layout.row('', pick(TEXTS.retry(retry)))),
  ]
}

function recordLines({ terminal, layout }: PageParts, { answer, entry, own }: StepReport): string[] {
  const { pick } = terminal
  const lines: string[] = []
  if (entry !== undefined) {
    lines.push(
      ...layout.row(pick(TEXTS.recorded), pick(TEXTS.record(entry.leafIndex, entry.record.exchange))),
    )
  }
  if (answer !== undefined && own !== undefined) {
    const ms = (value: number) => formatMs(value, terminal)
    const told = TEXTS.total(ms(answer.ms), ms(own.totalMs), ms(own.ledgerMs))
    lines.push(...layout.row(pick(TEXTS.time), pick(told)))
  }
  return lines
}

/** Where a group of steps begins, by the id of its first. */
const GROUPS: Readonly<Record<string, Bilingual>> = {
  'verify-citizen': { vi: 'Hỏi', en: 'Ask' },
  submit: { vi: 'Gửi', en: 'Submit' },
  'field-outside-agreement': { vi: 'Từ chối và sự cố', en: 'Refusals and trouble' },
}
const MODES_GROUP = { vi: 'Các cách trao đổi khác', en: 'Other ways to exchange' }

function groupLine({ terminal }: PageParts, title: Bilingual): string {
  return terminal.style('cyan', `── ${terminal.pick(title)}`, 'stdout')
}

/** Cuts a text to a width, at a word. */
function cut(text: string, width: number): string {
  const [first = '', ...more] = wrap(text, width - 2)
  return more.length === 0 ? first : `${first} …`
}

/** What came of an exchange, in one line. */
function gist(parts: PageParts, report: StepReport): string {
  const { terminal, layout, wording } = parts
  const { answer, operation } = report
  const { code } = isMembers(answer?.body) ? answer.body : {}
  const known = Object.entries(ERRORS).find(([name]) => name === code)?.[1]
  const facts = wording.tell(answer?.body, operation.responses.get('200'))
  const told =
    known === undefined
      ? facts.map(({ title, text }) => `${title}: ${text}`).join(' · ')
      : `${terminal.pick(known.title)} (${String(code)})`
  return cut(told, layout.width - 6)
}

/** One of the other ways to move data, in two lines. */
export function showMode(parts: PageParts, mode: ModeReport, number: number): readonly string[] {
  const { terminal, layout } = parts
  const result: Result = { text: mode.ok ? '✔' : '✘', style: mode.ok ? 'green' : 'red' }
  return [
    ...(mode.isFirst ? ['', groupLine(parts, MODES_GROUP)] : []),
    heading(parts, number, mode.title, result),
    ...layout.paragraph(terminal.pick(mode.told), 6),
  ]
}

/** One exchange as people read it. */
export function showStep(parts: PageParts, report: StepReport, number: number): readonly string[] {
  const { terminal, layout } = parts
  const { step, answer, faults } = report
  const isAnswer = answer !== undefined && answer.status < 400
  const group = GROUPS[step.id]
  const top = [
    ...(group === undefined ? [] : ['', groupLine(parts, group)]),
    heading(parts, number, step.title, resultOf(report, terminal)),
  ]
  const wrong = faults.flatMap((fault) => layout.row(terminal.pick(TEXTS.wrong), terminal.pick(fault)))
  if (!parts.full) return [...top, `      ${terminal.style('dim', gist(parts, report), 'stdout')}`, ...wrong]
  return [
    ...top,
    ...layout.paragraph(terminal.pick(step.story)),
    ...askedLines(parts, report),
    ...groundLines(parts, report),
    ...(isAnswer ? answerLines(parts, report) : problemLines(parts, report)),
    ...recordLines(parts, report),
    ...wrong,
    '',
  ]
}

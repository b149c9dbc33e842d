import { basisSpan, isWithin } from '../model/agreement.ts'
import {
  type ApplicationClass,
  type ApplicationContent,
  type AttachedDocument,
  agreementOf,
} from '../model/application.ts'
import type { Violation } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'
import type { Registry } from './compiled.ts'

/** What an application has to bring, by the registry in force. */

const DAY_MS = 86_400_000
/** What an application's own clock may be ahead. */
const AHEAD_MS = 300_000

function violation(pointer: string, rule: string, vi: string, en: string): Violation {
  return { pointer, rule, detail: { vi, en } }
}

/** @param atMs when it was made; it may not be older than so many days. */
function checkAge(pointer: string, atMs: number, days: number | undefined, nowMs: number): Violation[] {
  if (atMs > nowMs + AHEAD_MS)
    return [violation(pointer, 'in_future', 'Ở tương lai.', 'It lies in the future.')]
  if (days === undefined || atMs > nowMs - (days + 1) * DAY_MS) return []
  return [violation(pointer, 'too_old', `Đã quá ${days} ngày.`, `It is more than ${days} days old.`)]
}

function checkPapers(
  { documents: asked }: ApplicationClass,
  attached: readonly AttachedDocument[],
  nowMs: number,
): Violation[] {
  const missing = asked.filter(
    ({ id, optional }) => optional !== true && !attached.some(({ document }) => document === id),
  )
  return [
    ...missing.map(({ id, title }) =>
      violation('/documents', 'paper_missing', `Thiếu ${id}: ${title.vi}.`, `${id} is missing: ${title.en}.`),
    ),
    ...attached.flatMap(({ document, date }, index) => {
      const paper = asked.find(({ id }) => id === document)
      const pointer = `/documents/${index}`
      if (paper !== undefined) {
        return checkAge(`${pointer}/date`, Date.parse(`${date}T00:00:00+07:00`), paper.withinDays, nowMs)
      }
      const at = `${pointer}/document`
      return [
        violation(at, 'paper_unknown', 'Loại này không đòi giấy này.', 'The class asks for no such paper.'),
      ]
    }),
  ]
}

function checkConformance(
  { conformance, agreement }: ApplicationContent,
  days: number | undefined,
  nowMs: number,
): Violation[] {
  const at = '/conformance'
  if (conformance === undefined) {
    if (days === undefined) return []
    const how: Bilingual = {
      vi: 'Cần kết quả của: lienthong check consumer --json.',
      en: 'The result of lienthong check consumer --json is needed.',
    }
    return [{ pointer: at, rule: 'conformance_missing', detail: how }]
  }
  const { ok, kind, id } = conformance
  if (kind !== 'consumer' || id !== agreement.consumer) {
    return [
      violation(`${at}/id`, 'conformance_other', 'Của hệ thống khác.', 'It is about another subsystem.'),
    ]
  }
  if (!ok) {
    const said = { vi: 'Còn mục chưa đạt.', en: 'Something in it failed.' }
    return [{ pointer: `${at}/ok`, rule: 'conformance_failed', detail: said }]
  }
  return checkAge(`${at}/at`, Date.parse(conformance.at), days, nowMs)
}

function checkBases({ agreement }: ApplicationContent, { legalBases }: Registry, nowMs: number): Violation[] {
  return agreement.legalBases.flatMap((id, index) => {
    const basis = legalBases.get(id)
    if (basis === undefined || isWithin(basisSpan(basis), nowMs)) return []
    const at = `/agreement/legalBases/${index}`
    return [violation(at, 'basis_expired', 'Văn bản không còn hiệu lực.', 'The text is not in force.')]
  })
}

/** @returns what an agreement under this id would have to be otherwise; pointers are into the application. */
export function checkDraft(
  content: ApplicationContent,
  id: string,
  registry: Registry,
): readonly Violation[] {
  return registry
    .judgeAgreement(agreementOf(content, id))
    .map((each) => ({ ...each, pointer: `/agreement${each.pointer}` }))
}

/** @returns what keeps an application from being filed: what is wrong and what is missing. */
export function checkApplication(
  content: ApplicationContent,
  registry: Registry,
  nowMs: number,
): readonly Violation[] {
  const known = registry.applicationClasses.get(content.class)
  if (known === undefined) {
    const ids = [...registry.applicationClasses.keys()].join(', ')
    return [violation('/class', 'class_unknown', `Chỉ có: ${ids}.`, `There are: ${ids}.`)]
  }
  // Any id: which one the agreement gets is said with its approval.
  const draft = checkDraft(content, 'draft', registry)
  if (draft.length > 0) return draft
  return [
    ...checkBases(content, registry, nowMs),
    ...checkPapers(known, content.documents, nowMs),
    ...checkConformance(content, known.conformanceWithinDays, nowMs),
  ]
}

import { isWithin } from '../model/agreement.ts'
import type { JudgedConsent } from '../model/consent.ts'
import type { ErrorCode } from '../model/error-table.ts'
import { GatewayError } from '../model/errors.ts'
import type { DataExchangeDetail } from '../model/exchange.ts'
import type { CompiledAgreement, CompiledGrant } from '../registry/snapshot.ts'
import { type Objection, objectionToConsent } from './consent.ts'
import { narrow, withinConsent } from './narrow.ts'

/** What is asked for, as far as an agreement judges it. */
export interface Ask {
  readonly service: string
  readonly operation: string
  readonly purpose: string
  readonly fields: readonly string[] | undefined
  readonly officer: string | undefined
  readonly dossier: string | undefined
  readonly procedure: string | undefined
  /** Whether the request has a signature, found good. */
  readonly isSigned: boolean
  /** The consent that came with the request, its signature found good. */
  readonly consent?: JudgedConsent | undefined
  /** What the consumer's token is narrowed to (RFC 9396). */
  readonly details?: readonly DataExchangeDetail[] | undefined
}

export interface Authorisation {
  readonly agreement: CompiledAgreement
  readonly grant: CompiledGrant
  /** The fields that may leave: those asked for, or all that agreement and token allow. */
  readonly fields: readonly string[]
  /** The one asked for, or the agreement's own where the protocol has no place for one. */
  readonly purpose: string
}

/** The checks in the order in which they are made: an agreement that fails later came nearer. */
const ORDER: readonly ErrorCode[] = [
  'agreement_missing',
  'agreement_not_in_force',
  'legal_basis_expired',
  'purpose_not_agreed',
  'particulars_missing',
  'signature_missing',
  'field_not_agreed',
  'consent_required',
  'consent_invalid',
  'consent_expired',
  'consent_withdrawn',
  'consent_mismatch',
  'token_too_narrow',
]

function missingParticular(agreement: CompiledAgreement, ask: Ask): string | undefined {
  const { requires } = agreement.document
  if (requires?.officer && ask.officer === undefined) return 'Exchange-Officer'
  if (requires?.dossier && ask.dossier === undefined) return 'Exchange-Dossier'
  if (requires?.procedure && ask.procedure === undefined) return 'Exchange-Procedure'
  return undefined
}

function objectionTo(agreement: CompiledAgreement, ask: Ask, nowMs: number): Objection | undefined {
  const { document, span, bases } = agreement
  const { id } = document
  const grant = agreement.grants.get(ask.operation)
  if (grant === undefined) {
    return {
      code: 'agreement_missing',
      detail: {
        vi: `Thỏa thuận ${id} không có thao tác ${ask.operation}.`,
        en: `Agreement ${id} does not open ${ask.operation}.`,
      },
    }
  }
  if (document.state !== 'active' || !isWithin(span, nowMs)) {
    return {
      code: 'agreement_not_in_force',
      detail: { vi: `Thỏa thuận ${id} không còn hiệu lực.`, en: `Agreement ${id} is not in force.` },
    }
  }
  const expired = bases.find((basis) => !isWithin(basis.span, nowMs))
  if (expired) {
    const { text } = expired.document
    return {
      code: 'legal_basis_expired',
      detail: {
        vi: `Căn cứ ${text} của thỏa thuận ${id} không còn hiệu lực.`,
        en: `Legal basis ${text} of agreement ${id} is not in force.`,
      },
    }
  }
  if (!document.purposes.includes(ask.purpose)) {
    const list = document.purposes.join(', ')
    return {
      code: 'purpose_not_agreed',
      detail: { vi: `Thỏa thuận ${id} chỉ cho: ${list}.`, en: `Agreement ${id} only allows: ${list}.` },
    }
  }
  const missing = missingParticular(agreement, ask)
  if (missing) {
    return {
      code: 'particulars_missing',
      detail: { vi: `Thỏa thuận ${id} đòi ${missing}.`, en: `Agreement ${id} demands ${missing}.` },
    }
  }
  if (document.requires?.signature && !ask.isSigned) {
    return {
      code: 'signature_missing',
      detail: {
        vi: `Thỏa thuận ${id} chỉ nhận yêu cầu có chữ ký.`,
        en: `Agreement ${id} takes signed requests only.`,
      },
    }
  }
  const outside = ask.fields?.find((pointer) => !grant.covers(pointer))
  if (outside !== undefined) {
    return {
      code: 'field_not_agreed',
      detail: {
        vi: `Thỏa thuận ${id} không có ${outside}.`,
        en: `Agreement ${id} does not open ${outside}.`,
      },
    }
  }
  return objectionToConsent(document, { ...ask, consent: ask.consent }, nowMs)
}

function tooNarrow({ document }: CompiledAgreement): Objection {
  const { id } = document
  return {
    code: 'token_too_narrow',
    detail: {
      vi: `Thỏa thuận ${id} cho phép, nhưng authorization_details của mã truy cập thì không.`,
      en: `Agreement ${id} would allow it; the authorization_details of the token do not.`,
    },
  }
}

/**
 * Decides by which agreement an exchange may take place; default no.
 * @throws the objection of the agreement that came nearest to allowing it.
 */
export function authorise(
  candidates: readonly CompiledAgreement[],
  asked: Ask,
  nowMs: number,
): Authorisation {
  let nearest: Objection = {
    code: 'agreement_missing',
    detail: {
      vi: 'Hệ thống chưa có thỏa thuận nào với dịch vụ này.',
      en: 'The subsystem has no agreement for this service.',
    },
  }
  for (const agreement of candidates) {
    const { defaultPurpose } = agreement.document
    const ask = asked.purpose === '' && defaultPurpose ? { ...asked, purpose: defaultPurpose } : asked
    const objection = objectionTo(agreement, ask, nowMs)
    const grant = agreement.grants.get(ask.operation)
    let told = objection
    if (objection === undefined && grant !== undefined) {
      const narrowed = narrow(agreement.document, grant, ask)
      if (narrowed !== undefined) {
        const given = agreement.document.consent && ask.consent?.fields
        const fields = given ? withinConsent(narrowed, grant, given) : narrowed
        return { agreement, grant, fields, purpose: ask.purpose }
      }
      told = tooNarrow(agreement)
    }
    if (told && ORDER.indexOf(told.code) >= ORDER.indexOf(nearest.code)) nearest = told
  }
  throw new GatewayError(nearest.code, { detail: nearest.detail })
}

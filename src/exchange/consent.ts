import type { Agreement } from '../model/agreement.ts'
import type { JudgedConsent } from '../model/consent.ts'
import type { ErrorCode } from '../model/error-table.ts'
import type { Bilingual } from '../model/identifier.ts'
import { coversPointer } from '../registry/grant.ts'

/** Why an agreement does not allow what is asked. */
export interface Objection {
  readonly code: ErrorCode
  readonly detail: Bilingual
}

/** What a consent is held against. */
export interface ConsentAsk {
  readonly service: string
  readonly purpose: string
  readonly fields: readonly string[] | undefined
  readonly consent: JudgedConsent | undefined
}

const DAY_MS = 86_400_000
/** How far a consent's beginning may lie ahead of our clock. */
const LEEWAY_MS = 10_000

/** Which word of the consent speaks of something else than what is asked; undefined where none does. */
function mismatchOf(consent: JudgedConsent, consumer: string, ask: ConsentAsk): Bilingual | undefined {
  if (!consent.isAboutSubject)
    return { vi: 'Sự đồng ý là của người khác.', en: 'The consent is of another person.' }
  if (consent.consumer !== consumer)
    return { vi: 'Sự đồng ý dành cho hệ thống khác.', en: 'The consent is for another subsystem.' }
  if (consent.service !== ask.service)
    return { vi: 'Sự đồng ý dành cho dịch vụ khác.', en: 'The consent is for another service.' }
  if (!consent.purposes.includes(ask.purpose))
    return { vi: 'Sự đồng ý dành cho mục đích khác.', en: 'The consent is for another purpose.' }
  const given = new Set(consent.fields)
  const outside = ask.fields?.find((pointer) => !coversPointer(given, pointer))
  if (outside === undefined) return undefined
  return { vi: `Sự đồng ý không có ${outside}.`, en: `The consent does not cover ${outside}.` }
}

/**
 * Whether the consent that came with a request stands for it. It never widens an agreement: it is looked at where
 * the agreement demands one, after the agreement's own objections.
 */
export function objectionToConsent(
  { consent: terms, consumer, id }: Agreement,
  ask: ConsentAsk,
  nowMs: number,
): Objection | undefined {
  if (terms === undefined) return undefined
  const { consent } = ask
  if (consent === undefined) {
    const detail = {
      vi: `Thỏa thuận ${id} dựa trên sự đồng ý, gửi trong Exchange-Consent.`,
      en: `Agreement ${id} is based on consent, sent in Exchange-Consent.`,
    }
    return { code: 'consent_required', detail }
  }
  if (!terms.issuers.includes(consent.issuer)) {
    const detail = {
      vi: `Thỏa thuận ${id} không công nhận nơi cấp sự đồng ý này.`,
      en: `Agreement ${id} does not take consents of this issuer.`,
    }
    return { code: 'consent_invalid', detail }
  }
  if (consent.standing === 'issuer_gone') {
    const detail = {
      vi: 'Nơi cấp đã bị tạm dừng, hoặc khóa đã ký không còn được đăng ký.',
      en: 'The issuer is suspended, or the key it signed with is registered no more.',
    }
    return { code: 'consent_invalid', detail }
  }
  if (consent.standing === 'withdrawn') {
    const detail = { vi: 'Sự đồng ý đã bị rút lại.', en: 'The consent was withdrawn.' }
    return { code: 'consent_withdrawn', detail }
  }
  const countsUntilMs = Math.min(consent.expiresAtMs, consent.issuedAtMs + (terms.maxDays ?? 366) * DAY_MS)
  if (nowMs >= countsUntilMs || nowMs + LEEWAY_MS < consent.notBeforeMs) {
    const detail = {
      vi: 'Sự đồng ý chưa tới hoặc đã quá hạn.',
      en: 'The time of the consent has not come or is over.',
    }
    return { code: 'consent_expired', detail }
  }
  const detail = mismatchOf(consent, consumer, ask)
  return detail && { code: 'consent_mismatch', detail }
}

import type { ErrorEntry } from './error-entry.ts'

/** What keeps an exchange from taking place under an agreement whose basis is the person's consent. */
export const CONSENT_ERRORS = {
  consent_required: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: {
      vi: 'Cần sự đồng ý của chủ thể dữ liệu',
      en: 'The consent of the person concerned is needed',
    },
    fix: {
      vi: 'Xin sự đồng ý qua nơi cấp mà thỏa thuận nêu rồi gửi trong Exchange-Consent.',
      en: 'Get a consent from an issuer that the agreement names and send it in Exchange-Consent.',
    },
  },
  consent_invalid: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Sự đồng ý không hợp lệ', en: 'The consent is not valid' },
    fix: {
      vi: 'Gửi nguyên văn văn bản do nơi cấp ký; nơi cấp phải có trong thỏa thuận và khóa còn được đăng ký.',
      en: 'Send the artefact as its issuer signed it; the agreement names the issuer, its key is registered.',
    },
  },
  consent_expired: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: {
      vi: 'Sự đồng ý chưa hoặc không còn hiệu lực',
      en: 'The consent is not yet or no longer in force',
    },
    fix: { vi: 'Xin sự đồng ý mới.', en: 'Ask the person for a new one.' },
  },
  consent_withdrawn: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Chủ thể dữ liệu đã rút lại sự đồng ý', en: 'The person has withdrawn the consent' },
    fix: {
      vi: 'Ngừng hỏi; chỉ hỏi lại khi có sự đồng ý mới.',
      en: 'Stop asking; ask again only with a new consent.',
    },
  },
  consent_mismatch: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Sự đồng ý không dành cho việc này', en: 'The consent is not for this' },
    fix: {
      vi: 'Hỏi đúng người, dịch vụ, mục đích và trường mà người đó đã đồng ý.',
      en: 'Ask about the person, service, purpose and fields that were agreed to.',
    },
  },
  consent_issuer_unknown: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: {
      vi: 'Hệ thống không phải nơi cấp sự đồng ý',
      en: 'The subsystem issues no consents that count here',
    },
    fix: {
      vi: 'Chỉ nơi cấp mà một thỏa thuận công nhận mới rút được sự đồng ý của mình.',
      en: 'Only an issuer that an agreement names withdraws consents, and its own.',
    },
  },
} as const satisfies Record<string, ErrorEntry>

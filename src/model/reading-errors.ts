import type { ErrorEntry } from './error-entry.ts'

/** Errors of those who read the log. */
export const READING_ERRORS = {
  reader_missing: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: {
      vi: 'Hệ thống không có quyền đọc sổ giao dịch',
      en: 'The subsystem has no right to read the log',
    },
    fix: {
      vi: 'Đề nghị đơn vị vận hành đăng ký quyền đọc sổ (Reader) còn hiệu lực.',
      en: 'Ask the operator to register a right to read the log (Reader) that is in force.',
    },
  },
  reading_denied: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Vai trò này không được xem điều đó', en: 'The role may not read this' },
    fix: {
      vi: 'Hỏi điều vai trò cho phép; xem bảng vai trò trong tài liệu dành cho kiểm toán.',
      en: 'Ask what the role allows; the auditors’ guide has the table of roles.',
    },
  },
  exchange_unknown: {
    status: 404,
    fault: 'consumer',
    stage: 'resolve',
    title: {
      vi: 'Không có giao dịch này trong phạm vi được xem',
      en: 'No such exchange among those you may see',
    },
    fix: { vi: 'Kiểm tra mã giao dịch.', en: 'Check the exchange id.' },
  },
  application_unknown: {
    status: 404,
    fault: 'consumer',
    stage: 'resolve',
    title: {
      vi: 'Không có đề nghị này trong phạm vi được xem',
      en: 'No such application among those you may see',
    },
    fix: { vi: 'Kiểm tra số đề nghị, dạng DN-000001.', en: 'Check its number, written DN-000001.' },
  },
  application_state_unfit: {
    status: 409,
    fault: 'consumer',
    stage: 'resolve',
    title: {
      vi: 'Đề nghị đang ở bước không làm được việc này',
      en: 'The application is at a step that does not allow this',
    },
    fix: {
      vi: 'Xem lại đề nghị: có thể đã có người quyết định, hoặc bổ sung đổi bên khai thác hay dịch vụ.',
      en: 'Look at it again: somebody may have decided it, or a supplement names another consumer or service.',
    },
  },
  decision_signature_required: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: {
      vi: 'Quyết định về đề nghị phải có chữ ký số của lãnh đạo',
      en: "A decision on an application needs a leader's own signature here",
    },
    fix: {
      vi: 'Trình ký (lienthong applications propose), lãnh đạo ký văn bản quyết định, rồi nộp chữ ký (lienthong applications sign).',
      en: 'Hand the decision up (lienthong applications propose), have its text signed, hand the signature in (lienthong applications sign).',
    },
  },
  decision_signatures_closed: {
    status: 403,
    fault: 'gateway',
    stage: 'authorise',
    title: {
      vi: 'Cổng này chưa nhận chữ ký số của lãnh đạo',
      en: "This gateway takes no leaders' signatures",
    },
    fix: {
      vi: 'Người vận hành đặt applications.signatures.authoritiesFile: chứng thư gốc của nơi cấp chứng thư cho lãnh đạo.',
      en: "The operator sets applications.signatures.authoritiesFile: root certificates of those who certify leaders' keys.",
    },
  },
  decision_signature_invalid: {
    status: 422,
    fault: 'consumer',
    stage: 'check_request',
    title: {
      vi: 'Chữ ký số trên quyết định không được nhận',
      en: 'The signature over the decision does not count',
    },
    fix: {
      vi: 'Tải văn bản quyết định, ký CMS tách rời (openssl cms -sign -binary) bằng chứng thư đã đăng ký, rồi nộp lại.',
      en: "Download the decision's text, sign it detached in CMS (openssl cms -sign -binary) with the registered certificate, hand it in anew.",
    },
  },
  approver_unfit: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: {
      vi: 'Không phải người được giao ký quyết định về đề nghị này',
      en: 'Not an approver who may decide on this application',
    },
    fix: {
      vi: 'Xem Approver trong danh bạ: loại đề nghị, cơ quan cung cấp, hiệu lực và dấu SHA-256 của chứng thư.',
      en: "Look at the registry's Approver: its classes, agencies, validity and the SHA-256 thumbprints of its certificates.",
    },
  },
  search_too_wide: {
    status: 422,
    fault: 'consumer',
    stage: 'check_request',
    title: { vi: 'Tìm kiếm quá rộng', en: 'The search takes too long' },
    fix: {
      vi: 'Thu hẹp thời gian, hoặc thêm bên hỏi, dịch vụ hay người liên quan.',
      en: 'Narrow the time, or name a consumer, a service or a person.',
    },
  },
} as const satisfies Record<string, ErrorEntry>

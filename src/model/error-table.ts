import { CONSENT_ERRORS } from './consent-errors.ts'
import type { ErrorEntry } from './error-entry.ts'
import { EVENT_ERRORS } from './event-errors.ts'
import { IDENTITY_ERRORS } from './identity-errors.ts'
import { JOB_ERRORS } from './job-errors.ts'
import { READING_ERRORS } from './reading-errors.ts'
import { XROAD_ERRORS } from './xroad-errors.ts'

export type { ErrorEntry, Fault, Stage } from './error-entry.ts'

/**
 * Every error the gateway can answer with. The codes are part of the interface: one is never renamed, and
 * `lienthong_refusals_total` counts by them.
 */
export const ERRORS = {
  request_malformed: {
    status: 400,
    fault: 'consumer',
    stage: 'gate',
    title: { vi: 'Yêu cầu không đúng cú pháp', en: 'The request is malformed' },
    fix: {
      vi: 'Sửa yêu cầu theo phần chi tiết rồi gửi lại.',
      en: 'Correct the request as the detail says and send it again.',
    },
    oauth: 'invalid_request',
  },
  header_missing: {
    status: 400,
    fault: 'consumer',
    stage: 'gate',
    title: { vi: 'Thiếu tiêu đề bắt buộc', en: 'A required header is missing' },
    fix: {
      vi: 'Thêm tiêu đề được nêu rồi gửi lại.',
      en: 'Add the header named in the detail and send the request again.',
    },
  },
  body_not_json: {
    status: 400,
    fault: 'consumer',
    stage: 'gate',
    title: { vi: 'Nội dung không phải JSON hợp lệ', en: 'The body is not valid JSON' },
    fix: { vi: 'Gửi nội dung JSON (UTF-8) hợp lệ.', en: 'Send a valid JSON body in UTF-8.' },
  },
  body_not_strict: {
    status: 400,
    fault: 'consumer',
    stage: 'gate',
    title: {
      vi: 'JSON có thể bị hiểu khác nhau hoặc vượt giới hạn',
      en: 'The JSON could be read in two ways, or is beyond the limits',
    },
    fix: {
      vi: 'Sửa chỗ được nêu: mỗi tên một lần, số lớn gửi dưới dạng chuỗi, ít tầng hơn (RFC 7493).',
      en: 'Correct the place named: each name once, large numbers as strings, fewer levels (RFC 7493).',
    },
  },
  body_too_large: {
    status: 413,
    fault: 'consumer',
    stage: 'gate',
    title: { vi: 'Nội dung quá lớn', en: 'The body is too large' },
    fix: { vi: 'Chia nhỏ yêu cầu.', en: 'Split the request.' },
  },
  content_type_unsupported: {
    status: 415,
    fault: 'consumer',
    stage: 'gate',
    title: { vi: 'Kiểu nội dung không được hỗ trợ', en: 'The content type is not supported' },
    fix: {
      vi: 'Gửi với Content-Type: application/json, không nén.',
      en: 'Send Content-Type: application/json without compression.',
    },
  },
  path_unknown: {
    status: 404,
    fault: 'consumer',
    stage: 'gate',
    title: { vi: 'Không có địa chỉ này', en: 'There is nothing at this address' },
    fix: { vi: 'Xem danh mục dịch vụ.', en: 'See the catalogue of services.' },
  },
  method_unsupported: {
    status: 405,
    fault: 'consumer',
    stage: 'gate',
    title: { vi: 'Phương thức không được hỗ trợ', en: 'The method is not supported' },
    fix: { vi: 'Dùng phương thức nêu trong tiêu đề Allow.', en: 'Use a method named in the Allow header.' },
  },
  gateway_overloaded: {
    status: 503,
    fault: 'gateway',
    stage: 'gate',
    title: { vi: 'Cổng đang quá tải hoặc sắp dừng', en: 'The gateway is overloaded or stopping' },
    fix: { vi: 'Thử lại sau thời gian trong Retry-After.', en: 'Try again after Retry-After.' },
  },
  ...IDENTITY_ERRORS,
  ...READING_ERRORS,
  ...XROAD_ERRORS,
  ...JOB_ERRORS,
  ...EVENT_ERRORS,
  ...CONSENT_ERRORS,
  service_unknown: {
    status: 404,
    fault: 'consumer',
    stage: 'resolve',
    title: { vi: 'Không có dịch vụ này', en: 'There is no such service' },
    fix: {
      vi: 'Kiểm tra cơ quan, hệ thống, dịch vụ và phiên bản trong địa chỉ.',
      en: 'Check the agency, subsystem, service and version in the address.',
    },
  },
  operation_unknown: {
    status: 404,
    fault: 'consumer',
    stage: 'resolve',
    title: { vi: 'Dịch vụ không có thao tác này', en: 'The service has no such operation' },
    fix: {
      vi: 'Kiểm tra phương thức và đường dẫn theo hợp đồng của dịch vụ.',
      en: "Check the method and path against the service's contract.",
    },
  },
  subsystem_suspended: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Hệ thống đang bị tạm dừng', en: 'The subsystem is suspended' },
    fix: { vi: 'Liên hệ đơn vị vận hành cổng.', en: "Ask the gateway's operator." },
  },
  agreement_missing: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Không có thỏa thuận cho thao tác này', en: 'No agreement covers this operation' },
    fix: {
      vi: 'Đề nghị cơ quan cung cấp ký thỏa thuận chia sẻ.',
      en: 'Ask the providing agency for a sharing agreement.',
    },
  },
  agreement_not_in_force: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Thỏa thuận không còn hiệu lực', en: 'The agreement is not in force' },
    fix: { vi: 'Gia hạn hoặc khôi phục thỏa thuận.', en: 'Renew or restore the agreement.' },
  },
  purpose_not_agreed: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Mục đích ngoài thỏa thuận', en: 'The purpose is outside the agreement' },
    fix: {
      vi: 'Dùng một mục đích có trong thỏa thuận, hoặc bổ sung thỏa thuận.',
      en: 'Use a purpose the agreement names, or have it amended.',
    },
  },
  legal_basis_expired: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Căn cứ pháp lý đã hết hiệu lực', en: 'The legal basis is no longer in force' },
    fix: {
      vi: 'Ký lại thỏa thuận theo văn bản đang có hiệu lực.',
      en: 'Renew the agreement under a text in force.',
    },
  },
  field_not_agreed: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Trường dữ liệu ngoài thỏa thuận', en: 'A field is outside the agreement' },
    fix: {
      vi: 'Bỏ trường được nêu khỏi Exchange-Fields, hoặc bổ sung thỏa thuận.',
      en: 'Take the named field out of Exchange-Fields, or have the agreement amended.',
    },
  },
  token_too_narrow: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Mã truy cập không bao gồm yêu cầu này', en: 'The access token does not cover the request' },
    fix: {
      vi: 'Xin mã truy cập có authorization_details bao gồm dịch vụ, thao tác, mục đích và trường này, hoặc không thu hẹp.',
      en: 'Get a token whose authorization_details name this service, operation, purpose and fields, or one without them.',
    },
    oauth: 'insufficient_scope',
  },
  particulars_missing: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: {
      vi: 'Thiếu thông tin mà thỏa thuận đòi hỏi',
      en: 'Particulars the agreement demands are missing',
    },
    fix: {
      vi: 'Gửi thêm tiêu đề được nêu (cán bộ, hồ sơ hoặc thủ tục).',
      en: 'Send the named header (officer, dossier or procedure).',
    },
  },
  quota_exceeded: {
    status: 429,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Vượt hạn mức của thỏa thuận', en: "The agreement's quota is used up" },
    fix: { vi: 'Thử lại sau thời gian trong Retry-After.', en: 'Try again after Retry-After.' },
  },
  request_invalid: {
    status: 422,
    fault: 'consumer',
    stage: 'check_request',
    title: { vi: 'Dữ liệu gửi lên chưa đúng lược đồ', en: 'The request does not meet the contract' },
    fix: {
      vi: 'Sửa các trường được liệt kê trong errors.',
      en: 'Correct the fields listed in errors.',
    },
  },
  idempotency_key_missing: {
    status: 400,
    fault: 'consumer',
    stage: 'check_request',
    title: { vi: 'Thiếu Idempotency-Key', en: 'Idempotency-Key is missing' },
    fix: {
      vi: 'Gửi Idempotency-Key (1–40 ký tự), mỗi lần nộp một giá trị.',
      en: 'Send an Idempotency-Key of 1–40 characters, a new one for each submission.',
    },
  },
  idempotency_key_reused: {
    status: 422,
    fault: 'consumer',
    stage: 'check_request',
    title: {
      vi: 'Idempotency-Key đã dùng cho nội dung khác',
      en: 'The Idempotency-Key was used with another body',
    },
    fix: { vi: 'Dùng khóa mới cho nội dung mới.', en: 'Use a new key for a new body.' },
  },
  idempotency_in_progress: {
    status: 409,
    fault: 'consumer',
    stage: 'check_request',
    title: {
      vi: 'Yêu cầu cùng Idempotency-Key đang được xử lý',
      en: 'The first request with this key still runs',
    },
    fix: { vi: 'Thử lại sau vài giây với cùng khóa.', en: 'Try again in a few seconds with the same key.' },
  },
  idempotency_reply_erased: {
    status: 410,
    fault: 'consumer',
    stage: 'check_request',
    title: {
      vi: 'Trả lời của lần nộp đầu đã được xóa theo lệnh',
      en: 'The reply to the first submission was erased by order',
    },
    fix: {
      vi: 'Lần nộp đầu đã được thực hiện: không nộp lại; hỏi cơ quan cung cấp khi cần biết kết quả.',
      en: 'The first submission was carried out: do not submit it again; ask its provider what came of it.',
    },
  },
  provider_unavailable: {
    status: 503,
    fault: 'provider',
    stage: 'call',
    title: { vi: 'Hệ thống cung cấp không phản hồi', en: 'The provider cannot be reached' },
    fix: {
      vi: 'Thử lại sau thời gian trong Retry-After; nếu kéo dài, báo đơn vị vận hành.',
      en: 'Try again after Retry-After; tell the operator if it lasts.',
    },
  },
  provider_overloaded: {
    status: 503,
    fault: 'provider',
    stage: 'call',
    title: { vi: 'Hệ thống cung cấp đang quá tải', en: 'The provider is overloaded' },
    fix: { vi: 'Thử lại sau thời gian trong Retry-After.', en: 'Try again after Retry-After.' },
  },
  provider_maintenance: {
    status: 503,
    fault: 'provider',
    stage: 'call',
    title: { vi: 'Hệ thống cung cấp đang bảo trì', en: 'The provider is under maintenance' },
    fix: { vi: 'Thử lại sau thời gian bảo trì.', en: 'Try again after the maintenance.' },
  },
  provider_timeout: {
    status: 504,
    fault: 'provider',
    stage: 'call',
    title: { vi: 'Hệ thống cung cấp trả lời quá chậm', en: 'The provider took too long' },
    fix: { vi: 'Thử lại sau.', en: 'Try again later.' },
  },
  provider_failed: {
    status: 502,
    fault: 'provider',
    stage: 'call',
    title: { vi: 'Hệ thống cung cấp gặp lỗi', en: 'The provider failed' },
    fix: {
      vi: 'Thử lại sau; nếu kéo dài, gửi cơ quan cung cấp mã giao dịch.',
      en: 'Try again later; send the provider the exchange id if it lasts.',
    },
  },
  response_invalid: {
    status: 502,
    fault: 'provider',
    stage: 'check_response',
    title: { vi: 'Câu trả lời không đúng hợp đồng', en: "The provider's answer does not meet the contract" },
    fix: {
      vi: 'Cơ quan cung cấp cần sửa câu trả lời; gửi họ mã giao dịch.',
      en: 'The provider has to mend its answer; send it the exchange id.',
    },
  },
  ledger_unavailable: {
    status: 503,
    fault: 'gateway',
    stage: 'record',
    title: { vi: 'Không ghi được nhật ký nên không trả dữ liệu', en: 'The exchange could not be recorded' },
    fix: { vi: 'Thử lại sau thời gian trong Retry-After.', en: 'Try again after Retry-After.' },
  },
  log_unattested: {
    status: 503,
    fault: 'gateway',
    stage: 'record',
    title: {
      vi: 'Sổ giao dịch quá lâu chưa được ký hoặc chứng thực nên cổng tạm dừng',
      en: 'The exchange log has gone unsigned or unwitnessed for too long, so exchanges are stopped',
    },
    fix: {
      vi: 'Thử lại sau thời gian trong Retry-After; đơn vị vận hành cổng phải xử lý.',
      en: 'Try again after Retry-After; the operator of the gateway has to act.',
    },
  },
  record_unknown: {
    status: 404,
    fault: 'consumer',
    stage: 'record',
    title: { vi: 'Sổ không có giao dịch này', en: 'The log has no such exchange' },
    fix: {
      vi: 'Kiểm tra mã giao dịch (Exchange-Id). Nếu có biên nhận của giao dịch này, hãy giữ lại và báo cơ quan kiểm toán.',
      en: 'Check the Exchange-Id. Whoever holds a receipt of it should keep that and tell the auditors.',
    },
  },
  checkpoint_pending: {
    status: 503,
    fault: 'gateway',
    stage: 'record',
    title: { vi: 'Sổ chưa được ký đến bản ghi này', en: 'The log is not yet signed as far as this record' },
    fix: {
      vi: 'Hỏi lại sau một giây. Nếu quá 10 giây, báo đơn vị vận hành.',
      en: 'Ask again in a second. If it takes more than 10 seconds, tell the operator.',
    },
  },
  authority_unconfirmed: {
    status: 503,
    fault: 'gateway',
    stage: 'record',
    title: {
      vi: 'Cổng chưa chắc quyền truy cập còn hiệu lực nên không trả dữ liệu',
      en: 'The gateway cannot be sure what is still allowed, so nothing is released',
    },
    fix: { vi: 'Thử lại sau thời gian trong Retry-After.', en: 'Try again after Retry-After.' },
  },
  consumer_gone: {
    status: 499,
    fault: 'consumer',
    stage: 'call',
    title: { vi: 'Bên hỏi đã ngắt kết nối', en: 'The consumer closed the connection' },
    fix: { vi: 'Chờ câu trả lời lâu hơn.', en: 'Wait longer for the answer.' },
  },
  internal_error: {
    status: 500,
    fault: 'gateway',
    stage: 'record',
    title: { vi: 'Lỗi bên trong cổng', en: 'An error inside the gateway' },
    fix: { vi: 'Báo đơn vị vận hành kèm mã giao dịch.', en: 'Tell the operator the exchange id.' },
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

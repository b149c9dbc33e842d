import type { ErrorEntry } from './error-entry.ts'

/** The errors of finding out who is asking, part of `ERRORS`. */
export const IDENTITY_ERRORS = {
  certificate_header_refused: {
    status: 400,
    fault: 'consumer',
    stage: 'gate',
    title: {
      vi: 'Client-Cert không đến từ máy chủ trung gian được tin cậy',
      en: 'Client-Cert does not come from a trusted proxy',
    },
    fix: {
      vi: 'Không gửi Client-Cert. Nếu có máy chủ trung gian kết thúc TLS, đơn vị vận hành khai báo địa chỉ của nó ở listen.trustedProxies.',
      en: "Do not send Client-Cert. Where a proxy terminates TLS, its operator names the proxy's address in listen.trustedProxies.",
    },
    oauth: 'invalid_request',
  },
  refusals_too_many: {
    status: 429,
    fault: 'consumer',
    stage: 'gate',
    title: {
      vi: 'Địa chỉ này bị từ chối quá nhiều lần',
      en: 'This address was refused too often',
    },
    fix: {
      vi: 'Đợi theo Retry-After; sửa nguyên nhân các lần từ chối trước (xem mã lỗi của chúng) rồi mới gửi lại.',
      en: 'Wait as Retry-After says; correct what the refusals before were for (see their codes) before sending again.',
    },
  },
  credential_missing: {
    status: 401,
    fault: 'consumer',
    stage: 'authenticate',
    title: { vi: 'Thiếu mã truy cập', en: 'The access token is missing' },
    fix: {
      vi: 'Lấy mã truy cập ở /oauth/token rồi gửi trong tiêu đề Authorization.',
      en: 'Get an access token at /oauth/token and send it in the Authorization header.',
    },
  },
  credential_invalid: {
    status: 401,
    fault: 'consumer',
    stage: 'authenticate',
    title: { vi: 'Mã truy cập không hợp lệ', en: 'The access token is not valid' },
    fix: {
      vi: 'Lấy mã truy cập mới; kiểm tra khóa DPoP hoặc chứng thư mà mã gắn với.',
      en: 'Get a new access token; check the DPoP key or certificate the token is bound to.',
    },
    oauth: 'invalid_token',
  },
  issuer_unavailable: {
    status: 503,
    fault: 'gateway',
    stage: 'authenticate',
    title: {
      vi: 'Không đọc được khóa của nơi cấp mã',
      en: "The keys of the token's issuer cannot be read",
    },
    fix: {
      vi: 'Thử lại sau thời gian trong Retry-After, hoặc lấy mã ở /oauth/token của cổng.',
      en: "Try again after Retry-After, or get a token at the gateway's own /oauth/token.",
    },
    oauth: 'temporarily_unavailable',
  },
  signer_unavailable: {
    status: 503,
    fault: 'gateway',
    stage: 'authenticate',
    title: { vi: 'Không ký được mã truy cập', en: 'The access token could not be signed' },
    fix: {
      vi: 'Thử lại sau thời gian trong Retry-After; đơn vị vận hành kiểm tra thiết bị giữ khóa (tokens.pkcs11).',
      en: 'Try again after Retry-After; the operator looks after the device that holds the key (tokens.pkcs11).',
    },
    oauth: 'temporarily_unavailable',
  },
  dpop_proof_invalid: {
    status: 401,
    fault: 'consumer',
    stage: 'authenticate',
    title: { vi: 'Bằng chứng DPoP không hợp lệ', en: 'The DPoP proof is not valid' },
    fix: {
      vi: 'Tạo bằng chứng DPoP mới cho đúng phương thức, địa chỉ và mã truy cập (RFC 9449).',
      en: 'Make a new DPoP proof for this method, address and token (RFC 9449).',
    },
    oauth: 'invalid_dpop_proof',
  },
  dpop_nonce_required: {
    status: 401,
    fault: 'consumer',
    stage: 'authenticate',
    title: {
      vi: 'Cần nonce của cổng trong bằng chứng DPoP',
      en: 'The DPoP proof needs a nonce of the gateway',
    },
    fix: {
      vi: 'Gửi lại với nonce trong tiêu đề DPoP-Nonce.',
      en: 'Send again with the nonce of the DPoP-Nonce header.',
    },
    oauth: 'use_dpop_nonce',
  },
  token_not_yours: {
    status: 400,
    fault: 'consumer',
    stage: 'authenticate',
    title: { vi: 'Mã truy cập không phải của hệ thống này', en: 'The token was issued to another subsystem' },
    fix: {
      vi: 'Chỉ hệ thống được cấp mã mới thu hồi được; đơn vị vận hành dùng lienthong token revoke.',
      en: 'Only its holder can revoke a token; the operator has lienthong token revoke.',
    },
    oauth: 'unauthorized_client',
  },
  client_invalid: {
    status: 401,
    fault: 'consumer',
    stage: 'authenticate',
    title: { vi: 'Không xác thực được hệ thống', en: 'The subsystem could not be authenticated' },
    fix: {
      vi: 'Kiểm tra khóa đã đăng ký, aud, thời hạn và jti của client assertion.',
      en: "Check the registered key and the assertion's aud, lifetime and jti.",
    },
    oauth: 'invalid_client',
  },
  grant_unsupported: {
    status: 400,
    fault: 'consumer',
    stage: 'authenticate',
    title: { vi: 'Kiểu cấp mã không được hỗ trợ', en: 'The grant type is not supported' },
    fix: { vi: 'Dùng grant_type=client_credentials.', en: 'Use grant_type=client_credentials.' },
    oauth: 'unsupported_grant_type',
  },
  resource_invalid: {
    status: 400,
    fault: 'consumer',
    stage: 'authenticate',
    title: { vi: 'Tài nguyên được hỏi không hợp lệ', en: 'The requested resource is not valid' },
    fix: {
      vi: 'Dùng một resource nằm dưới địa chỉ /exchange của cổng (RFC 8707).',
      en: "Use one resource below the gateway's /exchange address (RFC 8707).",
    },
    oauth: 'invalid_target',
  },
  authorization_details_invalid: {
    status: 400,
    fault: 'consumer',
    stage: 'authenticate',
    title: { vi: 'authorization_details không hợp lệ', en: 'The authorization_details are not valid' },
    fix: {
      vi: 'Gửi 1–16 phần tử loại data_exchange theo tài liệu tích hợp (RFC 9396).',
      en: 'Send 1–16 elements of type data_exchange as the integration guide says (RFC 9396).',
    },
    oauth: 'invalid_authorization_details',
  },
  signature_missing: {
    status: 403,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Thiếu chữ ký mà thỏa thuận đòi hỏi', en: 'The agreement demands a signed request' },
    fix: {
      vi: 'Ký yêu cầu bằng khóa đã đăng ký theo tài liệu tích hợp (RFC 9421).',
      en: 'Sign the request with a registered key as the integration guide says (RFC 9421).',
    },
  },
  signature_invalid: {
    status: 400,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Chữ ký trên yêu cầu không hợp lệ', en: 'The signature on the request is not valid' },
    fix: {
      vi: 'Ký lại đúng yêu cầu sẽ gửi, với nonce mới, bằng khóa đã đăng ký (RFC 9421).',
      en: 'Sign the request as it is sent, with a new nonce, with a registered key (RFC 9421).',
    },
  },
  content_digest_mismatch: {
    status: 400,
    fault: 'consumer',
    stage: 'authorise',
    title: { vi: 'Content-Digest không khớp nội dung', en: 'The Content-Digest does not match the body' },
    fix: {
      vi: 'Tính sha-256 hoặc sha-512 trên đúng các byte gửi đi (RFC 9530).',
      en: 'Compute sha-256 or sha-512 over the very bytes that are sent (RFC 9530).',
    },
  },
} as const satisfies Record<string, ErrorEntry>

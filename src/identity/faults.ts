import type { ErrorCode } from '../model/error-table.ts'
import { GatewayError } from '../model/errors.ts'
import type { Bilingual } from '../model/identifier.ts'

/** What can be wrong with a signed token, assertion or proof, said without repeating any of it. */
export const FAULTS = {
  malformed: {
    vi: 'Không phải JWS rút gọn: cần ba phần base64url chuẩn tắc, tối đa 8 KB.',
    en: 'Not a compact JWS: three canonical base64url parts of 8 KB at most are needed.',
  },
  json: {
    vi: 'Phần đầu hoặc nội dung không phải một đối tượng JSON duy nhất nghĩa.',
    en: 'The header or the claims are not one unambiguous JSON object.',
  },
  type: { vi: 'typ không đúng loại.', en: 'The typ is not that of this kind of JWT.' },
  algorithm: {
    vi: 'alg phải là ES256, PS256, EdDSA hoặc Ed25519.',
    en: 'The alg must be ES256, PS256, EdDSA or Ed25519.',
  },
  header: {
    vi: 'Phần đầu có thành phần không được nhận (crit, b64, zip, jku, jwk, x5u, x5c …).',
    en: 'The header has a member that is not accepted (crit, b64, zip, jku, jwk, x5u, x5c, ...).',
  },
  signature: { vi: 'Chữ ký không đúng.', en: 'The signature is not valid.' },
  issuer: { vi: 'iss hoặc sub không đúng.', en: 'The iss or sub is not right.' },
  client: {
    vi: 'Danh bạ không có hệ thống nào ứng với client_id này của nơi cấp mã.',
    en: 'The registry names no subsystem for this client_id of the issuer.',
  },
  audience: {
    vi: 'aud phải là đúng một chuỗi, nêu đúng nơi nhận.',
    en: 'The aud must be exactly one string that names the recipient.',
  },
  times: {
    vi: 'exp, iat, nbf phải là số giây nguyên không âm.',
    en: 'exp, iat and nbf must be whole, non-negative seconds.',
  },
  expired: { vi: 'Đã hết hạn.', en: 'It has expired.' },
  future: {
    vi: 'iat hoặc nbf ở tương lai quá 10 giây; kiểm tra đồng hồ.',
    en: 'The iat or nbf is more than 10 seconds ahead; check the clock.',
  },
  lifetime: { vi: 'Thời hạn quá dài.', en: 'The lifetime is too long.' },
  claims: { vi: 'Thiếu hoặc sai một claim bắt buộc.', en: 'A required claim is missing or malformed.' },
  jti: { vi: 'jti thiếu hoặc dài quá 256 ký tự.', en: 'The jti is missing or longer than 256 characters.' },
  replayed: { vi: 'jti này đã được dùng.', en: 'This jti was used before.' },
  proofMissing: {
    vi: 'Mã truy cập gắn với khóa DPoP: cần đúng một tiêu đề DPoP và lược đồ DPoP.',
    en: 'The token is bound to a DPoP key: exactly one DPoP header and the DPoP scheme are needed.',
  },
  proofKey: {
    vi: 'Khóa jwk trong bằng chứng không dùng được hoặc có phần riêng tư.',
    en: 'The jwk in the proof is not usable or has private members.',
  },
  proofBinding: {
    vi: 'Bằng chứng không ký bằng khóa mà mã truy cập gắn với.',
    en: 'The proof is not signed with the key the token is bound to.',
  },
  htm: { vi: 'htm không phải phương thức của yêu cầu.', en: 'The htm is not the method of the request.' },
  htu: { vi: 'htu không phải địa chỉ của yêu cầu.', en: 'The htu is not the address of the request.' },
  ath: { vi: 'ath không khớp mã truy cập.', en: 'The ath does not match the access token.' },
  proofAge: {
    vi: 'iat của bằng chứng lệch quá 60 giây về trước; kiểm tra đồng hồ.',
    en: 'The iat of the proof is more than 60 seconds ago; check the clock.',
  },
  scheme: {
    vi: 'Authorization phải là một lược đồ DPoP hoặc Bearer và một mã truy cập.',
    en: 'Authorization must be one scheme, DPoP or Bearer, and one access token.',
  },
  certificate: {
    vi: 'Mã truy cập gắn với chứng thư khác hoặc chứng thư đã bị gỡ.',
    en: 'The token is bound to another client certificate, or to one no longer registered.',
  },
  unbound: {
    vi: 'Mã truy cập không gắn khóa không được nhận.',
    en: 'A token that is not bound to a key is not accepted.',
  },
  revoked: { vi: 'Mã truy cập đã bị thu hồi.', en: 'The token was revoked.' },
  keyRemoved: {
    vi: 'Khóa dùng để lấy mã truy cập này không còn được đăng ký.',
    en: 'The key this token was got with is no longer registered.',
  },
  claimed: {
    vi: 'Mã truy cập không phải của hệ thống nêu trong X-Road-Client.',
    en: 'The token is not that of the subsystem X-Road-Client names.',
  },
  network: {
    vi: 'Danh bạ không còn cho hệ thống này kết nối không chứng thư.',
    en: 'The registry no longer lets this subsystem connect without a certificate.',
  },
  resource: {
    vi: 'Mã truy cập không dành cho địa chỉ này.',
    en: 'The token is not meant for this address.',
  },
  signatureForm: {
    vi: 'Cần đúng một chữ ký, cùng nhãn trong Signature-Input và Signature, với created, keyid, nonce, tag, không có tham số lạ.',
    en: 'Exactly one signature is needed, under one label in Signature-Input and Signature, with created, keyid, nonce and tag and no unknown parameter.',
  },
  signatureTag: { vi: 'tag phải là fapi-2-request.', en: 'The tag must be fapi-2-request.' },
  signatureNonce: { vi: 'Chữ ký thiếu nonce.', en: 'The signature has no nonce.' },
  signatureAge: {
    vi: 'created phải trong 60 giây vừa qua (sớm nhất 10 giây nữa), expires chưa tới; kiểm tra đồng hồ.',
    en: 'created must lie in the last 60 seconds (10 ahead at most) and expires ahead; check the clock.',
  },
  signatureCover: {
    vi: 'Chữ ký phải phủ @method, @target-uri, authorization, exchange-purpose, content-digest khi có nội dung, và mọi tiêu đề Exchange-…, DPoP, Content-Type, Idempotency-Key có mặt.',
    en: 'The signature must cover @method, @target-uri, authorization, exchange-purpose, content-digest where there is a body, and every Exchange-…, DPoP, Content-Type and Idempotency-Key field that is there.',
  },
  signatureComponents: {
    vi: 'Chữ ký nêu một thành phần lặp lại, không có trong yêu cầu hoặc thuộc loại không nhận.',
    en: 'The signature names a component twice, one that is not there or one of a kind not taken.',
  },
  signatureKey: {
    vi: 'keyid không phải kid của một khóa đã đăng ký của hệ thống, hoặc alg không hợp với khóa.',
    en: 'The keyid is not the kid of a registered key of the subsystem, or the alg does not fit it.',
  },
  signatureReplayed: { vi: 'nonce này đã được dùng.', en: 'This nonce was used before.' },
} as const satisfies Record<string, Bilingual>

export type Fault = keyof typeof FAULTS

/** The refusal of a credential: one of the table's codes with the fault as its detail. */
export function refusal(code: ErrorCode, fault: Fault): GatewayError {
  return new GatewayError(code, { detail: FAULTS[fault] })
}

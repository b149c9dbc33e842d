import { LATER_PATHS } from './gateway-later.ts'
import { object, SCHEMAS, type SchemaName, text } from './gateway-schemas.ts'

/** What the gateway itself answers, beside what its services, events and readers are told of elsewhere. */

function content(type: string, schema: object, example?: unknown): object {
  return { content: { [type]: { schema, ...(example !== undefined && { example }) } } }
}

function json(name: SchemaName, example?: unknown): object {
  return content('application/json', { $ref: `#/components/schemas/${name}` }, example)
}

function answer(description: string, body: object = {}): object {
  return { description, ...body }
}

const problem = { default: { $ref: '#/components/responses/Problem' } }

function parameter(where: 'path' | 'header' | 'query', name: string, description: string, more = {}): object {
  return { name, in: where, required: where === 'path', description, schema: text, ...more }
}

interface Described {
  readonly id: string
  readonly summary: string
  readonly tag: string
  readonly parameters?: readonly object[]
  readonly requestBody?: object
  readonly responses: object
  readonly isOpen?: boolean
}

function operation({ id, tag, isOpen = false, responses, ...rest }: Described): object {
  const security = isOpen ? { security: [] } : {}
  return { operationId: id, tags: [tag], ...rest, responses: { ...responses, ...problem }, ...security }
}

const OAUTH = 'Mã truy cập / Access tokens'
const EXCHANGE = 'Giao dịch / Exchanges'
const BULK = 'Hàng loạt / Bulk'
const LOG = 'Sổ / The log'
const REFERENCE = 'Tài liệu / Reference'

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const CLIENT = {
  client_id: text,
  client_assertion_type: { ...text, const: ASSERTION },
  client_assertion: {
    ...text,
    description: 'JWT ký bằng khóa đã đăng ký / signed by a registered key (RFC 7523)',
  },
} as const

function form(required: readonly string[], properties: object): object {
  const schema = object(required, { ...CLIENT, ...properties })
  return { required: true, ...content('application/x-www-form-urlencoded', schema) }
}

const TOKEN_EXAMPLE = {
  access_token: 'eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFUzI1NiJ9…',
  token_type: 'DPoP',
  expires_in: 300,
}
const REFUSAL_EXAMPLE = {
  error: 'invalid_client',
  error_description: 'Check the key, the client_id and the clock.',
  code: 'client_invalid',
}
const PROBLEM_EXAMPLE = {
  type: 'https://gateway.example/problems/request_invalid',
  title: 'Yêu cầu không đúng hợp đồng',
  status: 422,
  code: 'request_invalid',
  fault: 'consumer',
  fix: 'Sửa các trường nêu trong errors.',
  errors: [{ pointer: '/personalId', rule: 'format', detail: 'Phải là số định danh 12 chữ số hợp lệ.' }],
}
const JOB_EXAMPLE = {
  id: '0197a1de-0000-7000-8000-000000000001',
  state: 'running',
  service: 'G01/dan-cu/cong-dan/v1',
  operation: 'verifyCitizens',
  purpose: 'lam-sach-du-lieu',
  format: 'csv',
  sizeBytes: 1_048_576,
  receivedBytes: 1_048_576,
  records: 12_000,
  exchanges: 12,
  createdAt: '2026-11-22T01:00:00.000Z',
  expiresAt: '2026-12-22T01:00:00.000Z',
}

const tokenAnswers = {
  200: answer('Mã truy cập / the token', json('Token', TOKEN_EXAMPLE)),
  400: answer('RFC 6749 §5.2', json('TokenRefusal')),
  401: answer('RFC 6749 §5.2', json('TokenRefusal', REFUSAL_EXAMPLE)),
}
const DPOP = parameter('header', 'DPoP', 'Bằng chứng / the proof (RFC 9449)')
const PURPOSE = parameter('header', 'Exchange-Purpose', 'Mục đích theo thỏa thuận / an agreed purpose', {
  required: true,
})
const SERVICE = ['agency', 'subsystem', 'service', 'version'].map((name) => parameter('path', name, name))
const JOB = parameter('path', 'id', 'Mã việc / the job')
const job = { 200: answer('Việc / the job', json('BulkJob', JOB_EXAMPLE)) }
const plain = (description: string) => ({ 200: answer(description, content('text/plain', text)) })

const PATHS = {
  '/.well-known/oauth-authorization-server': {
    get: operation({
      id: 'metadata',
      tag: OAUTH,
      isOpen: true,
      summary: 'RFC 8414',
      responses: { 200: answer('OK', json('Metadata')) },
    }),
  },
  '/oauth/jwks': {
    get: operation({
      id: 'keys',
      tag: OAUTH,
      isOpen: true,
      summary: 'Khóa của cổng / the gateway’s keys (RFC 7517)',
      responses: {
        200: answer('OK', content('application/jwk-set+json', { $ref: '#/components/schemas/KeySet' })),
      },
    }),
  },
  '/oauth/token': {
    post: operation({
      id: 'token',
      tag: OAUTH,
      isOpen: true,
      summary: 'Xin mã truy cập / get a token',
      parameters: [DPOP],
      requestBody: form(['grant_type'], {
        grant_type: { const: 'client_credentials' },
        resource: { ...text, format: 'uri' },
        authorization_details: { ...text, description: 'JSON, RFC 9396' },
      }),
      responses: tokenAnswers,
    }),
  },
  '/oauth/revoke': {
    post: operation({
      id: 'revoke',
      tag: OAUTH,
      isOpen: true,
      summary: 'Trả lại mã / give a token back (RFC 7009)',
      requestBody: form(['token'], { token: text }),
      responses: { 200: answer('Đã hủy / it is revoked') },
    }),
  },
  '/oauth/introspect': {
    post: operation({
      id: 'introspect',
      tag: OAUTH,
      isOpen: true,
      summary: 'Mã còn dùng được không / is a token good (RFC 7662)',
      requestBody: form(['token'], { token: text }),
      responses: { 200: answer('OK', json('Introspection', { active: false })) },
    }),
  },
  '/exchange/{agency}/{subsystem}/{service}/{version}/{path}': {
    parameters: [...SERVICE, parameter('path', 'path', 'Đường dẫn theo hợp đồng / as the contract says')],
    post: operation({
      id: 'exchange',
      tag: EXCHANGE,
      summary:
        'Một giao dịch: phương thức và nội dung theo hợp đồng của dịch vụ / one exchange, as the service’s contract says',
      parameters: [
        PURPOSE,
        parameter('header', 'Idempotency-Key', 'Bắt buộc khi nộp / required for submissions'),
      ],
      requestBody: content('application/json', {}),
      responses: {
        200: answer('Phần được thỏa thuận / the agreed part', {
          headers: { 'Exchange-Id': { schema: text }, 'Exchange-Receipt': { schema: text } },
          ...content('application/json', {}),
        }),
      },
    }),
  },
  '/jobs/bulk': {
    post: operation({
      id: 'createJob',
      tag: BULK,
      summary: 'Đăng ký một tệp, hoặc đặt một tập ẩn danh / announce a file, or order an anonymised set',
      parameters: [PURPOSE],
      requestBody: {
        required: true,
        ...json('BulkAsk', {
          service: 'G01/dan-cu/cong-dan/v1',
          operation: 'verifyCitizens',
          format: 'csv',
          sizeBytes: 1_048_576,
        }),
      },
      responses: { 201: answer('Việc / the job', json('BulkJob')) },
    }),
    get: operation({
      id: 'listJobs',
      tag: BULK,
      summary: 'Các việc của mình / one’s own jobs',
      responses: { 200: answer('OK', json('BulkJobs', { jobs: [JOB_EXAMPLE] })) },
    }),
  },
  '/jobs/bulk/{id}': {
    parameters: [JOB],
    get: operation({ id: 'readJob', tag: BULK, summary: 'Đến đâu rồi / how far it is', responses: job }),
  },
  '/jobs/bulk/{id}/input': {
    parameters: [JOB],
    head: operation({
      id: 'uploadOffset',
      tag: BULK,
      summary: 'Gửi tiếp từ byte nào / where to go on (tus 1.0.0)',
      responses: { 200: answer('Upload-Offset') },
    }),
    patch: operation({
      id: 'upload',
      tag: BULK,
      summary: 'Gửi một phần tệp / send a piece (tus 1.0.0)',
      parameters: [parameter('header', 'Upload-Offset', 'byte', { required: true })],
      requestBody: {
        required: true,
        ...content('application/offset+octet-stream', { type: 'string', format: 'binary' }),
      },
      responses: { 204: answer('Upload-Offset') },
    }),
  },
  '/jobs/bulk/{id}/pause': {
    parameters: [JOB],
    post: operation({ id: 'pauseJob', tag: BULK, summary: 'Tạm dừng / pause', responses: job }),
  },
  '/jobs/bulk/{id}/resume': {
    parameters: [JOB],
    post: operation({ id: 'resumeJob', tag: BULK, summary: 'Chạy tiếp / resume', responses: job }),
  },
  '/jobs/bulk/{id}/cancel': {
    parameters: [JOB],
    post: operation({ id: 'cancelJob', tag: BULK, summary: 'Hủy / cancel', responses: job }),
  },
  '/jobs/bulk/{id}/report': {
    parameters: [JOB],
    get: operation({
      id: 'jobReport',
      tag: BULK,
      summary: 'Báo cáo / the report',
      responses: { 200: answer('OK', content('application/json', { type: 'object' })) },
    }),
  },
  '/jobs/bulk/{id}/result': {
    parameters: [JOB],
    get: operation({
      id: 'jobResult',
      tag: BULK,
      summary: 'Kết quả từng dòng / the result of each line',
      responses: { 200: answer('NDJSON', content('application/x-ndjson', text)) },
    }),
  },
  '/jobs/bulk/{id}/package': {
    parameters: [JOB],
    get: operation({
      id: 'jobPackage',
      tag: BULK,
      summary: 'Gói bàn giao, đã ký và mã hóa / the package for hand-over, signed and encrypted',
      responses: { 200: answer('JWE, JWS', content('application/vnd.lienthong.package', text)) },
    }),
  },
  '/log/vkey': {
    get: operation({
      id: 'logKey',
      tag: LOG,
      isOpen: true,
      summary: 'Khóa kiểm tra sổ / the log’s verifier key',
      responses: plain('c2sp.org/signed-note'),
    }),
  },
  '/log/checkpoint': {
    get: operation({
      id: 'checkpoint',
      tag: LOG,
      isOpen: true,
      summary: 'Điểm kiểm mới nhất / the latest checkpoint',
      responses: plain('c2sp.org/tlog-checkpoint'),
    }),
  },
  '/log/proof/{exchange}': {
    parameters: [parameter('path', 'exchange', 'Exchange-Id')],
    get: operation({
      id: 'proof',
      tag: LOG,
      isOpen: true,
      summary: 'Bằng chứng một bản ghi nằm trong sổ / that a record is in the log',
      responses: plain('c2sp.org/tlog-proof'),
    }),
  },
  '/problems/{code}': {
    parameters: [
      parameter('path', 'code', 'mã lỗi / error code', {
        schema: { $ref: '#/components/schemas/ErrorCode' },
      }),
    ],
    get: operation({
      id: 'problemPage',
      tag: REFERENCE,
      isOpen: true,
      summary: 'Chuyện gì, bên nào, sửa sao / what happened, whose side, how to fix',
      responses: { 200: answer('OK', content('text/html', text)) },
    }),
  },
  '/docs/services/{agency}/{subsystem}/{service}/{version}/openapi.json': {
    parameters: SERVICE,
    get: operation({
      id: 'serviceDocument',
      tag: REFERENCE,
      isOpen: true,
      summary: 'Hợp đồng của dịch vụ / the service’s contract',
      responses: { 200: answer('OpenAPI 3.1', content('application/json', { type: 'object' })) },
    }),
  },
  '/docs/units/{code}': {
    parameters: [parameter('path', 'code', 'Mã tỉnh hoặc xã / of a province or commune')],
    get: operation({
      id: 'resolveUnit',
      tag: REFERENCE,
      isOpen: true,
      summary: 'Mã đơn vị hành chính nay là gì / what the code of an administrative unit means today',
      parameters: [
        parameter('query', 'asOf', 'Ngày mà mã còn đúng / a day on which it was right, yyyy-mm-dd', {
          required: true,
        }),
      ],
      responses: { 200: answer('OK', json('Unit')) },
    }),
  },
  '/services/{agency}/{subsystem}/{service}/{version}/client.ts': {
    parameters: SERVICE,
    get: operation({
      id: 'serviceClient',
      tag: REFERENCE,
      isOpen: true,
      summary: 'Chương trình gọi, có kiểu / a typed client',
      responses: plain('TypeScript'),
    }),
  },
  ...LATER_PATHS,
} as const

/** The part of the gateway's own OpenAPI 3.1 document that is described here. */
export const GATEWAY_DESCRIPTION = {
  paths: PATHS,
  components: {
    schemas: SCHEMAS,
    responses: {
      Problem: answer(
        'Lỗi của cổng / an error of the gateway (RFC 9457)',
        content('application/problem+json', { $ref: '#/components/schemas/Problem' }, PROBLEM_EXAMPLE),
      ),
    },
  },
} as const

/** OpenAPI paths of requests that are answered later, of withdrawn consents and of reconciliations. */

const text = { type: 'string' } as const
const problem = { default: { $ref: '#/components/responses/Problem' } }

function inPath(name: string, description = name): object {
  return { name, in: 'path', required: true, description, schema: text }
}

function body(type: string, schema: object, example?: unknown): object {
  return { content: { [type]: { schema, ...(example !== undefined && { example }) } } }
}

const SERVICE = ['agency', 'subsystem', 'service', 'version'].map((name) => inPath(name))
const REQUEST = inPath('id', 'Mã yêu cầu / the request')
const PURPOSE = {
  name: 'Exchange-Purpose',
  in: 'header',
  required: true,
  description: 'Mục đích theo thỏa thuận / an agreed purpose',
  schema: text,
}
const LATER = ['Trả kết quả sau / Answered later']
const UNDER_WAY = {
  description: 'Chưa xong / under way',
  headers: { Location: { schema: text }, 'Retry-After': { schema: { type: 'integer' } } },
  ...body('application/json', { type: 'object', required: ['state'], properties: { state: text } }),
}
const ITEM = {
  type: 'object',
  required: ['key', 'status'],
  additionalProperties: false,
  properties: { key: text, status: text, digest: text },
}
const COMPARED = {
  description: 'Số khớp và chỗ lệch / counts and differences',
  ...body('application/json', {
    type: 'object',
    required: ['state', 'sides'],
    properties: {
      state: { enum: ['waiting', 'compared'] },
      sides: { type: 'object' },
      matched: { type: 'integer' },
      counts: { type: 'object' },
      differing: { type: 'array', items: { type: 'object' } },
      onlyConsumer: { type: 'array', items: text },
      onlyProvider: { type: 'array', items: text },
    },
  }),
}
const CONSUMER = { name: 'consumer', in: 'query', description: 'Bên kia / the other side', schema: text }

export const LATER_PATHS = {
  '/exchange/{agency}/{subsystem}/{service}/{version}/-/requests/{id}': {
    parameters: [...SERVICE, REQUEST],
    get: {
      operationId: 'lookAtRequest',
      tags: LATER,
      summary: 'Yêu cầu đến đâu, hoặc kết quả / how a request stands, or what came of it',
      responses: {
        200: { description: 'Kết quả theo hợp đồng / the result', ...body('application/json', {}) },
        202: UNDER_WAY,
        ...problem,
      },
    },
    delete: {
      operationId: 'cancelRequest',
      tags: LATER,
      summary: 'Hủy yêu cầu / cancel it',
      responses: { 202: UNDER_WAY, ...problem },
    },
  },
  '/exchange/{agency}/{subsystem}/{service}/{version}/-/requests/{id}/result': {
    parameters: [...SERVICE, REQUEST],
    put: {
      operationId: 'bringResult',
      tags: LATER,
      summary: 'Bên cung cấp trả kết quả / the provider brings the result',
      requestBody: { required: true, ...body('application/json', {}) },
      responses: { 200: { description: 'Đã giữ / it is kept' }, ...problem },
    },
  },
  '/consents/withdraw': {
    post: {
      operationId: 'withdrawConsent',
      tags: ['Sự đồng ý / Consents'],
      summary: 'Nơi cấp rút lại sự đồng ý / an issuer takes a consent back',
      requestBody: {
        required: true,
        ...body('application/json', {
          type: 'object',
          required: ['consent'],
          additionalProperties: false,
          properties: { consent: { ...text, pattern: '^[A-Za-z0-9._~-]{16,128}$' } },
        }),
      },
      responses: { 200: { description: 'Đã có hiệu lực / it is in force' }, ...problem },
    },
  },
  '/reconciliations/{agency}/{subsystem}/{service}/{version}/{from}/{until}': {
    parameters: [...SERVICE, inPath('from', 'yyyy-mm-dd'), inPath('until', 'yyyy-mm-dd'), CONSUMER, PURPOSE],
    get: {
      operationId: 'lookAtReconciliation',
      tags: ['Đối soát / Reconciliation'],
      summary: 'Kết quả đối soát / the result',
      responses: { 200: COMPARED, ...problem },
    },
    put: {
      operationId: 'handInList',
      tags: ['Đối soát / Reconciliation'],
      summary: 'Nộp danh sách của mình / hand your list in',
      requestBody: { required: true, ...body('application/x-ndjson', ITEM) },
      responses: { 200: COMPARED, ...problem },
    },
  },
} as const

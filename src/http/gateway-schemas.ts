import { BULK_STATES } from '../jobs/bulk.ts'
import { COMMUNE_PARTS } from '../model/administrative-unit.ts'
import { ERRORS } from '../model/error-table.ts'

/** A text of any length. */
export const text = { type: 'string' } as const
const count = { type: 'integer', minimum: 0 } as const
const instant = { type: 'string', format: 'date-time' } as const
const strings = { type: 'array', items: text } as const

/** An object; closed unless it is open. */
export function object(required: readonly string[], properties: object, isOpen = false): object {
  return { type: 'object', required, properties, ...(!isOpen && { additionalProperties: false }) }
}

/** RFC 9457, as `problem.ts` writes it: `code` is one of the closed table. */
export const PROBLEM = object(['type', 'title', 'status', 'code', 'fault', 'fix'], {
  type: { ...text, format: 'uri', description: 'Trang giải thích mã lỗi / the page of the code' },
  title: text,
  status: { type: 'integer' },
  detail: text,
  code: { ...text, description: 'Không bao giờ đổi tên / never renamed' },
  fault: { ...text, enum: ['consumer', 'provider', 'gateway'] },
  fix: text,
  instance: text,
  exchangeId: { ...text, format: 'uuid' },
  traceId: text,
  errors: {
    type: 'array',
    items: object(['pointer', 'rule', 'detail'], { pointer: text, rule: text, detail: text }),
  },
})

/** By the names that the gateway's own OpenAPI document gives them. */
export const SCHEMAS = {
  Problem: PROBLEM,
  ErrorCode: { ...text, enum: Object.keys(ERRORS) },
  Token: object(['access_token', 'token_type', 'expires_in'], {
    access_token: text,
    token_type: { ...text, enum: ['DPoP', 'Bearer'] },
    expires_in: { type: 'integer', minimum: 1 },
    authorization_details: { type: 'array', items: { type: 'object' } },
    scope: text,
  }),
  TokenRefusal: object(['error', 'error_description', 'code'], {
    error: { ...text, description: 'RFC 6749 §5.2' },
    error_description: text,
    code: { $ref: '#/components/schemas/ErrorCode' },
  }),
  Introspection: object(['active'], { active: { type: 'boolean' } }, true),
  Metadata: object(
    ['issuer', 'token_endpoint', 'jwks_uri', 'grant_types_supported', 'protected_resources'],
    {
      issuer: { ...text, format: 'uri' },
      token_endpoint: { ...text, format: 'uri' },
      jwks_uri: { ...text, format: 'uri' },
      grant_types_supported: strings,
      dpop_signing_alg_values_supported: strings,
      protected_resources: strings,
    },
    true,
  ),
  KeySet: object(['keys'], { keys: { type: 'array', items: object(['kty', 'kid', 'alg'], {}, true) } }),
  BulkAsk: object(['service', 'operation'], {
    service: text,
    operation: text,
    format: { ...text, enum: ['ndjson', 'csv'] },
    sizeBytes: { type: 'integer', minimum: 1 },
    staleAfterDays: { type: 'integer', minimum: 1, maximum: 36_500 },
    unitsAsOf: { ...text, format: 'date' },
    // In place of a file, where a set leaves anonymised.
    scope: { type: 'object' },
  }),
  BulkJob: object(['id', 'state', 'service', 'operation', 'purpose', 'receivedBytes', 'createdAt'], {
    id: { ...text, format: 'uuid' },
    state: { ...text, enum: BULK_STATES },
    code: { $ref: '#/components/schemas/ErrorCode' },
    service: text,
    operation: text,
    purpose: text,
    format: text,
    sizeBytes: count,
    scope: { type: 'object' },
    receivedBytes: count,
    records: count,
    exchanges: count,
    createdAt: instant,
    finishedAt: instant,
    expiresAt: instant,
  }),
  Unit: object(['code', 'asOf', 'scheme', 'resolution', 'candidates'], {
    code: text,
    asOf: { ...text, format: 'date' },
    scheme: text,
    resolution: { ...text, enum: ['exact', 'several', 'none'] },
    candidates: {
      type: 'array',
      items: object(['code', 'name', 'province'], {
        code: text,
        name: text,
        province: text,
        part: { ...text, enum: COMMUNE_PARTS },
      }),
    },
    unverified: { type: 'boolean' },
  }),
  BulkJobs: object(['jobs'], { jobs: { type: 'array', items: { $ref: '#/components/schemas/BulkJob' } } }),
} as const

export type SchemaName = keyof typeof SCHEMAS

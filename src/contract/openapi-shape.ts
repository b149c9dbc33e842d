import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { COLUMN_FORMS, COLUMN_ROLES } from '../model/anonymity.ts'

/**
 * The part of OpenAPI 3.1.1 that contracts are written in. What would have no effect here (callbacks,
 * links, parameter styles, other content types) is refused rather than ignored.
 */

const text = { type: 'string', maxLength: 10_000 } as const
const anything = {} as const
const flag = { type: 'boolean' } as const
const seconds = { type: 'integer', minimum: 1, maximum: 31_622_400 } as const
const POINTER = '^(?:/(?:[^~/]|~[01])*)+$'

const anonymity = {
  type: 'object',
  required: ['k', 'pageSize', 'columns'],
  additionalProperties: false,
  properties: {
    k: { type: 'integer', minimum: 2, maximum: 1000 },
    l: { type: 'integer', minimum: 1, maximum: 20 },
    pageSize: { type: 'integer', minimum: 1, maximum: 10_000 },
    columns: {
      type: 'object',
      minProperties: 1,
      maxProperties: 50,
      propertyNames: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9]{0,59}$' },
      additionalProperties: {
        type: 'object',
        required: ['is'],
        additionalProperties: false,
        properties: {
          is: { enum: COLUMN_ROLES },
          as: { enum: COLUMN_FORMS },
          width: { type: 'integer', minimum: 1, maximum: 1_000_000_000_000 },
        },
      },
    },
  },
} as const

const bilingual = {
  type: 'object',
  required: ['vi', 'en'],
  additionalProperties: false,
  properties: { vi: { type: 'string', minLength: 1 }, en: { type: 'string', minLength: 1 } },
} as const

const reference = {
  type: 'object',
  required: ['$ref'],
  additionalProperties: false,
  properties: { $ref: text, summary: text, description: text },
} as const

/** An object of known members; extensions (`x-…`) are allowed everywhere. */
function object(required: readonly string[], properties: Readonly<Record<string, object>>): object {
  return {
    type: 'object',
    required,
    properties,
    patternProperties: { '^x-': anything },
    additionalProperties: false,
  }
}

function referenceOr(name: string): object {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { if: { type: 'object', required: ['$ref'] }, then: reference, else: { $ref: `#/$defs/${name}` } }
}

function mapOf(schema: object): object {
  return { type: 'object', additionalProperties: schema }
}

const SHAPE = {
  $id: 'lienthong:///contract-shape',
  ...object(['openapi', 'info', 'paths'], {
    openapi: { type: 'string', pattern: '^3\\.1\\.\\d+$' },
    info: { $ref: '#/$defs/info' },
    jsonSchemaDialect: { const: 'https://json-schema.org/draft/2020-12/schema' },
    servers: anything,
    security: anything,
    tags: anything,
    externalDocs: anything,
    paths: {
      type: 'object',
      minProperties: 1,
      patternProperties: { '^/': { $ref: '#/$defs/pathItem' }, '^x-': anything },
      additionalProperties: false,
    },
    webhooks: {
      type: 'object',
      patternProperties: { '^x-': anything },
      additionalProperties: { $ref: '#/$defs/webhook' },
    },
    components: object([], {
      schemas: mapOf(anything),
      parameters: mapOf({ $ref: '#/$defs/parameter' }),
      requestBodies: mapOf({ $ref: '#/$defs/requestBody' }),
      responses: mapOf({ $ref: '#/$defs/response' }),
      securitySchemes: anything,
      examples: anything,
      headers: anything,
    }),
  }),
  $defs: {
    info: object(['title', 'version'], {
      title: { type: 'string', minLength: 1 },
      summary: text,
      description: text,
      termsOfService: text,
      contact: anything,
      license: anything,
      version: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+$' },
      'x-title': bilingual,
    }),
    pathItem: object([], {
      summary: text,
      description: text,
      parameters: { type: 'array', items: referenceOr('parameter') },
      get: { $ref: '#/$defs/operation' },
      post: { $ref: '#/$defs/operation' },
      put: { $ref: '#/$defs/operation' },
      patch: { $ref: '#/$defs/operation' },
      delete: { $ref: '#/$defs/operation' },
    }),
    operation: object(['operationId', 'responses', 'x-exchange'], {
      operationId: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_-]{0,63}$' },
      summary: text,
      description: text,
      tags: anything,
      externalDocs: anything,
      security: anything,
      deprecated: flag,
      parameters: { type: 'array', items: referenceOr('parameter') },
      requestBody: referenceOr('requestBody'),
      responses: mapOf(referenceOr('response')),
      'x-exchange': { $ref: '#/$defs/exchange' },
    }),
    /** An event type: its name is its operationId; the body is the event's `data` (CloudEvents in binary mode). */
    webhook: object(['post'], { summary: text, description: text, post: { $ref: '#/$defs/event' } }),
    event: object(['operationId', 'requestBody', 'responses', 'x-exchange'], {
      operationId: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_-]{0,63}$' },
      summary: text,
      description: text,
      tags: anything,
      externalDocs: anything,
      deprecated: flag,
      requestBody: referenceOr('requestBody'),
      responses: mapOf(referenceOr('response')),
      'x-exchange': { $ref: '#/$defs/eventExchange' },
    }),
    parameter: object(['name', 'in', 'schema'], {
      name: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_-]{0,63}$' },
      in: { enum: ['path', 'query', 'header'] },
      required: flag,
      deprecated: flag,
      description: text,
      schema: anything,
      example: anything,
      examples: anything,
    }),
    requestBody: object(['content'], {
      description: text,
      required: flag,
      content: { $ref: '#/$defs/content' },
    }),
    response: object([], {
      description: text,
      headers: anything,
      content: { $ref: '#/$defs/content' },
    }),
    content: {
      type: 'object',
      required: ['application/json'],
      additionalProperties: false,
      properties: {
        'application/json': object(['schema'], { schema: anything, example: anything, examples: anything }),
      },
    },
    eventExchange: {
      type: 'object',
      required: ['kind', 'personalData'],
      additionalProperties: false,
      properties: {
        kind: { const: 'event' },
        title: bilingual,
        subject: { type: 'string', pattern: POINTER, maxLength: 200 },
        personalData: { enum: ['none', 'basic', 'sensitive'] },
        freshness: {
          type: 'object',
          required: ['deliverWithinSeconds'],
          additionalProperties: false,
          properties: { deliverWithinSeconds: seconds, silentAfterSeconds: seconds },
        },
      },
    },
    exchange: {
      type: 'object',
      required: ['kind', 'personalData'],
      additionalProperties: false,
      properties: {
        kind: { enum: ['lookup', 'verify', 'submit', 'request'] },
        title: bilingual,
        subject: { type: 'string', pattern: POINTER, maxLength: 200 },
        personalData: { enum: ['none', 'basic', 'sensitive'] },
        durableBefore: flag,
        codes: {
          type: 'object',
          minProperties: 1,
          maxProperties: 20,
          propertyNames: { type: 'string', pattern: POINTER, maxLength: 200 },
          additionalProperties: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,39}$' },
        },
        anonymised: anonymity,
        batch: {
          type: 'object',
          required: ['of', 'size'],
          additionalProperties: false,
          properties: {
            of: { type: 'string', minLength: 1, maxLength: 100 },
            size: { type: 'integer', minimum: 1, maximum: 1000 },
          },
        },
      },
    },
  },
} as const

/** @returns the check of a contract's outer form, all faults at once. Compiling it takes 20–70 ms: once for many contracts. */
export function createOpenApiShapeCheck(): ValidateFunction {
  return new Ajv2020({
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allErrors: true,
    validateSchema: false,
    meta: false,
    code: { optimize: false },
  }).compile(SHAPE)
}

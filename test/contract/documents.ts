import type { SchemaDocument } from '../../src/contract/catalogue.ts'

/** A small dictionary and a small contract, as plain data that tests change a copy of. */

export const DICTIONARY_PATH = 'dictionary/person.yaml'
export const CONTRACT_PATH = 'services/G01/thu/nguoi.v1.yaml'

export function dictionary() {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $defs: {
      PersonalId: { type: 'string', format: 'personal-id', 'x-personal': true },
      Name: { type: 'string', minLength: 1, maxLength: 10, 'x-personal': true },
      Sex: { type: 'string', enum: ['male', 'female'] },
      Ward: { type: 'string', pattern: '^\\d{5}$', maxLength: 5 },
      Address: {
        type: 'object',
        additionalProperties: false,
        required: ['ward'],
        properties: { ward: { $ref: '#/$defs/Ward' }, detail: { type: 'string', maxLength: 50 } },
      },
    },
  }
}

const ref = (name: string) => ({ $ref: `../../../${DICTIONARY_PATH}#/$defs/${name}` })
const json = (schema: object) => ({ content: { 'application/json': { schema } } })

export function contract() {
  return {
    openapi: '3.1.0',
    info: { title: 'Người', version: '1.0.0', 'x-title': { vi: 'Người', en: 'Persons' } },
    paths: {
      '/tra-cuu': {
        post: {
          operationId: 'lookUp',
          'x-exchange': {
            kind: 'lookup',
            title: { vi: 'Tra cứu', en: 'Look up' },
            subject: '/personalId',
            personalData: 'basic',
          },
          requestBody: { required: true, ...json({ $ref: '#/components/schemas/Query' }) },
          responses: {
            200: { description: 'Một người', ...json({ $ref: '#/components/schemas/Person' }) },
            204: { description: 'Không có' },
            '4XX': { $ref: '#/components/responses/Refusal' },
          },
        },
      },
      '/danh-muc/{code}': {
        get: {
          operationId: 'listCodes',
          summary: 'Danh mục',
          'x-exchange': { kind: 'lookup', personalData: 'none' },
          parameters: [
            { name: 'code', in: 'path', required: true, schema: { type: 'string', maxLength: 10 } },
            { $ref: '#/components/parameters/Limit' },
            { name: 'full', in: 'query', schema: { type: 'boolean' } },
          ],
          responses: {
            200: json({ type: 'array', maxItems: 100, items: { type: 'string', maxLength: 20 } }),
          },
        },
      },
      '/danh-muc/moi': {
        get: {
          operationId: 'listNewCodes',
          summary: 'Danh mục mới',
          'x-exchange': { kind: 'lookup', personalData: 'none' },
          responses: {
            200: json({ type: 'array', maxItems: 100, items: { type: 'string', maxLength: 20 } }),
          },
        },
      },
      '/nop': {
        post: {
          operationId: 'submitClaim',
          summary: 'Nộp',
          'x-exchange': { kind: 'submit', personalData: 'basic' },
          requestBody: json({ $ref: '#/components/schemas/Query' }),
          responses: { 201: { description: 'Đã nhận' } },
        },
      },
    },
    components: {
      parameters: {
        Limit: { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 50 } },
      },
      responses: {
        Refusal: { description: 'Từ chối', ...json({ $ref: '#/components/schemas/Reason' }) },
      },
      schemas: {
        Reason: {
          type: 'object',
          required: ['code'],
          properties: { code: { type: 'string', maxLength: 40 } },
        },
        Query: {
          type: 'object',
          additionalProperties: false,
          required: ['personalId'],
          'x-consistent-person': { id: 'personalId', birthDate: 'birthDate', sex: 'sex' },
          properties: {
            personalId: ref('PersonalId'),
            name: ref('Name'),
            sex: ref('Sex'),
            birthDate: { type: 'string', format: 'birth-date' },
            address: ref('Address'),
            tags: {
              type: 'array',
              maxItems: 5,
              uniqueItems: true,
              items: { type: 'string', maxLength: 10 },
            },
          },
        },
        Person: {
          type: 'object',
          required: ['personalId'],
          properties: {
            personalId: ref('PersonalId'),
            address: ref('Address'),
            relatives: {
              type: 'array',
              maxItems: 10,
              items: {
                anyOf: [
                  { type: 'object', required: ['name'], properties: { name: ref('Name') } },
                  { type: 'object', required: ['number'], properties: { number: { type: 'integer' } } },
                ],
              },
            },
            rates: {
              type: 'object',
              additionalProperties: { type: 'object', properties: { value: { type: 'number' } } },
            },
          },
        },
      },
    },
  }
}

/** @param change edits a fresh copy of the contract and the dictionary. */
export function documents(
  change: (contract: Mutable, dictionary: Mutable) => void = () => {},
): readonly SchemaDocument[] {
  const said = contract() as unknown as Mutable
  const words = dictionary() as unknown as Mutable
  change(said, words)
  return [
    { path: DICTIONARY_PATH, content: words },
    { path: CONTRACT_PATH, content: said },
  ]
}

/** Plain data without a fixed shape, so that a test can write anything into it. */
export interface Mutable {
  [name: string]: Mutable
}

/** Writes a value at a place, whatever was there. */
export function put(target: Mutable, tokens: readonly string[], value: unknown): void {
  const last = tokens.at(-1) ?? ''
  const parent = tokens.slice(0, -1).reduce((at, token) => at[token] as Mutable, target)
  parent[last] = value as Mutable
}

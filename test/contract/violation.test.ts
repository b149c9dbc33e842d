import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import fc from 'fast-check'
import { compileCatalogue } from '../../src/contract/catalogue.ts'
import { MAX_VIOLATIONS, violationsOf } from '../../src/contract/violation.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { CONTRACT_PATH, documents, put } from './documents.ts'

/** A schema and a value that breaks it, for each keyword: the pointer and what must and must not be said. */
const CASES: readonly {
  readonly keyword: string
  readonly schema: object
  readonly value: unknown
  readonly pointer?: string
  readonly says?: string
}[] = [
  { keyword: 'type', schema: { type: ['integer', 'null'] }, value: 'SECRET', says: 'an integer or null' },
  { keyword: 'enum', schema: { enum: ['a', 2] }, value: 'SECRET', says: '"a", 2' },
  {
    keyword: 'enum',
    schema: { enum: Array.from({ length: 30 }, (_, index) => index) },
    value: 'SECRET',
    says: '19, …',
  },
  { keyword: 'const', schema: { const: 'a' }, value: 'SECRET', says: '"a"' },
  { keyword: 'pattern', schema: { pattern: '^a$' }, value: 'SECRET', says: '^a$' },
  { keyword: 'minLength', schema: { minLength: 9 }, value: 'SECRET', says: '9' },
  { keyword: 'maxLength', schema: { maxLength: 2 }, value: 'SECRET', says: '2' },
  { keyword: 'minimum', schema: { minimum: 9 }, value: 4.71823, says: 'at least 9' },
  { keyword: 'maximum', schema: { maximum: 2 }, value: 4.71823, says: 'at most 2' },
  { keyword: 'exclusiveMinimum', schema: { exclusiveMinimum: 9 }, value: 4.71823, says: 'greater than 9' },
  { keyword: 'exclusiveMaximum', schema: { exclusiveMaximum: 2 }, value: 4.71823, says: 'less than 2' },
  { keyword: 'multipleOf', schema: { multipleOf: 2 }, value: 4.71823, says: 'multiple of 2' },
  { keyword: 'minItems', schema: { minItems: 2 }, value: ['SECRET'], says: '2' },
  { keyword: 'maxItems', schema: { maxItems: 1 }, value: ['SECRET', 'SECRET'], says: '1' },
  { keyword: 'items', schema: { prefixItems: [true], items: false }, value: ['SECRET', 'SECRET'], says: '1' },
  { keyword: 'uniqueItems', schema: { uniqueItems: true }, value: ['SECRET', 'SECRET'] },
  {
    keyword: 'contains',
    schema: { contains: { const: 1 }, minContains: 2, maxContains: 3 },
    value: ['SECRET'],
    says: 'at least 2 and at most 3',
  },
  { keyword: 'minProperties', schema: { minProperties: 2 }, value: { SECRET: 1 }, says: '2' },
  { keyword: 'maxProperties', schema: { maxProperties: 0 }, value: { SECRET: 1 }, says: '0' },
  { keyword: 'required', schema: { required: ['name'] }, value: { SECRET: 1 }, says: '"name"' },
  {
    keyword: 'dependentRequired',
    schema: { dependentRequired: { a: ['b'] } },
    value: { a: 'SECRET' },
    says: '"b" must stand beside "a"',
  },
  { keyword: 'additionalProperties', schema: { additionalProperties: false }, value: { '099090000001': 1 } },
  { keyword: 'additionalProperties', schema: { additionalProperties: false }, value: { 'Nguyễn Văn A': 1 } },
  {
    keyword: 'additionalProperties',
    schema: { additionalProperties: false },
    value: { fullName: 1 },
    says: '"fullName"',
  },
  { keyword: 'propertyNames', schema: { propertyNames: { maxLength: 2 } }, value: { SECRET: 1 } },
  { keyword: 'oneOf', schema: { oneOf: [{ type: 'string' }, { minLength: 1 }] }, value: 'SECRET' },
  { keyword: 'anyOf', schema: { anyOf: [{ type: 'null' }, { type: 'array' }] }, value: 'SECRET' },
  { keyword: 'not', schema: { not: { type: 'string' } }, value: 'SECRET' },
  { keyword: 'false schema', schema: { properties: { a: false } }, value: { a: 'SECRET' }, pointer: '/a' },
  {
    keyword: 'type',
    schema: { additionalProperties: { type: 'null' } },
    value: { '099090000001': 1 },
    pointer: '/*',
  },
  {
    keyword: 'type',
    schema: { properties: { a: { items: { type: 'null' } } } },
    value: { a: [null, 'SECRET'] },
    pointer: '/a/1',
  },
]

const SECRETS = ['SECRET', '4.71823', '099090000001', 'Nguyễn']

describe('violations', () => {
  for (const { keyword, schema, value, pointer = '', says = '' } of CASES) {
    it(`tell of ${keyword} for ${JSON.stringify(value)} under ${JSON.stringify(schema).slice(0, 60)} without the value`, () => {
      const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema)
      validate(value)
      const violations = violationsOf(validate.errors ?? [], new Set(['a', 'b', 'name']))
      const told = violations.find(({ rule }) => rule === keyword)
      expect(told).to.include({ pointer, rule: keyword })
      expect(told?.detail.en).to.contain(says)
      expect(told?.detail.vi).to.not.equal(told?.detail.en).and.to.not.contain('undefined')
      expect(told?.detail.en).to.not.contain('undefined')
      for (const secret of SECRETS) expect(JSON.stringify(violations)).to.not.contain(secret)
    })
  }

  it('leave out a failed condition where its branch has spoken', () => {
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    const schema = { if: { required: ['a'] }, then: { required: ['b'] } }
    const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema)
    validate({ a: 1 })
    expect(violationsOf(validate.errors ?? [], new Set()).map(({ rule }) => rule)).to.deep.equal(['required'])
  })

  it('name a missing member of the contract apart from their words, and no other', () => {
    const schema = { properties: { a: {} }, required: ['a', 'secret'] }
    const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema)
    validate({})
    const told = violationsOf(validate.errors ?? [], new Set(['a'])).map(({ member }) => member)
    expect(told).to.deep.equal(['a', undefined])
    expect(violationsOf(validate.errors ?? []).map(({ member }) => member)).to.deep.equal([
      undefined,
      undefined,
    ])
  })

  it('tell each thing once and no more than twenty', () => {
    const errors = Array.from({ length: 100 }, (_, index) => ({
      keyword: 'type',
      instancePath: `/${index >> 1}`,
      schemaPath: '',
      params: { type: 'string' },
    }))
    const violations = violationsOf(errors, new Set())
    expect(violations).to.have.length(MAX_VIOLATIONS)
    expect(new Set(violations.map(({ pointer }) => pointer)).size).to.equal(MAX_VIOLATIONS)
  })

  it('never repeat a value or a name of the data, whatever is sent', () => {
    const map = { type: 'object', additionalProperties: { type: 'integer' } }
    const { catalogue } = compileCatalogue(
      documents((contract) => put(contract, ['components', 'schemas', 'Person', 'properties', 'byId'], map)),
      { syntheticPersons: true },
    )
    const operation = catalogue.contract(CONTRACT_PATH)?.operations.get('lookUp')
    // No letter of the contract's own words is in here, so one found must come from the data.
    const secret = fc.stringMatching(/^[☀-☿]{2,6}$/)
    const names = [
      'personalId',
      'name',
      'sex',
      'birthDate',
      'address',
      'ward',
      'tags',
      'relatives',
      'byId',
      'rates',
      'value',
    ]
    const { value: body } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        secret,
        fc.constantFrom<unknown>(null, true),
        fc.array(tie('value'), { maxLength: 6 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...names), secret), tie('value'), { maxKeys: 8 }),
      ),
    }))
    let told = 0
    const judge = (act: () => void) => {
      try {
        act()
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown
        told += thrown.errors.length
        const said = JSON.stringify([thrown.errors, thrown.message, thrown.detail])
        expect(said).to.not.match(/[☀-☿]/)
      }
    }
    fc.assert(
      fc.property(body, (value) => {
        judge(() => operation?.checkRequest({ pathParameters: {}, query: undefined, body: value }))
        judge(() => operation?.checkResponse(200, value))
      }),
      { numRuns: 1000 },
    )
    expect(told).to.be.greaterThan(1000)
  })
})

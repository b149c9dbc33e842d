import { expect } from 'chai'
import { compileCatalogue, type SchemaDocument } from '../../src/contract/catalogue.ts'
import { CONTRACT_PATH, documents, put } from './documents.ts'

const PERSON = ['components', 'schemas', 'Person', 'properties']
const QUERY = ['components', 'schemas', 'Query', 'properties']
const text = { type: 'string', maxLength: 10 }

function nested(levels: number, wrap: (inner: object) => object): object {
  let schema: object = text
  for (let level = 0; level < levels; level += 1) schema = wrap(schema)
  return schema
}

function members(count: number, schema: object): Record<string, object> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, schema]))
}

/** What is written as the member `x` of an answer, and the one rule that refuses it. */
const EVIL: readonly (readonly [title: string, rule: string, schema: unknown])[] = [
  // Time that a text chooses.
  [
    'nested repetition over a long text',
    'pattern_costly',
    { ...text, maxLength: 60_000, pattern: '^(a+)+$' },
  ],
  [
    'overlapping loops over a long text',
    'pattern_costly',
    { ...text, maxLength: 20_000, pattern: '^(?:a|a)*a*a*a*$' },
  ],
  [
    'counted repetition of a choice',
    'pattern_costly',
    { ...text, maxLength: 300, pattern: '(?:a?b?){200}c' },
  ],
  [
    'a repetition that unfolds to a million',
    'pattern_costly',
    { ...text, pattern: '(?:(?:a?){1000}b?){1000}' },
  ],
  ['a back reference', 'pattern_not_linear', { ...text, pattern: '^(a+)\\1$' }],
  ['a named back reference', 'pattern_not_linear', { ...text, pattern: '^(?<x>a+)\\k<x>$' }],
  ['looking ahead', 'pattern_not_linear', { ...text, pattern: '^(?=a+b)(a|b)+$' }],
  ['looking behind', 'pattern_not_linear', { ...text, pattern: '(?<=a+)b' }],
  [
    'a property that engines spell differently',
    'pattern_not_linear',
    { ...text, pattern: '^\\p{Script=Latin}+$' },
  ],
  ['a pattern without a length', 'pattern_unbounded', { type: 'string', pattern: '^a+$' }],
  ['a pattern under a length without bounds', 'bound_too_large', { ...text, maxLength: 1e9 }],
  ['a pattern that is none', 'pattern_invalid', { ...text, pattern: '[z-a]' }],
  // Sizes that a message chooses.
  ['an array without an end', 'array_unbounded', { type: 'array', items: text }],
  ['an array of a billion', 'bound_too_large', { type: 'array', maxItems: 1e9, items: text }],
  [
    'uniqueItems over thousands',
    'unique_items_unbounded',
    { type: 'array', maxItems: 4000, uniqueItems: true, items: { type: 'object' } },
  ],
  ['uniqueItems without an end', 'unique_items_unbounded', { uniqueItems: true }],
  ['a text without an end', 'string_unbounded', { type: 'string' }],
  ['an enum of thousands', 'enum_too_long', { enum: Array.from({ length: 1001 }, (_, index) => index) }],
  ['an enum of objects', 'enum_too_long', { enum: [{ deep: [1] }] }],
  // Work of the compiler.
  [
    'hundreds of members in one piece',
    'schema_too_large',
    { type: 'object', properties: members(500, text) },
  ],
  [
    'hundreds of schemas for one value',
    'value_overjudged',
    { allOf: Array.from({ length: 101 }, () => ({ maxLength: 9 })) },
  ],
  ['a choice of a hundred forms', 'value_overjudged', { anyOf: Array.from({ length: 100 }, () => text) }],
  ['a reference to itself', 'schema_recursive', { $ref: '#/components/schemas/Person/properties/x' }],
  [
    'a tree',
    'schema_recursive',
    { type: 'array', maxItems: 2, items: { $ref: '#/components/schemas/Person/properties/x' } },
  ],
  // What a document fetches or changes.
  ['a reference over the network', 'reference_unknown', { $ref: 'https://evil.example/schema.json#/a' }],
  ['a reference to the metadata address', 'reference_unknown', { $ref: 'http://169.254.169.254/latest#/a' }],
  ['a reference to a file', 'reference_unknown', { $ref: 'file:///etc/passwd#/a' }],
  ['a reference out of the folder', 'reference_unknown', { $ref: '../../../../../etc/passwd#/a' }],
  ['a reference into what is no schema', 'reference_unknown', { $ref: '#/info' }],
  ['a reference to Object.prototype', 'reference_unknown', { $ref: '#/components/schemas/toString' }],
  ['data in place of a limit', 'keyword_forbidden', { type: 'string', maxLength: 5, $data: '1/limit' }],
  ['a check that answers with a promise', 'keyword_forbidden', { ...text, $async: true }],
  // Keywords that ajv judges wrongly, or that hide what is judged.
  ['$dynamicRef', 'keyword_forbidden', { $dynamicRef: '#x' }],
  ['$recursiveRef', 'keyword_forbidden', { $recursiveRef: '#' }],
  ['unevaluatedProperties', 'keyword_forbidden', { type: 'object', unevaluatedProperties: false }],
  ['unevaluatedItems', 'keyword_forbidden', { type: 'array', maxItems: 1, unevaluatedItems: false }],
  ['contentSchema', 'keyword_forbidden', { ...text, contentSchema: { $ref: 'https://evil.example/#/a' } }],
  ['contentEncoding', 'keyword_forbidden', { ...text, contentEncoding: 'base64' }],
  ['patternProperties', 'keyword_forbidden', { type: 'object', patternProperties: { '^(a+)+$': text } }],
  ['propertyNames', 'keyword_forbidden', { type: 'object', propertyNames: text }],
  ['nullable', 'keyword_forbidden', { ...text, nullable: true }],
  ['a discriminator', 'keyword_forbidden', { type: 'object', discriminator: { propertyName: 'a' } }],
  ['dependencies of draft 7', 'keyword_forbidden', { type: 'object', dependencies: { a: ['b'] } }],
  ['an unknown keyword', 'keyword_unknown', { ...text, formatMinimum: '2020' }],
  ['a keyword in another case', 'keyword_unknown', { ...text, MaxLength: 5 }],
  [
    'another dialect inside',
    'keyword_unknown',
    { ...text, $schema: 'http://json-schema.org/draft-07/schema#' },
  ],
  ['an unknown format', 'format_unknown', { type: 'string', format: 'regex' }],
  ['a format named like a method', 'format_unknown', { type: 'string', format: 'hasOwnProperty' }],
  [
    'a format that would leave numbers unjudged',
    'format_type_wrong',
    { type: ['string', 'number'], format: 'date' },
  ],
  ['a fraction to divide by', 'multiple_of_fraction', { type: 'number', multipleOf: 0.01 }],
  ['a required member from the prototype', 'required_undeclared', { type: 'object', required: ['toString'] }],
  ['a schema that is text', 'schema_malformed', 'string'],
  // What no value can keep.
  ['more at least than at most', 'contradictory', { type: 'string', minLength: 5, maxLength: 4 }],
  ['an empty range', 'contradictory', { type: 'integer', minimum: 5, exclusiveMaximum: 5 }],
  ['an enum of another type', 'contradictory', { type: 'string', enum: ['a', 1] }],
  ['a constant of another type', 'contradictory', { type: 'boolean', const: 'true' }],
  // Documents as a whole.
  [
    'a member __proto__',
    'key_unsafe',
    JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string","maxLength":1}}}'),
  ],
  ['a member constructor', 'key_unsafe', { type: 'object', properties: { constructor: text } }],
  ['a member prototype in an example', 'key_unsafe', { ...text, example: { prototype: 1 } }],
  ['an id of its own', 'identifier_inside', { ...text, $id: 'lienthong:///dictionary/person.yaml' }],
  ['an anchor', 'identifier_inside', { ...text, $anchor: 'a' }],
  ['a dynamic anchor', 'identifier_inside', { ...text, $dynamicAnchor: 'a' }],
  [
    'dozens of levels of arrays',
    'document_too_complex',
    nested(36, (items) => ({ type: 'array', maxItems: 2, items })),
  ],
  ['a hundred levels of choices', 'document_too_complex', nested(100, (inner) => ({ anyOf: [inner] }))],
  ['more text than a contract has', 'document_too_large', { ...text, description: 'x'.repeat(262_144) }],
]

function faultsOf(given: readonly SchemaDocument[]) {
  return compileCatalogue(given, { syntheticPersons: true, check: 'full' }).faults
}

describe('evil schemas', () => {
  for (const [title, rule, schema] of EVIL) {
    // By this rule and no other: without it the schema would be admitted.
    it(`refuses ${title} by ${rule} alone`, () => {
      const faults = faultsOf(documents((contract) => put(contract, [...PERSON, 'x'], schema)))
      expect([...new Set(faults.map((fault) => fault.rule))]).to.deep.equal([rule])
      for (const { detail } of faults) expect(detail.vi !== '' && detail.en !== '').to.equal(true)
    })
  }

  it('refuses references that double at each link by their width', () => {
    const faults = faultsOf(
      documents((contract) => {
        put(contract, ['components', 'schemas', 'L0'], { type: 'object', properties: { a: text } })
        for (let level = 1; level <= 13; level += 1) {
          const below = { $ref: `#/components/schemas/L${level - 1}` }
          put(contract, ['components', 'schemas', `L${level}`], {
            type: 'object',
            properties: { a: below, b: below },
          })
        }
      }),
    )
    expect(new Set(faults.map(({ rule }) => rule))).to.deep.equal(new Set(['schema_too_wide']))
  })

  it('refuses a reference to data where a number belongs', () => {
    const schema = { type: 'integer', minimum: 0, maximum: { $data: '1/limit' } }
    const faults = faultsOf(documents((contract) => put(contract, [...PERSON, 'x'], schema)))
    expect(faults.map(({ rule }) => rule)).to.include('schema_type')
  })

  it('refuses two schemas that refer to each other', () => {
    const faults = faultsOf(
      documents((contract) => {
        put(contract, ['components', 'schemas', 'A'], { allOf: [{ $ref: '#/components/schemas/B' }] })
        put(contract, ['components', 'schemas', 'B'], { allOf: [{ $ref: '#/components/schemas/A' }] })
      }),
    )
    expect(new Set(faults.map(({ rule }) => rule))).to.deep.equal(new Set(['schema_recursive']))
  })

  for (const [title, rule, schema] of [
    ['an open object', 'object_open', { type: 'object', properties: { a: text } }],
    ['a value of any type', 'type_missing', {}],
    ['an array of anything', 'items_missing', { type: 'array', maxItems: 3 }],
  ] as const) {
    it(`refuses ${title} in a request by ${rule} alone`, () => {
      const faults = faultsOf(documents((contract) => put(contract, [...QUERY, 'x'], schema)))
      expect([...new Set(faults.map((fault) => fault.rule))]).to.deep.equal([rule])
    })
  }

  it('compiles the largest that is admitted, to be fast or piece by piece', () => {
    const given = documents((contract) => {
      for (let index = 0; index < 8; index += 1) {
        const piece = { type: 'object', properties: members(490, text) }
        put(contract, ['components', 'schemas', `Piece${index}`], piece)
        put(contract, [...PERSON, `r${index}`], { $ref: `#/components/schemas/Piece${index}` })
      }
    })
    const { catalogue, faults, preparations } = compileCatalogue(given, { syntheticPersons: true })
    expect(faults).to.deep.equal([])
    for (const prepare of preparations) prepare()
    const operation = catalogue.contract(CONTRACT_PATH)?.operations.get('lookUp')
    const judge = (body: unknown) => () => operation?.checkResponse(200, body)
    expect(judge({ personalId: '099090000017', r7: { m489: 'x' } })).to.not.throw()
    expect(judge({ personalId: '099090000017', r7: { m489: 1 } })).to.throw()
  })

  it('admits their harmless counterparts', () => {
    const harmless = {
      pattern: { ...text, pattern: '^(?:a+b)+$' },
      number: {
        type: 'string',
        maxLength: 30,
        pattern: '^[0-9]{1,5}/[0-9]{4}/[A-ZĐ]{2,6}(?:-[A-ZĐ0-9]{1,8})*$',
      },
      list: { type: 'array', maxItems: 10_000, items: text },
      unique: { type: 'array', maxItems: 100, uniqueItems: true, items: text },
      enum: { enum: Array.from({ length: 1000 }, (_, index) => index) },
      forms: { anyOf: Array.from({ length: 99 }, (_, index) => ({ const: index })) },
      large: { type: 'object', properties: members(250, text) },
      whole: { type: 'integer', multipleOf: 1000 },
    }
    const faults = faultsOf(
      documents((contract) => {
        for (const [name, schema] of Object.entries(harmless)) put(contract, [...PERSON, name], schema)
      }),
    )
    expect(faults).to.deep.equal([])
  })
})

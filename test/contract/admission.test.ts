import { expect } from 'chai'
import { compileCatalogue, type SchemaDocument } from '../../src/contract/catalogue.ts'
import { CONTRACT_PATH, contract, DICTIONARY_PATH, documents, type Mutable, put } from './documents.ts'

const QUERY = ['components', 'schemas', 'Query', 'properties']
const PERSON = ['components', 'schemas', 'Person', 'properties']
const LOOK_UP = ['paths', '/tra-cuu', 'post']
const LIST = ['paths', '/danh-muc/{code}', 'get']

function pointer(tokens: readonly string[]): string {
  return tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function faultsOf(given: readonly SchemaDocument[], check: 'full' | 'admission' = 'admission') {
  return compileCatalogue(given, { syntheticPersons: true, check }).faults
}

/** One thing written into the good contract, and the rule it breaks there. */
interface Case {
  readonly rule: string
  readonly at: readonly string[]
  readonly value: unknown
  /** Where the fault is told, below `at`; `..` for the place above it. */
  readonly told?: readonly string[]
}

const text = { type: 'string', maxLength: 10 }

const SCHEMA_CASES: readonly Case[] = [
  ...[
    '$dynamicRef',
    '$dynamicAnchor',
    '$recursiveRef',
    'unevaluatedProperties',
    'unevaluatedItems',
    'discriminator',
    'nullable',
    'definitions',
    'dependencies',
    'additionalItems',
    '$async',
    '$data',
    'patternProperties',
    'propertyNames',
    'contentMediaType',
  ].map(
    (keyword): Case => ({
      rule: 'keyword_forbidden',
      at: [...QUERY, 'x'],
      value: { ...text, [keyword]: {} },
      told: [keyword],
    }),
  ),
  { rule: 'keyword_unknown', at: [...QUERY, 'x'], value: { ...text, maxlength: 3 }, told: ['maxlength'] },
  { rule: 'keyword_unknown', at: [...QUERY, 'x'], value: { ...text, 'x-ngày': 3 }, told: ['x-ngày'] },
  { rule: 'keyword_unknown', at: [...QUERY, 'x'], value: { ...text, $schema: 'x' }, told: ['$schema'] },
  ...[
    'https://example.vn/schema.json#/a',
    '//example.vn/dictionary/person.yaml#/$defs/Name',
    'lienthong:///dictionary/person.yaml#/$defs/Name',
    '../../../dictionary/person.yaml#/$defs/Nobody',
    '../../../dictionary/nothing.yaml#/$defs/Name',
    '../../../dictionary/person.yaml',
    '../../../dictionary/person.yaml#Name',
    '#/components/schemas/Nothing',
    '#',
    '#/info',
    '#/components/schemas/Reason/example',
    '../../../../etc/passwd#/a',
  ].map(
    (reference): Case => ({
      rule: 'reference_unknown',
      at: [...QUERY, 'x'],
      value: { $ref: reference },
      told: ['$ref'],
    }),
  ),
  { rule: 'array_unbounded', at: [...PERSON, 'x'], value: { type: 'array', items: text }, told: ['type'] },
  {
    rule: 'array_unbounded',
    at: [...PERSON, 'x'],
    value: { type: ['array', 'null'], items: text },
    told: ['type'],
  },
  {
    rule: 'unique_items_unbounded',
    at: [...PERSON, 'x'],
    value: { type: 'array', maxItems: 101, uniqueItems: true, items: text },
    told: ['uniqueItems'],
  },
  { rule: 'string_unbounded', at: [...PERSON, 'x'], value: { type: 'string' }, told: ['type'] },
  { rule: 'string_unbounded', at: [...PERSON, 'x'], value: { type: 'string', minLength: 2 }, told: ['type'] },
  {
    rule: 'pattern_unbounded',
    at: [...PERSON, 'x'],
    value: { type: 'string', pattern: '^a$' },
    told: ['pattern'],
  },
  { rule: 'pattern_invalid', at: [...PERSON, 'x'], value: { ...text, pattern: '(' }, told: ['pattern'] },
  { rule: 'pattern_invalid', at: [...PERSON, 'x'], value: { ...text, pattern: '\\-' }, told: ['pattern'] },
  {
    rule: 'pattern_invalid',
    at: [...PERSON, 'x'],
    value: { ...text, pattern: 'a'.repeat(513) },
    told: ['pattern'],
  },
  {
    rule: 'format_unknown',
    at: [...PERSON, 'x'],
    value: { type: 'string', format: 'ipv7' },
    told: ['format'],
  },
  {
    rule: 'format_unknown',
    at: [...PERSON, 'x'],
    value: { type: 'string', format: 'toString' },
    told: ['format'],
  },
  {
    rule: 'format_type_wrong',
    at: [...PERSON, 'x'],
    value: { type: 'string', format: 'vnd' },
    told: ['format'],
  },
  {
    rule: 'format_type_wrong',
    at: [...PERSON, 'x'],
    value: { type: ['string', 'integer'], format: 'date' },
    told: ['format'],
  },
  { rule: 'format_type_wrong', at: [...PERSON, 'x'], value: { format: 'date' }, told: ['format'] },
  {
    rule: 'required_undeclared',
    at: ['components', 'schemas', 'Query', 'required'],
    value: ['personalId', 'toString'],
    told: [],
  },
  {
    rule: 'consistent_person_malformed',
    at: ['components', 'schemas', 'Query', 'x-consistent-person'],
    value: { id: 'personalId', birthDate: 'born' },
    told: [],
  },
  {
    rule: 'consistent_person_malformed',
    at: ['components', 'schemas', 'Query', 'x-consistent-person'],
    value: { id: 'personalId' },
    told: [],
  },
  {
    rule: 'object_open',
    at: [...QUERY, 'x'],
    value: { type: 'object', properties: { a: text } },
    told: ['type'],
  },
  {
    rule: 'object_open',
    at: [...QUERY, 'x'],
    value: { type: 'object', additionalProperties: true, properties: { a: text } },
    told: ['type'],
  },
  { rule: 'type_missing', at: [...QUERY, 'x'], value: {} },
  { rule: 'type_missing', at: [...QUERY, 'x'], value: true },
  { rule: 'type_missing', at: [...QUERY, 'x'], value: { anyOf: [text, { maxLength: 3 }] } },
  { rule: 'items_missing', at: [...QUERY, 'x'], value: { type: 'array', maxItems: 3 }, told: ['type'] },
  { rule: 'schema_malformed', at: [...PERSON, 'x'], value: 'string' },
  {
    rule: 'schema_recursive',
    at: [...PERSON, 'x'],
    value: { $ref: '#/components/schemas/Person' },
    told: ['..', '..'],
  },
]

const OPERATION_CASES: readonly Case[] = [
  { rule: 'operation_id_repeated', at: ['paths', '/nop', 'post', 'operationId'], value: 'lookUp' },
  { rule: 'title_missing', at: [...LIST, 'summary'], value: undefined, told: ['..'] },
  {
    rule: 'path_malformed',
    at: ['paths', '/tra cuu'],
    value: { post: contract().paths['/nop'].post },
    told: ['post'],
  },
  {
    rule: 'path_malformed',
    at: ['paths', '/a/{x}y'],
    value: { post: contract().paths['/nop'].post },
    told: ['post'],
  },
  {
    rule: 'path_ambiguous',
    at: ['paths', '/danh-muc/{ma}'],
    value: {
      get: {
        ...contract().paths['/danh-muc/{code}'].get,
        operationId: 'other',
        parameters: [{ name: 'ma', in: 'path', required: true, schema: text }],
      },
    },
    told: ['get'],
  },
  {
    rule: 'path_parameters_differ',
    at: [...LIST, 'parameters', '0', 'name'],
    value: 'ma',
    told: ['..', '..', '..'],
  },
  {
    rule: 'path_parameters_differ',
    at: ['paths', '/tra-cuu/{a}/{a}'],
    value: {
      post: {
        ...contract().paths['/nop'].post,
        operationId: 'o',
        parameters: [{ name: 'a', in: 'path', required: true, schema: text }],
      },
    },
    told: ['post'],
  },
  {
    rule: 'path_parameter_optional',
    at: [...LIST, 'parameters', '0', 'required'],
    value: false,
    told: ['..'],
  },
  { rule: 'parameter_repeated', at: [...LIST, 'parameters', '2', 'name'], value: 'limit', told: ['..'] },
  {
    rule: 'parameter_header',
    at: [...LIST, 'parameters', '2'],
    value: { name: 'X-Own', in: 'header', schema: text },
  },
  {
    rule: 'parameter_type',
    at: [...LIST, 'parameters', '2', 'schema'],
    value: { type: 'array', maxItems: 2, items: text },
    told: ['..'],
  },
  {
    rule: 'parameter_type',
    at: [...LIST, 'parameters', '2', 'schema'],
    value: { enum: ['a'] },
    told: ['..'],
  },
  {
    rule: 'parameter_personal',
    at: [...LIST, 'parameters', '2', 'schema'],
    value: { $ref: `../../../${DICTIONARY_PATH}#/$defs/PersonalId` },
    told: ['..'],
  },
  { rule: 'body_unexpected', at: [...LIST, 'requestBody'], value: contract().paths['/nop'].post.requestBody },
  { rule: 'submit_by_get', at: [...LIST, 'x-exchange', 'kind'], value: 'submit', told: ['..', '..'] },
  { rule: 'subject_unknown', at: [...LOOK_UP, 'x-exchange', 'subject'], value: '/person/id' },
  { rule: 'subject_unknown', at: [...LOOK_UP, 'x-exchange', 'subject'], value: '/tags/x' },
  { rule: 'subject_unknown', at: [...LIST, 'x-exchange', 'subject'], value: '/code' },
  { rule: 'response_status', at: [...LOOK_UP, 'responses', 'default'], value: { description: 'any' } },
  { rule: 'response_status', at: [...LOOK_UP, 'responses', '302'], value: { description: 'elsewhere' } },
  { rule: 'response_success_missing', at: [...LIST, 'responses'], value: { 404: { description: 'none' } } },
  {
    rule: 'reference_unknown',
    at: [...LIST, 'parameters', '1'],
    value: { $ref: '#/components/parameters/Nothing' },
    told: ['$ref'],
  },
  {
    rule: 'reference_unknown',
    at: [...LOOK_UP, 'responses', '4XX'],
    value: { $ref: '#/components/schemas/Reason' },
    told: ['$ref'],
  },
]

const SHAPE_CASES: readonly Case[] = [
  { rule: 'pattern', at: ['openapi'], value: '3.0.3' },
  { rule: 'required', at: ['info', 'version'], value: undefined, told: ['..'] },
  { rule: 'pattern', at: ['info', 'version'], value: 'v1' },
  { rule: 'required', at: [...LOOK_UP, 'x-exchange'], value: undefined, told: ['..'] },
  { rule: 'enum', at: [...LOOK_UP, 'x-exchange', 'kind'], value: 'read' },
  { rule: 'required', at: [...LOOK_UP, 'x-exchange', 'personalData'], value: undefined, told: ['..'] },
  { rule: 'required', at: [...LOOK_UP, 'x-exchange', 'title', 'en'], value: undefined, told: ['..'] },
  { rule: 'additionalProperties', at: [...LOOK_UP, 'x-exchange', 'durable'], value: true, told: ['..'] },
  { rule: 'pattern', at: [...LOOK_UP, 'x-exchange', 'subject'], value: 'personalId' },
  { rule: 'pattern', at: [...LOOK_UP, 'operationId'], value: 'tra cứu' },
  { rule: 'additionalProperties', at: [...LOOK_UP, 'callbacks'], value: {}, told: ['..'] },
  { rule: 'additionalProperties', at: ['paths', '/tra-cuu', 'head'], value: {}, told: ['..'] },
  { rule: 'additionalProperties', at: ['callbacks'], value: {}, told: ['..'] },
  { rule: 'enum', at: [...LIST, 'parameters', '2', 'in'], value: 'cookie' },
  {
    rule: 'additionalProperties',
    at: [...LIST, 'parameters', '2', 'style'],
    value: 'deepObject',
    told: ['..'],
  },
  {
    rule: 'required',
    at: [...LOOK_UP, 'requestBody', 'content'],
    value: { 'application/xml': { schema: text } },
    told: [],
  },
  { rule: 'minProperties', at: ['paths'], value: {} },
]

function toldPointer({ at, told = [] }: Case): string {
  return pointer(
    told.reduce<readonly string[]>(
      (path, token) => (token === '..' ? path.slice(0, -1) : path.concat(token)),
      at,
    ),
  )
}

describe('admission of contracts', () => {
  it('finds no fault in a good one', () => {
    expect(faultsOf(documents(), 'full')).to.deep.equal([])
  })

  const cases = [...SCHEMA_CASES, ...OPERATION_CASES, ...SHAPE_CASES].map((one, index) => ({
    ...one,
    path: `services/G01/thu/case-${index}.v1.yaml`,
  }))
  let faults: ReturnType<typeof faultsOf>

  before('all cases are compiled together', () => {
    const bad = cases.map(({ path, at, value }): SchemaDocument => {
      const [, changed] = documents((contract) => put(contract, at, value))
      return { path, content: changed?.content }
    })
    faults = faultsOf([...documents(), ...bad])
  })

  for (const one of cases) {
    const value = JSON.stringify(one.value) ?? 'nothing'
    it(`refuses ${value.slice(0, 60)} at ${one.at.slice(-2).join('/')} by ${one.rule}`, () => {
      const told = faults.filter(({ path }) => path === one.path)
      const places = told.map(({ pointer: at, rule }) => `${rule} ${at}`)
      expect(places).to.include(`${one.rule} ${toldPointer(one)}`)
      for (const { detail } of told) expect(detail.vi !== '' && detail.en !== '').to.equal(true)
    })
  }

  it('finds no fault in the good one beside them', () => {
    expect(faults.filter(({ path }) => path === CONTRACT_PATH || path === DICTIONARY_PATH)).to.deep.equal([])
  })

  it('refuses a reference to another contract', () => {
    const other = contract()
    const given = documents((contract) =>
      put(contract, [...PERSON, 'x'], { $ref: 'khac.v1.yaml#/components/schemas/Reason' }),
    )
    const faults = faultsOf([...given, { path: 'services/G01/thu/khac.v1.yaml', content: other }])
    expect(faults.map(({ rule }) => rule)).to.include('reference_foreign')
  })

  it('refuses a reference into an example, which nobody has judged', () => {
    const faults = faultsOf(
      documents((contract) => {
        put(contract, ['components', 'schemas', 'Reason', 'example'], { $async: true, type: 'object' })
        put(contract, [...PERSON, 'x'], { $ref: '#/components/schemas/Reason/example' })
      }),
    )
    expect(faults.map(({ rule }) => rule)).to.deep.equal(['reference_unknown'])
  })

  it('refuses schemas that unfold beyond measure', () => {
    const faults = faultsOf(
      documents((contract) => {
        put(contract, ['components', 'schemas', 'L0'], text)
        for (let level = 1; level <= 16; level += 1) {
          const below = { $ref: `#/components/schemas/L${level - 1}` }
          put(contract, ['components', 'schemas', `L${level}`], { allOf: [below, below] })
        }
      }),
    )
    expect(new Set(faults.map(({ rule }) => rule))).to.deep.equal(
      new Set(['schema_too_wide', 'value_overjudged']),
    )
  })

  it('refuses two schemas that refer to each other', () => {
    const faults = faultsOf(
      documents((contract) => {
        put(contract, ['components', 'schemas', 'A'], { allOf: [{ $ref: '#/components/schemas/B' }] })
        put(contract, ['components', 'schemas', 'B'], { allOf: [{ $ref: '#/components/schemas/A' }] })
      }),
    )
    expect(faults.map(({ rule, pointer: at }) => `${rule} ${at}`)).to.deep.equal([
      'schema_recursive /components/schemas/A',
      'schema_recursive /components/schemas/B',
    ])
  })

  it('takes what is bounded around a combination as bounded', () => {
    const value = {
      type: 'string',
      maxLength: 9,
      anyOf: [{ type: 'string', pattern: '^a' }, { pattern: 'b$' }],
    }
    expect(
      faultsOf(
        documents((contract) => put(contract, [...QUERY, 'x'], value)),
        'full',
      ),
    ).to.deep.equal([])
  })

  it('takes members declared around a combination as declared, and the object as closed', () => {
    const value = {
      type: 'object',
      additionalProperties: false,
      properties: { a: text, b: text },
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    }
    expect(
      faultsOf(
        documents((contract) => put(contract, [...QUERY, 'x'], value)),
        'full',
      ),
    ).to.deep.equal([])
  })

  it('lets answers be open', () => {
    const value = { type: 'object', additionalProperties: true, properties: { a: {} } }
    expect(
      faultsOf(
        documents((contract) => put(contract, [...PERSON, 'x'], value)),
        'full',
      ),
    ).to.deep.equal([])
  })

  it('lets headers that the gateway reads be documented', () => {
    const value = { name: 'Idempotency-Key', in: 'header', required: true, schema: text }
    expect(
      faultsOf(documents((contract) => put(contract, [...LIST, 'parameters', '2'], value))),
    ).to.deep.equal([])
  })

  it('tells every fault of a contract, not the first only', () => {
    const faults = faultsOf(
      documents((contract) => {
        put(contract, [...PERSON, 'x'], { type: 'string' })
        put(contract, [...QUERY, 'y'], { type: 'array', items: {} })
        put(contract, [...LIST, 'x-exchange', 'kind'], 'submit')
      }),
    )
    expect(new Set(faults.map(({ rule }) => rule))).to.deep.equal(
      new Set(['string_unbounded', 'array_unbounded', 'type_missing', 'submit_by_get']),
    )
  })
})

describe('admission of the dictionary', () => {
  const dictionaryFaults = (name: string, schema: unknown) =>
    faultsOf(documents((_, dictionary) => put(dictionary, ['$defs', name], schema)))

  it('judges elements that no contract uses', () => {
    expect(dictionaryFaults('Loose', { type: 'string' })).to.deep.include({
      path: DICTIONARY_PATH,
      pointer: '/$defs/Loose/type',
      rule: 'string_unbounded',
      detail: {
        vi: 'Chuỗi phải có maxLength, format, enum hoặc const.',
        en: 'A string needs maxLength, format, enum or const.',
      },
    })
  })

  it('judges an element by the rules of requests where a request uses it, once', () => {
    const open = { type: 'object', properties: { ward: { $ref: '#/$defs/Ward' } } }
    const faults = dictionaryFaults('Address', open)
    expect(faults.map(({ path, pointer: at, rule }) => ({ path, pointer: at, rule }))).to.deep.equal([
      { path: DICTIONARY_PATH, pointer: '/$defs/Address/type', rule: 'object_open' },
    ])
  })

  it('refuses recursion, another dialect and another id', () => {
    expect(dictionaryFaults('Me', { $ref: '#/$defs/Me' }).map(({ rule }) => rule)).to.deep.equal([
      'schema_recursive',
    ])
    for (const [name, value] of [
      ['$schema', 'http://json-schema.org/draft-07/schema#'],
      ['$id', 'lienthong:///dictionary/other.yaml'],
    ] as const) {
      const faults = faultsOf(documents((_, dictionary) => put(dictionary, [name], value)))
      expect(faults.map(({ rule, pointer: at }) => `${rule} ${at}`)).to.deep.equal([`dialect_wrong /${name}`])
    }
    const own = documents((_, dictionary) => put(dictionary, ['$id'], `lienthong:///${DICTIONARY_PATH}`))
    expect(faultsOf(own, 'full')).to.deep.equal([])
  })
})

describe('admission of documents', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  let deep: unknown = 'x'
  for (let level = 0; level < 41; level += 1) deep = [deep]

  for (const [rule, path, content] of [
    ['path_malformed', 'other/a.yaml', {}],
    ['path_malformed', 'dictionary/../a.yaml', {}],
    ['path_malformed', 'dictionary/á.yaml', {}],
    ['document_not_object', 'dictionary/a.yaml', []],
    ['document_not_object', 'dictionary/a.yaml', null],
    ['document_too_complex', 'dictionary/a.yaml', { deep }],
    ['document_too_complex', 'dictionary/a.yaml', cyclic],
    ['document_too_complex', 'dictionary/a.yaml', { list: Array.from({ length: 50_001 }, () => 1) }],
    ['document_too_large', 'dictionary/a.yaml', { description: 'x'.repeat(262_144) }],
    ['document_not_json', 'dictionary/a.yaml', { description: '\ud800' }],
    ['document_not_json', 'dictionary/a.yaml', { at: new Date(0) }],
    ['identifier_inside', 'dictionary/a.yaml', { 'x-note': { $id: 'lienthong:///dictionary/person.yaml' } }],
    [
      'identifier_inside',
      'dictionary/a.yaml',
      { $defs: { A: { type: 'string', maxLength: 1, example: [{ $anchor: 'a' }] } } },
    ],
  ] as const) {
    it(`refuses ${path} by ${rule}`, () => {
      const faults = faultsOf([{ path, content }])
      expect(faults.map((fault) => [fault.path, fault.rule])).to.deep.equal([[path, rule]])
    })
  }

  it('refuses two documents of one path', () => {
    expect(faultsOf([...documents(), ...documents()]).map(({ rule }) => rule)).to.deep.equal([
      'path_repeated',
      'path_repeated',
    ])
  })

  it('never throws, whatever a document says', () => {
    const junk: unknown[] = [0, 'x', null, [], {}, true, { paths: 1 }, { $defs: [] }, { $ref: 1 }, [[]]]
    const places = [
      [],
      ['paths'],
      ['info'],
      ['components'],
      ['components', 'schemas'],
      ['components', 'parameters'],
      LOOK_UP,
      [...LOOK_UP, 'responses'],
      [...LOOK_UP, 'requestBody'],
      [...LIST, 'parameters'],
      QUERY,
      ['components', 'schemas', 'Query', 'required'],
      ['components', 'schemas', 'Query', 'type'],
      [...QUERY, 'tags', 'maxItems'],
      [...QUERY, 'tags', 'items'],
      [...QUERY, 'personalId', '$ref'],
    ]
    const wild: SchemaDocument[] = documents().filter(({ path }) => path === DICTIONARY_PATH)
    for (const place of places) {
      for (const value of junk) {
        const path = `services/G01/thu/x${wild.length}.v1.yaml`
        const [, changed] = documents((contract) => put(contract, place, value))
        wild.push({ path, content: place.length === 0 ? value : changed?.content })
      }
    }
    const { catalogue, faults } = compileCatalogue(wild, { syntheticPersons: true, check: 'full' })
    const faulty = new Set(faults.map(({ path }) => path))
    for (const { path } of wild.slice(1))
      expect(catalogue.contract(path) === undefined, path).to.equal(faulty.has(path))
    expect(faulty.size).to.be.greaterThan(100)
  })
})

describe('the full check', () => {
  for (const [at, value, rule] of [
    [[...PERSON, 'x'], { type: 'string', maxLength: '10' }, 'schema_type'],
    [[...PERSON, 'x'], { type: 'text', maxLength: 10 }, 'schema_enum'],
    [[...PERSON, 'x'], { type: 'string', maxLength: -1 }, 'schema_minimum'],
    [[...PERSON, 'x'], { type: 'integer', maxLength: 3 }, 'schema_uncompilable'],
    [[...PERSON, 'x'], { type: 'string', maxLength: 5, minimum: 3 }, 'schema_uncompilable'],
  ] as const) {
    it(`refuses ${JSON.stringify(value)}, which admission lets through`, () => {
      const given = documents((contract: Mutable) => put(contract, at, value))
      expect(faultsOf(given, 'admission')).to.deep.equal([])
      const faults = faultsOf(given, 'full')
      expect(faults.map((fault) => fault.rule)).to.include(rule)
      expect(
        compileCatalogue(given, { syntheticPersons: true, check: 'full' }).catalogue.contract(CONTRACT_PATH),
      ).to.equal(undefined)
    })
  }
})

import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parse } from 'yaml'
import { compileCatalogue } from '../../src/contract/catalogue.ts'
import type { Operation } from '../../src/contract/contract.ts'
import type { AnonymityRules } from '../../src/model/anonymity.ts'
import { checkAnonymity } from '../../src/registry/anonymity-grants.ts'
import { readSchemas } from '../sandbox/contracts.ts'
import { type Mutable, put } from './documents.ts'

const PATH = 'services/G18/bao-tro/doi-tuong.v1.yaml'
const SET = ['paths', '/tap-an-danh', 'post']
const RULES = [...SET, 'x-exchange', 'anonymised']
const ROW = [
  'components',
  'schemas',
  'ExportBeneficiariesAnswer',
  'properties',
  'rows',
  'items',
  'properties',
]
const REQUEST = ['components', 'schemas', 'ExportBeneficiariesRequest', 'properties']

const dictionary = readSchemas().filter(({ path }) => path.startsWith('dictionary/'))

interface SetOperation {
  readonly 'x-exchange': { readonly anonymised: AnonymityRules }
  readonly responses: Readonly<Record<string, object>>
}

function read(): Mutable {
  return parse(readFileSync(new URL(`../../schemas/${PATH}`, import.meta.url), 'utf8'))
}

function compile(at: readonly string[] = [], value?: unknown) {
  const content = read()
  if (at.length > 0) put(content, at, value)
  return compileContent(content)
}

function compileContent(content: unknown) {
  return compileCatalogue([...dictionary, { path: PATH, content }], { syntheticPersons: true })
}

describe('a contract of a set that leaves anonymised', () => {
  it('is admitted, and its operation bears its rules', () => {
    const { faults, catalogue } = compile()
    expect(faults).to.deep.equal([])
    expect(catalogue.contract(PATH)?.operations.get('exportBeneficiaries')?.anonymised).to.include({
      k: 10,
      l: 2,
    })
  })

  const { post } =
    (read()['paths'] as unknown as Record<string, { post: SetOperation }>)['/tap-an-danh'] ?? {}
  const { household, ...withoutHousehold } = post?.['x-exchange'].anonymised.columns ?? {}
  const noQuasi = Object.fromEntries(
    Object.entries({ ...withoutHousehold, household }).map(([name, rule]) => [
      name,
      rule?.is === 'quasi' ? { is: 'identifier' } : rule,
    ]),
  )

  const cases: readonly (readonly [what: string, at: readonly string[], value: unknown])[] = [
    [
      'leaves a member of a row without a rule',
      [...RULES, 'columns'],
      { birthDate: { is: 'quasi', as: 'years' } },
    ],
    ['has a rule for a member that no row has', [...RULES, 'columns', 'height'], { is: 'plain' }],
    ['lets a name leave as it is', [...RULES, 'columns', 'fullName'], { is: 'plain' }],
    ['lets a birth date leave as it is', [...RULES, 'columns', 'birthDate'], { is: 'quasi' }],
    ['has rows with a member that nobody named', [...ROW, 'phone'], { type: 'string', maxLength: 9 }],
    ['has a rule of another name', [...RULES, 'columns'], { ...withoutHousehold, hoGiaDinh: household }],
    ['judges by no quasi-identifier', [...RULES, 'columns'], noQuasi],
    ['is asked for in batches', [...SET, 'x-exchange', 'batch'], { of: 'verifyPoorHousehold', size: 10 }],
    ['is asked for without a body', [...SET, 'requestBody'], undefined],
    ['answers nothing with 200', [...SET, 'responses'], { 201: post?.responses['200'] }],
    ['is no look-up', [...SET, 'x-exchange', 'kind'], 'verify'],
    ['is about one person', [...SET, 'x-exchange', 'subject'], '/edition'],
    ['cannot be asked for page by page', [...REQUEST, 'from'], undefined],
  ]
  for (const [what, at, value] of cases) {
    it(`is refused where it ${what}`, () => {
      const { faults, catalogue } = compile(at, value)
      expect(faults.map(({ rule, pointer }) => [rule, pointer])).to.deep.include([
        'anonymised_form',
        `/paths/~1tap-an-danh/post/x-exchange/anonymised`,
      ])
      expect(catalogue.contract(PATH)).to.equal(undefined)
    })
  }

  it('is refused where it is asked for by another method than POST', () => {
    const content = read()
    put(content, ['paths', '/tap-an-danh'], { put: post })
    expect(compileContent(content).faults.map(({ rule, pointer }) => [rule, pointer])).to.deep.include([
      'anonymised_form',
      '/paths/~1tap-an-danh/put/x-exchange/anonymised',
    ])
  })

  it('is refused where its classes may be of one row', () => {
    expect(compile([...RULES, 'k'], 1).faults.map(({ rule }) => rule)).to.include('minimum')
  })
})

describe('an agreement to a set that leaves anonymised', () => {
  const operation = compile().catalogue.contract(PATH)?.operations.get('exportBeneficiaries')
  const quasi = ['/rows/birthDate', '/rows/sex', '/rows/residence/province', '/rows/monthlyAllowanceVnd']
  const rulesOf = (fields: readonly string[]) =>
    checkAnonymity(operation as Operation, fields, { path: 'x', pointer: '/fields' }).map(({ rule }) => rule)

  it('opens every quasi-identifier, and no identifier', () => {
    expect(rulesOf([...quasi, '/rows/household'])).to.deep.equal([])
    expect(rulesOf(quasi)).to.deep.equal([])
    expect(rulesOf(quasi.slice(1))).to.deep.equal(['quasi_identifier_missing'])
    expect(rulesOf([...quasi, '/rows/personalId'])).to.deep.equal(['identifier_agreed'])
    expect(rulesOf(['/rows'])).to.deep.equal(['identifier_agreed', 'quasi_identifier_missing'])
    expect(rulesOf([...quasi.slice(1), '/copy/rows/birthDate', '/birthDate'])).to.deep.equal([
      'quasi_identifier_missing',
    ])
    expect(rulesOf([''])).to.deep.equal(['identifier_agreed', 'quasi_identifier_missing'])
  })

  it('has no say where an operation is none of such a set', () => {
    const plain = compile().catalogue.contract(PATH)?.operations.get('lookUpBeneficiary') as Operation
    expect(checkAnonymity(plain, [''], { path: 'x', pointer: '/fields' })).to.deep.equal([])
  })
})

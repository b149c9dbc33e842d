import { expect } from 'chai'
import { compileCatalogue } from '../../src/contract/catalogue.ts'
import type { Contract, Operation } from '../../src/contract/contract.ts'
import { GatewayError, type Violation } from '../../src/model/errors.ts'
import { CONTRACT_PATH, documents, type Mutable, put } from './documents.ts'

const ID = '099090000001'

function compile(change?: (contract: Mutable) => void): Contract {
  const { catalogue, faults } = compileCatalogue(documents(change), { syntheticPersons: true, check: 'full' })
  expect(faults).to.deep.equal([])
  const contract = catalogue.contract(CONTRACT_PATH)
  if (contract === undefined) throw new Error('the contract was left out')
  return contract
}

let standard: Contract

before('the contract is compiled once', () => {
  standard = compile()
})

function operation(id: string, contract = standard): Operation {
  const found = contract.operations.get(id)
  if (found === undefined) throw new Error(`there is no ${id}`)
  return found
}

function refusalOf(act: () => void): GatewayError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
  throw new Error('nothing was refused')
}

const withBody = (body: unknown) => ({ pathParameters: {}, query: undefined, body })
const places = (errors: readonly Violation[]) => errors.map(({ pointer, rule }) => `${rule} ${pointer}`)

describe('a contract', () => {
  it('says what its document says', () => {
    const contract = standard
    expect(contract).to.include({ path: CONTRACT_PATH, version: '1.0.0' })
    expect(contract.title).to.deep.equal({ vi: 'Người', en: 'Persons' })
    expect([...contract.operations.keys()]).to.deep.equal([
      'lookUp',
      'listCodes',
      'listNewCodes',
      'submitClaim',
    ])
    expect(operation('lookUp')).to.deep.include({
      id: 'lookUp',
      method: 'POST',
      pathTemplate: '/tra-cuu',
      title: { vi: 'Tra cứu', en: 'Look up' },
      kind: 'lookup',
      durableBefore: false,
      idempotent: true,
      personalData: 'basic',
      subjectPointer: '/personalId',
    })
  })

  it('makes what is submitted durable first and never repeats it, unless the document says otherwise', () => {
    expect(operation('submitClaim')).to.include({ durableBefore: true, idempotent: false })
    const contract = compile((said) => {
      put(said, ['paths', '/nop', 'post', 'x-exchange', 'durableBefore'], false)
      put(said, ['paths', '/tra-cuu', 'post', 'x-exchange', 'durableBefore'], true)
    })
    expect(operation('submitClaim', contract)).to.include({ durableBefore: false, idempotent: false })
    expect(operation('lookUp', contract)).to.include({ durableBefore: true, idempotent: true })
  })

  it('takes a summary for the title in both languages', () => {
    expect(operation('listCodes').title).to.deep.equal({ vi: 'Danh mục', en: 'Danh mục' })
  })

  describe('matching', () => {
    const match = (method: string, path: string) => {
      const found = standard.match(method, path)
      return found && [found.operation.id, { ...found.pathParameters }]
    }

    it('finds the operation of a method and a path', () => {
      expect(match('POST', '/tra-cuu')).to.deep.equal(['lookUp', {}])
      expect(match('GET', '/danh-muc/ABC')).to.deep.equal(['listCodes', { code: 'ABC' }])
    })

    it('prefers a literal segment to a parameter', () => {
      expect(match('GET', '/danh-muc/moi')).to.deep.equal(['listNewCodes', {}])
      const contract = compile((said) => {
        const list = structuredClone(said['paths']?.['/danh-muc/{code}']) as Mutable
        for (const [path, id] of [
          ['/d/{code}/z', 'general'],
          ['/d/x/{code}', 'special'],
        ] as const) {
          put(said, ['paths', path], structuredClone(list))
          put(said, ['paths', path, 'get', 'operationId'], id)
        }
      })
      expect(contract.match('GET', '/d/x/z')?.operation.id).to.equal('special')
      expect(contract.match('GET', '/d/y/z')?.operation.id).to.equal('general')
    })

    it('finds nothing for another method, an empty segment, more or less of a path', () => {
      for (const [method, path] of [
        ['GET', '/tra-cuu'],
        ['post', '/tra-cuu'],
        ['GET', '/danh-muc/'],
        ['GET', '/danh-muc'],
        ['GET', '/danh-muc/a/b'],
        ['GET', 'danh-muc/a'],
        ['POST', '/tra-cuu/'],
        ['POST', '/__proto__'],
        ['GET', ''],
      ] as const) {
        expect(match(method, path), `${method} ${path}`).to.equal(undefined)
      }
    })

    it('takes a parameter named like something inherited for a parameter', () => {
      const found = standard.match('GET', '/danh-muc/__proto__')
      expect(found?.pathParameters['code']).to.equal('__proto__')
    })
  })

  describe('checking a request', () => {
    it('accepts what the contract describes', () => {
      operation('lookUp').checkRequest(withBody({ personalId: ID }))
      operation('lookUp').checkRequest(
        withBody({
          personalId: ID,
          name: 'Nguyễn Văn',
          sex: 'male',
          birthDate: '1990',
          address: { ward: '00001' },
          tags: ['a', 'b'],
        }),
      )
      operation('submitClaim').checkRequest(withBody(undefined))
    })

    it('tells everything that is wrong with a request of modest size, at most twenty things', () => {
      const refusal = refusalOf(() =>
        operation('lookUp').checkRequest(
          withBody({
            personalId: '1',
            name: '',
            sex: 'x',
            address: { detail: 1 },
            extra: 1,
            tags: ['a', 'a'],
          }),
        ),
      )
      expect(refusal.code).to.equal('request_invalid')
      expect(places(refusal.errors)).to.have.members([
        'additionalProperties ',
        'format /personalId',
        'minLength /name',
        'enum /sex',
        'required /address',
        'type /address/detail',
        'uniqueItems /tags',
      ])
      const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x${index}`, 1]))
      expect(refusalOf(() => operation('lookUp').checkRequest(withBody(many))).errors).to.have.length(20)
    })

    it('tells the first fault only of a large one', () => {
      const broken = { personalId: '1', name: '', sex: 'x' }
      const nodes = { ...broken, tags: Array.from({ length: 1001 }, (_, index) => index) }
      const letters = { ...broken, address: { ward: 'x'.repeat(4097) } }
      for (const body of [nodes, letters]) {
        expect(refusalOf(() => operation('lookUp').checkRequest(withBody(body))).errors).to.have.length(1)
      }
      expect(refusalOf(() => operation('lookUp').checkRequest(withBody(broken))).errors).to.have.length(3)
    })

    it('does not let a text that is too long reach a pattern', () => {
      const body = { personalId: ID, address: { ward: 'x'.repeat(4097) } }
      expect(places(refusalOf(() => operation('lookUp').checkRequest(withBody(body))).errors)).to.deep.equal([
        'maxLength /address/ward',
      ])
    })

    it('asks for a body where one is required and refuses one where there is none', () => {
      expect(
        places(refusalOf(() => operation('lookUp').checkRequest(withBody(undefined))).errors),
      ).to.deep.equal(['required '])
      const list = { pathParameters: { code: 'A' }, query: undefined }
      operation('listCodes').checkRequest({ ...list, body: undefined })
      expect(
        places(refusalOf(() => operation('listCodes').checkRequest({ ...list, body: {} })).errors),
      ).to.deep.equal(['body_unexpected '])
    })

    it('does not take an inherited member for one that was sent', () => {
      const contract = compile((said) => {
        put(said, ['components', 'schemas', 'Query', 'properties', 'toString'], {
          type: 'string',
          maxLength: 5,
        })
        put(said, ['components', 'schemas', 'Query', 'required'], ['personalId', 'toString'])
      })
      const refusal = refusalOf(() =>
        operation('lookUp', contract).checkRequest(withBody({ personalId: ID })),
      )
      expect(places(refusal.errors)).to.deep.equal(['required '])
    })

    it('refuses a member that the contract does not name, whatever its name', () => {
      for (const name of ['extra', '__proto__', 'constructor']) {
        const body = JSON.parse(`{"personalId":"${ID}","${name}":1}`)
        expect(
          places(refusalOf(() => operation('lookUp').checkRequest(withBody(body))).errors),
          name,
        ).to.deep.equal(['additionalProperties '])
      }
    })

    it('counts the characters of a text as Unicode does', () => {
      const check = (name: string) => operation('lookUp').checkRequest(withBody({ personalId: ID, name }))
      check('\u{20000}'.repeat(10))
      check('a'.repeat(10))
      for (const name of ['\u{20000}'.repeat(11), 'a'.repeat(11), `${'\u{20000}'.repeat(10)}a`, '']) {
        expect(() => check(name), name).to.throw(GatewayError)
      }
      const contract = compile((said) =>
        put(said, ['components', 'schemas', 'Query', 'properties', 'code'], {
          type: 'string',
          minLength: 3,
          maxLength: 9,
        }),
      )
      const code = (text: string) =>
        operation('lookUp', contract).checkRequest(withBody({ personalId: ID, code: text }))
      code('\u{20000}'.repeat(3))
      for (const text of ['\u{20000}'.repeat(2), 'ab', 'a\u{20000}'])
        expect(() => code(text), text).to.throw(GatewayError)
    })

    it('compares a personal id with birth date and sex', () => {
      const check = (body: object) => operation('lookUp').checkRequest(withBody({ personalId: ID, ...body }))
      check({ birthDate: '1990-01-31', sex: 'male' })
      check({ sex: 'male' })
      for (const [body, said] of [
        [{ birthDate: '1991' }, 'year of birth'],
        [{ birthDate: '2090-01-31', sex: 'male' }, 'year of birth'],
        [{ birthDate: '1990', sex: 'female' }, 'sex'],
      ] as const) {
        const [violation] = refusalOf(() => check(body)).errors
        expect(violation).to.include({ pointer: '', rule: 'x-consistent-person' })
        expect(violation?.detail.en).to.contain(said)
      }
    })
  })

  describe('checking parameters', () => {
    const check = (query: string, code = 'A') =>
      operation('listCodes').checkRequest({
        pathParameters: { code },
        query: new URLSearchParams(query),
        body: undefined,
      })
    const refused = (query: string, code?: string) => places(refusalOf(() => check(query, code)).errors)

    it('gives text the type of the contract', () => {
      for (const query of ['', 'limit=1', 'limit=50&full=true', 'full=false']) check(query)
    })

    for (const [query, told] of [
      ['limit=0', 'minimum query/limit'],
      ['limit=51', 'maximum query/limit'],
      ['limit=', 'type query/limit'],
      ['limit=1.0', 'type query/limit'],
      ['limit=01', 'type query/limit'],
      ['limit=%201', 'type query/limit'],
      ['limit=1e1', 'type query/limit'],
      ['limit=0x1', 'type query/limit'],
      ['limit=99999999999999999999', 'type query/limit'],
      ['limit=9007199254740993', 'type query/limit'],
      ['full=1', 'type query/full'],
      ['full=TRUE', 'type query/full'],
      ['limit=1&limit=2', 'parameter_repeated query/limit'],
      ['page=2', 'parameter_unknown query'],
      ['__proto__=2', 'parameter_unknown query'],
      ['code=A', 'parameter_unknown query'],
    ] as const) {
      it(`refuses ?${query}`, () => {
        expect(refused(query)).to.deep.equal([told])
      })
    }

    it('checks path parameters', () => {
      expect(refused('', 'A'.repeat(11))).to.deep.equal(['maxLength path/code'])
    })

    it('tells all faults together', () => {
      expect(refused('limit=0&full=x&page=1', 'A'.repeat(11))).to.deep.equal([
        'maxLength path/code',
        'minimum query/limit',
        'type query/full',
        'parameter_unknown query',
      ])
    })

    it('asks for what is required', () => {
      const contract = compile((said) => put(said, ['components', 'parameters', 'Limit', 'required'], true))
      const listCodes = operation('listCodes', contract)
      const request = { pathParameters: { code: 'A' }, query: undefined, body: undefined }
      expect(places(refusalOf(() => listCodes.checkRequest(request)).errors)).to.deep.equal([
        'required query/limit',
      ])
    })

    it('refuses a query where the contract has none', () => {
      const query = new URLSearchParams('a=1')
      const refusal = refusalOf(() =>
        operation('lookUp').checkRequest({ ...withBody({ personalId: ID }), query }),
      )
      expect(places(refusal.errors)).to.deep.equal(['parameter_unknown query'])
    })
  })

  describe('checking an answer', () => {
    const refused = (status: number, body: unknown, id = 'lookUp') => {
      const refusal = refusalOf(() => operation(id).checkResponse(status, body))
      expect(refusal.code).to.equal('response_invalid')
      return places(refusal.errors)
    }

    it('accepts what the contract describes, and more members', () => {
      operation('lookUp').checkResponse(200, { personalId: ID, address: { ward: '00001' }, more: [1] })
      operation('lookUp').checkResponse(204, undefined)
      operation('lookUp').checkResponse(404, { code: 'not_found' })
      operation('lookUp').checkResponse(499, { code: 'x' })
    })

    it('refuses a status the contract does not list', () => {
      for (const status of [201, 302, 500, 503, 100, 0, Number.NaN]) {
        expect(refused(status, { personalId: ID }), `${status}`).to.deep.equal(['status_unlisted '])
      }
    })

    it('refuses a body where there is none, and none where there is one', () => {
      expect(refused(204, {})).to.deep.equal(['body_unexpected '])
      expect(refused(200, undefined)).to.deep.equal(['required '])
    })

    it('refuses what breaks the schema', () => {
      expect(refused(200, null)).to.deep.equal(['type '])
      expect(refused(200, { personalId: ID, address: { ward: '1' } })).to.deep.equal([
        'pattern /address/ward',
      ])
      expect(refused(404, {})).to.deep.equal(['required '])
    })

    it('takes an exactly listed status before its range', () => {
      const contract = compile((said) =>
        put(said, ['paths', '/tra-cuu', 'post', 'responses', '404'], { description: 'nothing' }),
      )
      operation('lookUp', contract).checkResponse(404, undefined)
      operation('lookUp', contract).checkResponse(403, { code: 'x' })
      expect(() => operation('lookUp', contract).checkResponse(404, { code: 'x' })).to.throw(GatewayError)
    })
  })

  describe('telling which fields there are', () => {
    it('knows members through references, arrays, combinations and maps', () => {
      const { hasField } = operation('lookUp')
      for (const pointer of [
        '',
        '/personalId',
        '/address',
        '/address/ward',
        '/relatives',
        '/relatives/name',
        '/relatives/number',
        '/rates/usd',
        '/rates/usd/value',
      ]) {
        expect(hasField(pointer), pointer).to.equal(true)
        expect(hasField(pointer), pointer).to.equal(true)
      }
    })

    it('knows no others', () => {
      const { hasField } = operation('lookUp')
      for (const pointer of [
        '/code',
        '/address/none',
        '/personalId/x',
        '/relatives/0/name',
        '/toString',
        '/__proto__',
        '/rates/usd/x',
        'personalId',
        '/~',
        '/',
      ]) {
        expect(hasField(pointer), pointer).to.equal(false)
      }
    })

    it('has none where a success has no content', () => {
      expect(operation('submitClaim').hasField('')).to.equal(false)
      expect(operation('submitClaim').hasField('/personalId')).to.equal(false)
    })

    it('passes through an answer that is an array', () => {
      expect(operation('listCodes').hasField('')).to.equal(true)
      expect(operation('listCodes').hasField('/x')).to.equal(false)
    })
  })
})

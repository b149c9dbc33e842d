import { expect } from 'chai'
import fc from 'fast-check'
import { GatewayError } from '../../src/model/errors.ts'
import { AGENCIES, AGENCY_NAMES, type AgencyName } from '../../src/sandbox/agencies.ts'
import { createCountry } from '../../src/sandbox/country.ts'
import type { SandboxOperation } from '../../src/sandbox/operation.ts'
import { sampleParcel, samplePerson, sampleTaxpayer } from '../../src/sandbox/samples.ts'
import { checkBody, compileSchemas, contractOf, operationOf, readSchemas } from './contracts.ts'

const now = () => new Date('2026-11-22T01:30:00.000Z')
const country = createCountry()
const documents = readSchemas()
const schemas = compileSchemas(true)
const OPERATIONS = new Map(AGENCY_NAMES.map((name) => [name, AGENCIES[name].create(country, now)]))

function sandboxOperation(agency: AgencyName, path: string): SandboxOperation {
  const operation = OPERATIONS.get(agency)?.find((known) => known.path === path)
  if (operation === undefined) throw new Error(`no ${path}`)
  return operation
}

/** Asks the sandbox and checks both sides against the contract; returns the answer. */
function ask(agency: AgencyName, id: string, body: object): unknown {
  const operation = operationOf(schemas, agency, id)
  checkBody(operation, body)
  const request = { body: { ...body }, idempotencyKey: undefined }
  const answer = sandboxOperation(agency, operation.pathTemplate).answer(request)
  // As it comes over the wire: absent members are absent.
  const received: unknown = JSON.parse(JSON.stringify(answer.body))
  operation.checkResponse(answer.status, received)
  expect(answer.status).to.be.oneOf([200, 202])
  return received
}

/** The rules that a request breaks. */
function faultsOf(agency: AgencyName, id: string, body: unknown): readonly string[] {
  try {
    checkBody(operationOf(schemas, agency, id), body)
    return []
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return error.errors.map(({ pointer, rule }) => `${pointer} ${rule}`)
  }
}

interface Example {
  readonly value: object
}
interface Media {
  readonly content: {
    readonly 'application/json': { readonly examples: Readonly<Record<string, { $ref: string }>> }
  }
}
interface Described {
  readonly operationId: string
  readonly requestBody: Media
  readonly responses: Readonly<Record<string, Media & { readonly $ref?: string }>>
}
interface ContractDocument {
  readonly paths: Readonly<Record<string, { readonly post: Described }>>
  readonly components: {
    readonly examples: Readonly<Record<string, Example>>
    readonly responses: Readonly<Record<string, Media>>
  }
}

function documentOf(agency: AgencyName): ContractDocument {
  const document = documents.find(({ path }) => path === contractOf(agency))
  return document?.content as ContractDocument
}

function examplesIn(document: ContractDocument, media: Media | undefined): readonly object[] {
  return Object.values(media?.content['application/json'].examples ?? {}).map(({ $ref }) => {
    const example = document.components.examples[$ref.split('/').at(-1) ?? '']
    if (example === undefined) throw new Error(`no example ${$ref}`)
    return example.value
  })
}

describe('contracts of the sandbox', () => {
  it('are admitted and compile', () => {
    expect(schemas.faults).to.deep.equal([])
    for (const agency of AGENCY_NAMES)
      expect(schemas.catalogue.contract(contractOf(agency))).not.to.equal(undefined)
  })

  it('are the operations that the sandbox answers, of the same kind, all by POST', () => {
    for (const agency of AGENCY_NAMES) {
      const contract = schemas.catalogue.contract(contractOf(agency))
      const described = [...(contract?.operations.values() ?? [])].filter(({ kind }) => kind !== 'event')
      expect(described.map(({ method }) => method)).to.deep.equal(described.map(() => 'POST'))
      expect(described.map(({ pathTemplate, kind }) => `${pathTemplate} ${kind}`)).to.have.members(
        (OPERATIONS.get(agency) ?? []).map(({ path, kind }) => `${path} ${kind}`),
      )
    }
  })

  it('have a title in both languages at every element of the dictionary', () => {
    for (const { path, content } of documents.filter((document) => document.path.startsWith('dictionary/'))) {
      const { $defs } = content as { readonly $defs: Readonly<Record<string, { 'x-title'?: object }>> }
      for (const [name, schema] of Object.entries($defs)) {
        expect(schema['x-title'], `${path} ${name}`).to.have.all.keys('vi', 'en')
      }
    }
  })

  it('name a title for every code they list', () => {
    const visit = (schema: unknown, at: string): void => {
      if (typeof schema !== 'object' || schema === null) return
      const codes = 'x-codes' in schema ? Object.keys(schema['x-codes'] as object) : []
      if (codes.length > 0 && 'enum' in schema) expect(schema.enum, at).to.include.members(codes)
      for (const [name, inner] of Object.entries(schema)) visit(inner, `${at}/${name}`)
    }
    for (const { path, content } of documents) visit(content, path)
  })

  it('give examples that hold: what the sandbox answers is the example', () => {
    for (const agency of AGENCY_NAMES) {
      const document = documentOf(agency)
      for (const { post } of Object.values(document.paths)) {
        const requests = examplesIn(document, post.requestBody)
        const { '200': answer, '202': taken } = post.responses
        const answers = [...examplesIn(document, answer), ...(taken ? examplesIn(document, taken) : [])]
        expect(requests, post.operationId).not.to.have.length(0)
        for (const request of requests)
          expect(answers).to.deep.include(ask(agency, post.operationId, request))
      }
    }
  })

  it('give examples of refusals that hold', () => {
    for (const agency of AGENCY_NAMES) {
      const document = documentOf(agency)
      for (const { post } of Object.values(document.paths)) {
        const operation = operationOf(schemas, agency, post.operationId)
        for (const [status, { $ref }] of Object.entries(post.responses)) {
          if ($ref === undefined) continue
          const examples = examplesIn(document, document.components.responses[$ref.split('/').at(-1) ?? ''])
          expect(examples, `${post.operationId} ${status}`).not.to.have.length(0)
          for (const example of examples) operation.checkResponse(Number(status), example)
        }
      }
    }
  })
})

describe('what the sandbox generates', () => {
  it('meets the contract for every citizen', () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), (index) => {
        const { lookUp, verify } = samplePerson(index)
        ask('population', 'lookUpCitizen', lookUp)
        expect(ask('population', 'verifyCitizen', verify)).to.deep.include({ matched: true })
      }),
      { numRuns: 500 },
    )
  })

  it('meets the contract for every parcel and its owners', () => {
    fc.assert(
      fc.property(fc.nat(67_000_000), (index) => {
        const { lookUp, lookUpBySerial, verify } = sampleParcel(index)
        expect(ask('land', 'lookUpParcel', lookUp)).to.deep.equal(ask('land', 'lookUpParcel', lookUpBySerial))
        expect(ask('land', 'verifyOwner', verify)).to.deep.include({ matched: true, fullName: 'exact' })
      }),
      { numRuns: 500 },
    )
  })

  it('meets the contract for every taxpayer and every obligation', () => {
    fc.assert(
      fc.property(fc.nat(4_900_000), (index) => {
        const { lookUp, submit } = sampleTaxpayer(index)
        ask('tax', 'lookUpTaxpayer', lookUp)
        ask('tax', 'submitLandObligation', {
          ...submit,
          dossierCode: `H08-20261122-${String(index).padStart(7, '0')}`,
        })
      }),
      { numRuns: 500 },
    )
  })
})

describe('what the contracts refuse', () => {
  const { verify } = samplePerson(7)
  const { submit } = sampleTaxpayer(7)

  it('people who belong to nobody, outside the sandbox', () => {
    const real = compileSchemas(false)
    const operation = operationOf(real, 'population', 'lookUpCitizen')
    expect(() => checkBody(operation, samplePerson(7).lookUp)).to.throw(GatewayError)
    expect(() => checkBody(operation, { personalId: '001190010000' })).not.to.throw()
  })

  it('members they do not name', () => {
    expect(faultsOf('population', 'verifyCitizen', { ...verify, phone: '0912345678' })).to.deep.equal([
      ' additionalProperties',
    ])
  })

  it('a birth year or sex that contradicts the personal id', () => {
    const year = `${Number(verify.birthDate.slice(0, 4)) + 1}${verify.birthDate.slice(4)}`
    const sex = verify.sex === 'male' ? 'female' : 'male'
    for (const change of [{ birthDate: year }, { sex }]) {
      const faults = faultsOf('population', 'verifyCitizen', { ...verify, ...change })
      expect(faults).to.have.length(1)
      expect(faults[0]).to.include('x-consistent-person')
    }
  })

  it('a parcel named twice, or not at all', () => {
    const { lookUp, lookUpBySerial } = sampleParcel(7)
    expect(faultsOf('land', 'lookUpParcel', { ...lookUp, ...lookUpBySerial })).not.to.have.length(0)
    expect(faultsOf('land', 'lookUpParcel', {})).not.to.have.length(0)
    expect(faultsOf('land', 'lookUpParcel', { scheme: 'DVHC-2025-07' })).not.to.have.length(0)
  })

  it('tax codes with a wrong check digit, money with a fraction, days that never were', () => {
    const wrong = `${submit.taxCode.slice(0, 9)}${(Number(submit.taxCode.at(-1)) + 1) % 10}`
    const faults = [
      faultsOf('tax', 'submitLandObligation', { ...submit, taxCode: wrong }),
      faultsOf('tax', 'submitLandObligation', { ...submit, amountVnd: 0.5 }),
      faultsOf('tax', 'submitLandObligation', { ...submit, amountVnd: -1 }),
      faultsOf('tax', 'submitLandObligation', { ...submit, dueDate: '2026-02-30' }),
      faultsOf('tax', 'submitLandObligation', { ...submit, dossierCode: 'H08.12-261322-0001' }),
    ]
    expect(faults).to.deep.equal([
      ['/taxCode format'],
      ['/amountVnd type'],
      ['/amountVnd minimum'],
      ['/dueDate format'],
      ['/dossierCode format'],
    ])
  })

  it('an old address without a district and a new one with it', () => {
    const operation = operationOf(schemas, 'population', 'lookUpCitizen')
    const record = ask('population', 'lookUpCitizen', samplePerson(7).lookUp) as Record<string, object>
    const residence = record['permanentResidence'] as { readonly district?: string }
    const old = { scheme: 'DVHC-pre-2025-07', province: '01', ward: '00004', asOf: '2020-01-01' }
    const answerWith = (permanentResidence: object) => () =>
      operation.checkResponse(200, { ...record, permanentResidence })
    expect(answerWith({ ...residence, district: '001' })).to.throw(GatewayError)
    expect(answerWith(old)).to.throw(GatewayError)
    expect(answerWith({ ...old, district: '001' })).not.to.throw()
  })

  it('names without a letter, with digits or control characters', () => {
    for (const fullName of ['', '   ', 'Nguyễn 2', 'Nguyễn\u0000An', 'x'.repeat(101), '123']) {
      expect(faultsOf('population', 'verifyCitizen', { ...verify, fullName }), fullName).not.to.have.length(0)
    }
    for (const fullName of ["K'Brơi", 'H’Hen', ' Nguyễn  Văn An', 'Ỷ', 'N. V. An', 'Nguyễn Văn An']) {
      expect(faultsOf('population', 'verifyCitizen', { ...verify, fullName }), fullName).to.deep.equal([])
    }
  })
})

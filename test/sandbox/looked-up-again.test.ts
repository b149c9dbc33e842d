import { expect } from 'chai'
import { AGENCIES, AGENCY_NAMES, type AgencyName } from '../../src/sandbox/agencies.ts'
import { createCountry } from '../../src/sandbox/country.ts'
import { refuse, type SandboxAnswer } from '../../src/sandbox/operation.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { readRegistryFiles } from '../support/registry-files.ts'
import { checkBody, compileSchemas, contractOf, examplesOf, operationOf } from './contracts.ts'

type Body = Readonly<Record<string, unknown>>

/** How what was submitted is found again. */
interface LookedUp {
  /** The operation that finds it. */
  readonly by: string
  /** Operations whose examples are submitted before. */
  readonly first?: readonly string[]
  /** Submissions beside the contract's examples. */
  readonly also?: readonly Body[]
  /** The look-up's question, of what was submitted and what was answered. */
  readonly ask: (claim: Body, given: Body) => Body
  /** Where in the answer it has to stand; the whole answer where absent. */
  readonly at?: string
  /** What the answer, or an item at `at`, has to say. */
  readonly says: (claim: Body, given: Body) => Body
}

/** What takes an entry back: what was found before is found no more. */
interface TakenBack {
  readonly gone: string
  readonly first: readonly string[]
  readonly claim: Body
  readonly ask: Body
}

function pick(claim: Body, ...members: readonly string[]): Body {
  return Object.fromEntries(members.flatMap((name) => (name in claim ? [[name, claim[name]]] : [])))
}

/** By the number given and whom it was given for; a number alone shows nothing of anybody. */
function byNumber(by: string, number: string, subject: string): LookedUp {
  return {
    by,
    ask: (claim, given) => ({ ...pick(given, number), ...pick(claim, subject) }),
    says: (claim, given) => ({ ...claim, ...given }),
  }
}

const byIndicator: LookedUp = {
  by: 'lookUpIndicator',
  ask: (claim) => pick(claim, 'agency', 'indicator', 'period'),
  says: (claim) => claim,
}
const REASON = 'Bước sau của thủ tục liên thông không thực hiện được.'

/** Every submission that an agency of the sandbox takes. */
const TABLE: Readonly<Record<string, LookedUp | TakenBack>> = {
  'tax submitLandObligation': byNumber('lookUpLandObligation', 'obligationNumber', 'taxCode'),
  'vaccination recordDose': {
    by: 'lookUpDoses',
    ask: (claim) => pick(claim, 'personalId'),
    at: 'doses',
    says: ({ personalId: _, ...dose }) => dose,
  },
  'insurance applyForChildCard': byNumber('lookUpChildCard', 'cardApplication', 'personalId'),
  'insurance endMembership': byNumber('lookUpTermination', 'terminationNumber', 'personalId'),
  'insurance claimDeathBenefit': byNumber('lookUpDeathBenefit', 'claimNumber', 'personalId'),
  'insurance cancelEntry': {
    gone: 'lookUpDeathBenefit',
    first: ['claimDeathBenefit'],
    claim: { number: 'MTP-2026-0000001', reason: REASON },
    ask: { claimNumber: 'MTP-2026-0000001', personalId: '099056317724' },
  },
  'civilStatus registerBirth': byNumber('lookUpBirthRegistration', 'registrationNumber', 'motherPersonalId'),
  'civilStatus registerDeath': {
    by: 'verifyDeath',
    // A new-born, whom no other agency knows.
    also: [{ personalId: '099326900007', diedOn: '2026-11-21', declarantPersonalId: '099188010001' }],
    ask: (claim) => pick(claim, 'personalId'),
    says: () => ({ isRegisteredDead: true }),
  },
  'civilStatus cancelRegistration': {
    gone: 'lookUpBirthRegistration',
    first: ['registerBirth'],
    claim: { registrationNumber: 'KS-2026-0000001', reason: REASON },
    ask: { registrationNumber: 'KS-2026-0000001', motherPersonalId: '099188010001' },
  },
  'residence issuePersonalId': byNumber('lookUpIssue', 'issueNumber', 'birthRegistrationNumber'),
  'residence registerResidence': byNumber('lookUpResidence', 'residenceNumber', 'personalId'),
  'residence removeResidence': byNumber('lookUpRemoval', 'removalNumber', 'personalId'),
  'residence cancelEntry': {
    gone: 'lookUpIssue',
    first: ['issuePersonalId'],
    claim: { number: 'CSDD-2026-0000001', reason: REASON },
    ask: { issueNumber: 'CSDD-2026-0000001', birthRegistrationNumber: 'KS-2026-0000001' },
  },
  'officials updateOfficial': {
    by: 'lookUpOfficial',
    ask: (claim) => pick(claim, 'personalId'),
    says: (claim) => claim,
  },
  'education updateSchoolYear': {
    by: 'lookUpSchoolRecord',
    // Somebody who left school long ago and learns again.
    also: [
      {
        personalId: '099188010001',
        schoolYear: '2025-2026',
        grade: 12,
        school: 'Trường Xã Vĩnh Bảo',
        result: 'good',
      },
    ],
    ask: (claim) => pick(claim, 'personalId'),
    at: 'years',
    says: ({ personalId: _, ...year }) => year,
  },
  // A document: whoever asked asks once more, under the same key, when there was time to make it.
  'criminalRecord requestCertificate': {
    by: 'requestCertificate',
    ask: (claim) => claim,
    says: (claim) => pick(claim, 'personalId', 'type'),
  },
  'invoices submitInvoice': {
    by: 'lookUpInvoice',
    ask: (claim) => pick(claim, 'sellerTaxCode', 'form', 'symbol', 'number'),
    says: (claim, given) => ({ ...claim, ...given }),
  },
  'publicServices syncDossier': {
    by: 'lookUpDossier',
    ask: (claim) => pick(claim, 'dossierCode'),
    says: (claim) => pick(claim, 'dossierCode', 'procedureCode', 'agency', 'receivedOn'),
  },
  'publicServices syncProgress': {
    by: 'lookUpDossier',
    first: ['syncDossier'],
    ask: (claim) => pick(claim, 'dossierCode'),
    at: 'steps',
    says: (claim) => pick(claim, 'status', 'at'),
  },
  'publicServices submitPayment': byNumber('lookUpPayment', 'receiptNumber', 'dossierCode'),
  'measurement submitIndicator': byIndicator,
  'executive submitIndicator': byIndicator,
  'singleWindow submitPermit': byNumber('lookUpPermit', 'windowNumber', 'traderTaxCode'),
  'fuel reportStock': {
    ...byNumber('lookUpStock', 'reportNumber', 'traderTaxCode'),
    // One that comes late.
    also: [
      { traderTaxCode: '9900010007', product: 'RON95', litres: 900, measuredAt: '2026-11-01T23:00:00Z' },
    ],
  },
  'eCommerce submitCase': byNumber('lookUpCase', 'caseNumber', 'sellerTaxCode'),
  'warehouse submitFeed': {
    by: 'lookUpFeed',
    // One that comes late.
    also: [
      {
        dataset: 'y-te-kham-chua-benh',
        period: '2026-08',
        rows: 7,
        digest: 'b'.repeat(64),
        source: 'H21/so-y-te',
      },
    ],
    ask: (claim) => pick(claim, 'dataset', 'period'),
    says: (claim) => claim,
  },
}

const schemas = compileSchemas(true)
const country = createCountry()

/** An agency that has just started; each question and answer is held to the contract. */
function start(agency: AgencyName) {
  let nowMs = Date.parse('2026-11-22T01:30:00.000Z')
  const operations = AGENCIES[agency].create(country, () => new Date(nowMs))

  function send(id: string, body: Body, idempotencyKey: string | undefined): SandboxAnswer & { body: Body } {
    const operation = operationOf(schemas, agency, id)
    checkBody(operation, body)
    const found = operations.find(({ path }) => path === operation.pathTemplate)
    const answer = found?.answer({ body, idempotencyKey })
    const received: Body = JSON.parse(JSON.stringify(answer?.body))
    operation.checkResponse(answer?.status ?? 0, received)
    return { status: answer?.status ?? 0, body: received }
  }

  return {
    submit(id: string, claim: Body): Body {
      const { status, body } = send(id, claim, JSON.stringify(claim))
      expect(status, `${id} ${JSON.stringify(body)}`).to.be.oneOf([200, 202])
      return body
    },
    /** A look-up some time later; under the submission's key where it is the same question again. */
    ask(id: string, body: Body) {
      nowMs += 10_000
      return send(id, body, JSON.stringify(body))
    },
    send: (id: string, body: Body) => send(id, body, undefined),
  }
}

const examples = (agency: AgencyName, id: string) => examplesOf(agency, id) as readonly Body[]

function submissionsOf(agency: AgencyName): readonly string[] {
  const { operations } = schemas.catalogue.contract(contractOf(agency)) ?? {}
  return [...(operations?.values() ?? [])].flatMap(({ id, kind }) =>
    kind === 'submit' || kind === 'request' ? [id] : [],
  )
}

describe('what is submitted to an agency of the sandbox', () => {
  const rows = AGENCY_NAMES.flatMap((agency) => submissionsOf(agency).map((id) => [agency, id] as const))

  it('has a look-up, whatever it is and wherever it goes', () => {
    expect(rows.map((row) => row.join(' '))).to.have.members(Object.keys(TABLE))
  })

  for (const [agency, id] of rows) {
    const row = TABLE[`${agency} ${id}`]
    if (row === undefined) continue
    it(`is ${'gone' in row ? 'taken back' : 'looked up again'}: ${agency} ${id}`, () => {
      const at = start(agency)
      for (const before of row.first ?? [])
        for (const claim of examples(agency, before)) at.submit(before, claim)
      if ('gone' in row) {
        expect(at.ask(row.gone, row.ask).status).to.equal(200)
        at.submit(id, row.claim)
        expect(at.ask(row.gone, row.ask).status).to.equal(404)
        return
      }
      const claims = [...examples(agency, id), ...(row.also ?? [])]
      const given = claims.map((claim) => at.submit(id, claim))
      for (const [index, claim] of claims.entries()) {
        const told = given[index] ?? {}
        const { status, body } = at.ask(row.by, row.ask(claim, told))
        expect(status, JSON.stringify(claim)).to.equal(200)
        const place = row.at === undefined ? [body] : (body[row.at] as readonly Body[])
        const said = row.says(claim, told)
        expect(place.map((item) => pick(item, ...Object.keys(said)))).to.deep.include(said)
      }
    })
  }

  it('may be looked up by whoever may submit it', () => {
    const byService = new Map(AGENCY_NAMES.map((agency) => [AGENCIES[agency].service as string, agency]))
    const closed = readRegistryFiles().agreements.flatMap(({ id, service, operations }) => {
      const agreed = new Set(operations.map(({ operation }) => operation))
      return [...agreed].flatMap((operation) => {
        const row = TABLE[`${byService.get(service)} ${operation}`]
        return row === undefined || agreed.has('gone' in row ? row.gone : row.by)
          ? []
          : [`${id} ${operation}`]
      })
    })
    expect(closed).to.deep.equal([])
  })

  it('is refused where it is about nobody, since nobody could be asked about', () => {
    for (const [agency, id] of [
      ['officials', 'updateOfficial'],
      ['education', 'updateSchoolYear'],
      ['vaccination', 'recordDose'],
    ] as const) {
      const [claim] = examples(agency, id)
      expect(start(agency).send(id, { ...claim, personalId: '099190000001' }).status, id).to.equal(404)
    }
  })

  it('can be refused as a contradiction, by each contract', () => {
    for (const [agency, id] of rows) {
      const { status, body } = refuse(409, 'conflict', 'Đã nhận nội dung khác cho cùng việc này.')
      expect(() => operationOf(schemas, agency, id).checkResponse(status, body), id).not.to.throw()
    }
  })

  it('that comes late hides nothing newer', () => {
    const warehouse = start('warehouse')
    const [feed = {}] = examples('warehouse', 'submitFeed')
    warehouse.submit('submitFeed', feed)
    warehouse.submit('submitFeed', { ...feed, period: '2026-08' })
    const { dataset } = feed
    expect(warehouse.ask('lookUpFeed', { dataset }).body).to.include({ period: '2026-10' })
  })

  it('stands in place of what was drawn, not beside it', () => {
    const vaccination = start('vaccination')
    const dosesOf = (personalId: string) =>
      vaccination.ask('lookUpDoses', { personalId }).body['doses'] as readonly Body[]
    const people = Array.from({ length: 20 }, (_, index) => samplePerson(index).lookUp.personalId)
    const personalId = people.find((id) => dosesOf(id).length > 0) ?? ''
    const [drawn = {}, ...others] = dosesOf(personalId)
    const told = { ...drawn, givenOn: '2026-11-19', facility: '31007' }
    vaccination.submit('recordDose', { personalId, ...told })
    expect(dosesOf(personalId)).to.have.deep.members([...others, told])
  })

  it('counts for the day it is in Vietnam', () => {
    const portal = start('publicServices')
    const [payment = {}] = examples('publicServices', 'submitPayment')
    portal.submit('submitPayment', { ...payment, paidAt: '2026-11-20T20:00:00Z' })
    const countOn = (day: string) => portal.ask('reconcilePayments', { agency: 'H29', day }).body['count']
    expect([countOn('2026-11-20'), countOn('2026-11-21')]).to.deep.equal([0, 1])
  })
})

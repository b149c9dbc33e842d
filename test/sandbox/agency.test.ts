import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { GatewayError } from '../../src/model/errors.ts'
import { createTaxAgency } from '../../src/sandbox/agencies/tax.ts'
import { AGENCIES, AGENCY_NAMES, type AgencyName } from '../../src/sandbox/agencies.ts'
import { type SandboxAgency, startSandboxAgency } from '../../src/sandbox/agency.ts'
import { createCountry } from '../../src/sandbox/country.ts'
import { respond } from '../../src/sandbox/respond.ts'
import { sampleParcel, samplePerson, sampleScenario, sampleTaxpayer } from '../../src/sandbox/samples.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SCENARIOS } from '../../src/sandbox/scenarios.ts'
import { checkBody, compileSchemas, operationOf } from './contracts.ts'

const now = () => new Date('2026-11-22T01:30:00.000Z')

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

/** Members of an answer's body. */
function bodyOf({ body }: Answer): Record<string, unknown> {
  return body as Record<string, unknown>
}

/** Whether a request is refused before or without an HTTP answer. */
async function isRefused(url: string): Promise<boolean> {
  return post(url, {}).then(
    () => false,
    () => true,
  )
}

/** A delay that never waits and remembers what it was asked for. */
function createDelay(): { delay: (ms: number) => Promise<void>; asked: number[] } {
  const asked: number[] = []
  return { delay: async (ms) => void asked.push(ms), asked }
}

const schemas = compileSchemas(true)

/** Each operation, with a request that has an ordinary answer. */
const ORDINARY: readonly (readonly [agency: AgencyName, path: string, operation: string, body: unknown])[] = [
  ['population', '/tra-cuu', 'lookUpCitizen', samplePerson(7).lookUp],
  ['population', '/xac-thuc', 'verifyCitizen', samplePerson(7).verify],
  ['land', '/tra-cuu', 'lookUpParcel', sampleParcel(7).lookUp],
  ['land', '/tra-cuu', 'lookUpParcel', sampleParcel(7).lookUpBySerial],
  ['land', '/xac-thuc-chu-su-dung', 'verifyOwner', sampleParcel(7).verify],
  ['tax', '/tra-cuu', 'lookUpTaxpayer', sampleTaxpayer(7).lookUp],
  ['tax', '/tra-cuu', 'lookUpTaxpayer', sampleTaxpayer(2).lookUp],
  ['tax', '/nghia-vu-dat-dai', 'submitLandObligation', sampleTaxpayer(7).submit],
]

describe('sandbox agencies', () => {
  let sandbox: Sandbox
  const { delay, asked } = createDelay()
  before(async () => {
    sandbox = await startSandbox({ ports: 'free', now, delay })
  })
  after(() => sandbox.close())

  const urlOf = (agency: AgencyName, path: string) => `${sandbox.agencies[agency].url}${path}`

  for (const [agency, path, id, body] of ORDINARY) {
    it(`answers ${id} as the contract says (${Object.keys(body as object).join(', ')})`, async () => {
      const operation = operationOf(schemas, agency, id)
      expect(operation.pathTemplate).to.equal(path)
      checkBody(operation, body)
      const answer = await post(urlOf(agency, path), body)
      expect(answer.status).to.equal(200)
      operation.checkResponse(answer.status, answer.body)
    })
  }

  it('tells nothing of people, parcels and taxpayers it does not know', async () => {
    const unknown: readonly (readonly [AgencyName, string, string, Record<string, unknown>])[] = [
      ['population', '/tra-cuu', 'lookUpCitizen', { personalId: '099190000001' }],
      ['population', '/xac-thuc', 'verifyCitizen', { personalId: '099190000001', fullName: 'Nguyễn Văn An' }],
      ['land', '/tra-cuu', 'lookUpParcel', { parcelKey: '21583_1_401' }],
      ['land', '/tra-cuu', 'lookUpParcel', { ...sampleParcel(7).lookUp, scheme: 'DVHC-pre-2025-07' }],
      [
        'land',
        '/xac-thuc-chu-su-dung',
        'verifyOwner',
        { parcelKey: '21583_1_401', personalId: '099190010000' },
      ],
      ['tax', '/tra-cuu', 'lookUpTaxpayer', { taxCode: '0100047516' }],
      [
        'tax',
        '/nghia-vu-dat-dai',
        'submitLandObligation',
        { ...sampleTaxpayer(7).submit, taxCode: '0100047516' },
      ],
    ]
    for (const [agency, path, id, body] of unknown) {
      const operation = operationOf(schemas, agency, id)
      checkBody(operation, body)
      const answer = await post(urlOf(agency, path), body)
      expect(answer.status, id).to.equal(404)
      operation.checkResponse(404, answer.body)
      for (const value of Object.values(body))
        expect(JSON.stringify(answer.body)).not.to.include(String(value))
    }
  })

  describe('verifying', () => {
    const { verify } = samplePerson(7)
    const verifyCitizen = async (claim: object) => bodyOf(await post(urlOf('population', '/xac-thuc'), claim))

    it('matches what agrees, and names the rung of each field sent', async () => {
      expect(await verifyCitizen(verify)).to.deep.equal({
        matched: true,
        fields: { fullName: 'exact', birthDate: 'exact', sex: 'exact' },
        dataAsOf: '2026-11-22T01:30:00.000Z',
      })
      const { personalId, fullName } = verify
      const named = await verifyCitizen({ personalId, fullName: fullName.toUpperCase().normalize('NFD') })
      expect(named).to.deep.include({ matched: true, fields: { fullName: 'exact' } })
    })

    it('never matches a name without its marks', async () => {
      const fullName = verify.fullName.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd')
      expect(fullName).not.to.equal(verify.fullName)
      const answer = await verifyCitizen({ ...verify, fullName })
      expect(answer).to.deep.include({ matched: false })
      expect(answer['fields']).to.deep.include({ fullName: 'folded', birthDate: 'exact' })
    })

    it('does not match where any field sent differs', async () => {
      const birthYear = await verifyCitizen({ ...verify, birthDate: verify.birthDate.slice(0, 4) })
      expect(birthYear).to.deep.include({ matched: false })
      expect(birthYear['fields']).to.deep.include({ birthDate: 'year' })
      const otherSex = await verifyCitizen({ ...verify, sex: verify.sex === 'male' ? 'female' : 'male' })
      expect(otherSex).to.deep.include({ matched: false })
      const otherCard = await verifyCitizen({ ...verify, idCardNumber: '012345678' })
      expect(otherCard['fields']).to.deep.include({ idCardNumber: 'different' })
    })

    it('tells an owner from somebody else, and an owner under another name', async () => {
      const url = urlOf('land', '/xac-thuc-chu-su-dung')
      const claim = sampleParcel(7).verify
      expect(bodyOf(await post(url, claim))['matched']).to.equal(true)
      const stranger = await post(url, { ...claim, personalId: verify.personalId })
      expect(stranger.body).to.deep.include({ matched: false, ownership: 'none' })
      const renamed = bodyOf(await post(url, { ...claim, fullName: 'Nguyễn Không Phải' }))
      expect(renamed).to.deep.include({ matched: false, fullName: 'different' })
      expect(renamed['ownership']).not.to.equal('none')
    })
  })

  describe('submitting', () => {
    const claim = sampleTaxpayer(31).submit
    const submit = (body: object, headers = {}) => post(urlOf('tax', '/nghia-vu-dat-dai'), body, headers)

    it('keeps what was submitted, to be found by number and tax code', async () => {
      const receipt = bodyOf(await submit(claim))
      const query = { taxCode: claim.taxCode, obligationNumber: receipt['obligationNumber'] }
      const operation = operationOf(schemas, 'tax', 'lookUpLandObligation')
      checkBody(operation, query)
      const found = await post(urlOf('tax', operation.pathTemplate), query)
      operation.checkResponse(found.status, found.body)
      expect(found.body).to.deep.equal({ ...receipt, ...claim })
      const stranger = { ...query, taxCode: sampleTaxpayer(32).lookUp.taxCode }
      expect((await post(urlOf('tax', operation.pathTemplate), stranger)).status).to.equal(404)
    })

    it('gives the same claim the same number, with the same key or another', async () => {
      const first = await submit(claim, { 'idempotency-key': 'k-1' })
      expect((await submit(claim, { 'idempotency-key': 'k-1' })).body).to.deep.equal(first.body)
      expect((await submit(claim, { 'idempotency-key': 'k-2' })).body).to.deep.equal(first.body)
      expect((await submit(claim)).body).to.deep.equal(first.body)
    })

    it('refuses a key that came with another claim, and a claim that contradicts one', async () => {
      const operation = operationOf(schemas, 'tax', 'submitLandObligation')
      await submit(claim, { 'idempotency-key': 'k-3' })
      const other = { ...claim, dossierCode: 'H08.12-261122-9999' }
      const reused = await submit(other, { 'idempotency-key': 'k-3' })
      const contradicting = await submit({ ...claim, amountVnd: claim.amountVnd + 1 })
      for (const { status, body } of [reused, contradicting]) {
        expect(status).to.equal(409)
        operation.checkResponse(status, body)
      }
      expect((await submit({ ...claim, kind: 'registration_fee' })).status).to.equal(200)
    })
  })

  describe('numbers that provoke faults', () => {
    const expected: Readonly<Record<string, number>> = {
      not_found: 404,
      conflict: 200,
      answer_invalid: 200,
      unavailable: 503,
      slow: 200,
    }
    const lookUps = [
      ['population', 'lookUpCitizen', 'personalId'],
      ['land', 'lookUpParcel', 'parcelKey'],
      ['tax', 'lookUpTaxpayer', 'taxCode'],
    ] as const

    for (const { ending, misconduct } of SCENARIOS) {
      if (misconduct === 'no_answer') continue
      it(`${ending} at every agency: ${misconduct}`, async () => {
        for (const [agency, id, member] of lookUps) {
          const operation = operationOf(schemas, agency, id)
          const body = { [member]: sampleScenario(ending)[member] }
          checkBody(operation, body)
          asked.length = 0
          const answer = await post(urlOf(agency, '/tra-cuu'), body)
          expect(answer.status, agency).to.equal(expected[misconduct])
          expect(asked).to.deep.equal(misconduct === 'slow' ? [3_000] : [])
          const checking = () => operation.checkResponse(answer.status, answer.body)
          if (misconduct === 'answer_invalid' || misconduct === 'unavailable') expect(checking).to.throw()
          else checking()
        }
      })
    }

    it('000409 is a conflict for a submission', async () => {
      const { taxCode, parcelKey } = sampleScenario('000409')
      for (const change of [{ taxCode }, { parcelKey }]) {
        const { status } = await post(urlOf('tax', '/nghia-vu-dat-dai'), {
          ...sampleTaxpayer(3).submit,
          ...change,
        })
        expect(status).to.equal(409)
      }
    })

    it('000504 is taken and never answered', async () => {
      const { taxCode } = sampleScenario('000504')
      const request = { body: { taxCode }, idempotencyKey: undefined }
      const [operation] = createTaxAgency(createCountry(), now)
      if (operation === undefined) throw new Error('no operation')
      expect(await respond(operation, request, delay)).to.equal(undefined)

      const controller = new AbortController()
      const body = JSON.stringify({ taxCode })
      const fate = fetch(urlOf('tax', '/tra-cuu'), { method: 'POST', body, signal: controller.signal }).then(
        () => 'answered',
        (error: Error) => error.name,
      )
      // Another request, sent later, is answered.
      expect((await post(urlOf('tax', '/tra-cuu'), sampleTaxpayer(7).lookUp)).status).to.equal(200)
      controller.abort()
      expect(await fate).to.equal('AbortError')
    })
  })

  it('tells its operations and the numbers that provoke faults at GET /', async () => {
    const response = await fetch(urlOf('population', '/'))
    const told = (await response.json()) as { readonly operations: readonly { readonly path: string }[] }
    expect(told).to.deep.include({ agency: 'population', scenarios: SCENARIOS })
    expect(told.operations.map(({ path }) => path)).to.have.members(['/tra-cuu', '/xac-thuc', '/xac-thuc-lo'])
  })

  it('refuses what is not a request to it', async () => {
    const url = urlOf('population', '/tra-cuu')
    expect((await post(urlOf('population', '/khac'), {})).status).to.equal(404)
    expect((await fetch(url)).status).to.equal(405)
    expect((await fetch(url, { method: 'POST', body: '{' })).status).to.equal(400)
    expect((await fetch(url, { method: 'POST', body: '[]' })).status).to.equal(400)
    expect((await fetch(url, { method: 'POST', body: '' })).status).to.equal(400)
    expect((await post(url, { personalId: 'x'.repeat(1_100_000) })).status).to.equal(413)
    expect((await post(url, { personalId: 42 })).status).to.equal(404)
  })
})

describe('a sandbox agency that breaks', () => {
  let agency: SandboxAgency
  const { delay, asked } = createDelay()
  const { lookUp } = samplePerson(7)
  const url = () => `${agency.url}/tra-cuu`
  beforeEach(async () => {
    agency = await startSandboxAgency({ agency: 'population', now, delay })
  })
  afterEach(() => agency.close())

  it('refuses connections while down, and answers again on the same port', async () => {
    const { port } = agency
    expect((await post(url(), lookUp)).status).to.equal(200)
    await agency.break('down')
    expect(await isRefused(url())).to.equal(true)
    await agency.break('down')
    await agency.heal()
    expect((await post(url(), lookUp)).status).to.equal(200)
    expect(agency.port).to.equal(port)
  })

  it('answers 500 on error, no JSON on garbage, and late on slow', async () => {
    await agency.break('error')
    expect((await post(url(), lookUp)).status).to.equal(500)
    await agency.break('garbage')
    const garbage = await fetch(url(), { method: 'POST', body: JSON.stringify(lookUp) })
    expect(garbage.status).to.equal(200)
    expect(await garbage.text()).to.match(/^</)
    asked.length = 0
    await agency.break('slow')
    expect((await post(url(), lookUp)).status).to.equal(200)
    expect(asked).to.deep.equal([3_000])
    await agency.heal()
    expect((await post(url(), lookUp)).status).to.equal(200)
    expect(asked).to.deep.equal([3_000])
  })

  it('goes from down to another fault without healing', async () => {
    await agency.break('down')
    await agency.break('error')
    expect((await post(url(), lookUp)).status).to.equal(500)
  })

  it('says so, and stays down, where another program took its port meanwhile', async () => {
    await agency.break('down')
    const other = createServer().listen(agency.port, '127.0.0.1')
    await once(other, 'listening')
    const thrown = await agency.heal().catch((error: unknown) => error)
    expect(thrown).to.be.instanceOf(GatewayError).with.property('code', 'provider_unavailable')
    expect(agency.mode()).to.equal('down')
    other.close()
    await once(other, 'close')
    await agency.heal()
    expect((await post(url(), lookUp)).status).to.equal(200)
  })

  it('closes even while a request is never answered', async () => {
    const { personalId } = sampleScenario('000504')
    const unanswered = fetch(url(), { method: 'POST', body: JSON.stringify({ personalId }) })
    const cut = unanswered.then(
      () => 'answered',
      () => 'cut',
    )
    await post(url(), lookUp)
    await agency.close()
    expect(await cut).to.equal('cut')
    await agency.close()
  })
})

describe('a sandbox agency with a credential', () => {
  it('answers only requests that bear it', async () => {
    const credential = { header: 'X-Api-Key', value: 'khóa-thử' }
    const agency = await startSandboxAgency({
      agency: 'tax',
      now,
      credential: { ...credential, value: 'k-1' },
    })
    const url = `${agency.url}/tra-cuu`
    const { lookUp } = sampleTaxpayer(7)
    expect((await post(url, lookUp)).status).to.equal(401)
    expect((await post(url, lookUp, { 'x-api-key': 'k-2' })).status).to.equal(401)
    expect((await post(url, lookUp, { 'x-api-key': 'k-1' })).status).to.equal(200)
    await agency.close()
  })
})

describe('the whole sandbox', () => {
  it('takes free ports where the default ones are taken', async () => {
    const first = await startSandbox({ ports: 'default', now })
    const second = await startSandbox({ ports: 'default', now })
    for (const name of AGENCY_NAMES) {
      expect(second.agencies[name].port).not.to.equal(first.agencies[name].port)
      expect(second.agencies[name].port).not.to.equal(AGENCIES[name].port)
    }
    await Promise.all([first.close(), second.close()])
  })

  it('is another country for another seed', async () => {
    const [one, other] = await Promise.all([
      startSandbox({ ports: 'free', now }),
      startSandbox({ ports: 'free', now, seed: 7 }),
    ])
    const { lookUp } = samplePerson(7)
    const [here, there] = await Promise.all(
      [one, other].map(async ({ agencies }) =>
        bodyOf(await post(`${agencies.population.url}/tra-cuu`, lookUp)),
      ),
    )
    expect(here?.['personalId']).to.equal(there?.['personalId'])
    expect(here?.['fullName']).not.to.equal(there?.['fullName'])
    await Promise.all([one.close(), other.close()])
  })
})

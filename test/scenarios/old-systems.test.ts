import { expect } from 'chai'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { type Answer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const SERVICE = 'G01/dan-cu/cong-dan-cu/v1'
const PARTICULARS = { 'exchange-procedure': '1.001193', 'exchange-officer': 'cb-017' }

describe('an old system that speaks SOAP', () => {
  let world: GatewayWorld
  const { verify } = samplePerson(10001)

  before(async () => {
    world = await startWorld()
  })

  after(() => world.close())

  function ask(
    path: string,
    body: object,
    headers: Record<string, string | undefined> = {},
  ): Promise<Answer> {
    return world.consumer.call(`${SERVICE}${path}`, { body, headers: { ...PARTICULARS, ...headers } })
  }

  it('answers in the JSON of its contract: words put together, codes as words, dates as dates, nulls left out', async () => {
    const { personalId, fullName, birthDate } = verify
    const { status, json } = await ask('/tra-cuu', { personalId, fullName, birthDate })
    expect(status).to.equal(200)
    expect(json).to.include({ personalId, fullName, birthDate, sex: verify.sex })
    expect(json)
      .to.have.nested.property('permanentResidence.province')
      .that.matches(/^\d\d$/)
    expect(json['dataAsOf']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00$/)
    // The agreement does not open what the old interface sends along.
    expect(json).to.not.have.any.keys('father', 'mother', 'maritalStatus', 'ethnicity', 'idCardNumber')
  })

  it('is asked for a year where only the year is known', async () => {
    const { personalId, fullName, birthDate } = verify
    const { status } = await ask('/tra-cuu', { personalId, fullName, birthDate: birthDate.slice(0, 4) })
    expect(status).to.equal(404)
  })

  it('says a boolean in its own word', async () => {
    const { personalId, fullName } = verify
    expect((await ask('/xac-thuc', { personalId, fullName })).json).to.deep.equal({ exists: true })
    const other = await ask('/xac-thuc', { personalId, fullName: 'Trần <Thị> & Lê' })
    expect(other.json).to.deep.equal({ exists: false })
  })

  it('gives a list of one as a list', async () => {
    const sizes = new Set<number>()
    for (let index = 10_001; index < 10_060 && sizes.size < 2; index += 1) {
      const { personalId } = samplePerson(index).lookUp
      const { status, json } = await ask('/ho-gia-dinh', { personalId })
      expect(status).to.equal(200)
      expect(json['members']).to.be.an('array').of.length(Number(json['size']))
      sizes.add(Number(json['size']) === 1 ? 1 : 2)
    }
    expect([...sizes]).to.have.members([1, 2])
  })

  it('has its errors inside HTTP 200 told as those of the contract', async () => {
    const missing = await ask('/tra-cuu', {
      personalId: `${verify.personalId.slice(0, 6)}000404`,
      fullName: 'An',
    })
    expect(missing.status).to.equal(404)
    expect(missing.json).to.include({ code: 'not_found' })
  })

  it('has a fault told as what it means, and tries again only where that helps', async () => {
    const busy = await ask('/tra-cuu', {
      personalId: `${verify.personalId.slice(0, 6)}000503`,
      fullName: 'An',
    })
    expect(busy.status).to.equal(503)
    expect(busy.json).to.include({ code: 'provider_unavailable' })
    const broken = await ask('/tra-cuu', {
      personalId: `${verify.personalId.slice(0, 6)}000422`,
      fullName: 'An',
    })
    expect(broken.status).to.equal(502)
    expect(broken.json).to.include({ code: 'response_invalid' })
  })

  it('leaves a record of each, and no personal value in the log', async () => {
    const records = (await world.records()).filter((record) => record['service'] === SERVICE)
    expect(records.length).to.be.greaterThan(6)
    expect(world.log()).to.not.contain(verify.personalId).and.not.contain(verify.fullName)
  })
})

import { expect } from 'chai'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { createConsumer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const CITIZEN = 'G01/dan-cu/cong-dan/v1'

describe('a token narrowed by authorization_details', () => {
  let world: GatewayWorld
  before(async () => {
    world = await startWorld()
  })
  after(async () => {
    await world.close()
  })

  const narrowed = (details: readonly object[]) =>
    createConsumer(world.gateway.publicUrl, 'H29/mot-cua', world.keys, {
      authorization_details: JSON.stringify(details.map((each) => ({ type: 'data_exchange', ...each }))),
    })
  const person = samplePerson(17)
  const question = { body: person.verify }

  it('gets the fields that both it and the agreement name, and the record says which', async () => {
    const consumer = await narrowed([{ service: CITIZEN, fields: ['/matched', '/religion'] }])
    const answer = await consumer.call(`${CITIZEN}/xac-thuc`, question)
    expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
    expect(answer.json).to.deep.equal({ matched: true })
    expect((await world.records()).at(-1)).to.deep.include({ outcome: 'delivered', fields: ['/matched'] })
    const wide = await world.consumer.call(`${CITIZEN}/xac-thuc`, question)
    expect(wide.json).to.include.keys('matched', 'dataAsOf')
  })

  it('opens nothing else, and each refusal is recorded', async () => {
    const other = await narrowed([{ service: CITIZEN, operations: ['lookUpCitizen'] }])
    const answer = await other.call(`${CITIZEN}/xac-thuc`, question)
    expect([answer.status, answer.json['code']]).to.deep.equal([403, 'token_too_narrow'])
    expect((await world.records()).at(-1)).to.include({ outcome: 'refused', code: 'token_too_narrow' })
    const wide = await world.consumer.call(`${CITIZEN}/xac-thuc`, question)
    expect(wide.status).to.equal(200)
  })

  it('cannot be asked for with details of another type', async () => {
    const asked = await (await narrowed([{ type: 'payment' }])).dpopToken().catch((error) => error.error)
    expect(asked).to.equal('invalid_authorization_details')
  })

  it('is good below its one resource alone (RFC 8707)', async () => {
    const resource = `${world.gateway.publicUrl}/exchange/${CITIZEN}`
    const consumer = await createConsumer(world.gateway.publicUrl, 'H29/mot-cua', world.keys, { resource })
    expect((await consumer.call(`${CITIZEN}/xac-thuc`, question)).status).to.equal(200)
    const elsewhere = await consumer.call('G12/thue/nguoi-nop-thue/v1/tra-cuu', { body: {} })
    expect([elsewhere.status, elsewhere.json['code']]).to.deep.equal([401, 'credential_invalid'])
  })
})

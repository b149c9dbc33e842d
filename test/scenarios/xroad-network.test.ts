import { expect } from 'chai'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { CITIZENS, CLIENT, startXroadWorld, type XroadWorld } from '../support/xroad-world.ts'

const VERIFY = {
  method: 'POST',
  headers: [
    ['X-Road-Client', CLIENT],
    ['Content-Type', 'application/json'],
  ] as const,
  body: JSON.stringify(samplePerson(17).verify),
}

describe('an X-Road consumer without a certificate', () => {
  let world: XroadWorld

  before(async () => {
    world = await startXroadWorld({
      plain: true,
      subsystem: { xroad: { connection: 'http', addresses: ['127.0.0.0/8'], errors: 'camel' } },
    })
  })

  after(async () => {
    await world.close()
  })

  it('is taken over HTTP from an address the registry names, and the record says by what', async () => {
    const answer = await world.ask(`${CITIZENS}/xac-thuc`, VERIFY)
    expect(answer.status, answer.body.toString()).to.equal(200)
    expect((await world.records()).at(-1)).to.include({ binding: 'network', outcome: 'delivered' })
  })

  it('is told of errors in the way its subsystem has chosen, as XML where it wants that', async () => {
    const headers = [...VERIFY.headers, ['Accept', 'text/xml']] as const
    const { status, headers: told, body } = await world.ask(`${CITIZENS}.v9`, { ...VERIFY, headers })
    expect([status, told['x-road-error']]).to.deep.equal([500, 'Server.ServerProxy.UnknownService'])
    expect(body.toString()).to.include('<type>Server.ServerProxy.UnknownService</type>')
  })

  it('is refused as soon as the registry names other addresses, or none', async () => {
    for (const xroad of [
      { connection: 'http', addresses: ['10.0.0.1'] },
      { connection: 'https', addresses: ['127.0.0.1'] },
      {},
    ] as const) {
      const subsystems = world.documents.subsystems.map((subsystem) =>
        subsystem.id === 'H29/mot-cua' ? { ...subsystem, xroad } : subsystem,
      )
      await world.apply({ ...world.documents, subsystems })
      const { status, headers } = await world.ask(`${CITIZENS}/xac-thuc`, VERIFY)
      expect([status, headers['x-road-error']]).to.deep.equal([
        401,
        'server.clientproxy.ssl_authentication_failed',
      ])
    }
  })
})

import { expect } from 'chai'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { createConsumer } from '../support/gateway-world.ts'
import { companyClient, NOTICE, STOPPED, TAX_CODE, UNPROVED, withCompany } from '../support/xroad-company.ts'
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
      change: withCompany,
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

  describe('that is a company', () => {
    const as = (client: string, target: string) =>
      world.ask(target, {
        ...VERIFY,
        headers: [
          ['X-Road-Client', client],
          ['Content-Type', 'application/json'],
        ],
      })

    it('asks and is asked by its tax code, class COM, and by no code of an agency', async () => {
      const asked = await as(companyClient('honest'), `/r1/VN/COM/${TAX_CODE}/kho/cong-dan.v1/xac-thuc`)
      expect(asked.status, asked.body.toString()).to.equal(200)
      expect(asked.headers).to.include({
        'x-road-client': companyClient('honest'),
        'x-road-service': `VN/COM/${TAX_CODE}/kho/cong-dan.v1`,
      })
      expect((await world.records()).at(-1)).to.include({ consumer: 'Z98/honest', provider: 'Z98/kho' })
      for (const client of [`VN/GOV/${TAX_CODE}/honest`, 'VN/COM/Z98/honest', 'VN/GOV/Z98/honest']) {
        const refused = await as(client, `${CITIZENS}/xac-thuc`)
        expect([refused.status, refused.headers['x-road-error']]).to.deep.equal([
          401,
          'server.clientproxy.unknown_member',
        ])
      }
    })

    for (const [target, why] of Object.entries(STOPPED)) {
      it(`is told that ${target.slice('/r1/'.length)} is ${why}, with the notice, in each of the three styles`, async () => {
        const [camel, snake] =
          why === 'disabled'
            ? ['Server.ServerProxy.ServiceDisabled', 'server.serverproxy.service_disabled']
            : ['Server.ClientProxy.MaintenanceMode', 'server.clientproxy.maintenance_mode']
        for (const [style, status, code] of [
          ['honest', 503, snake],
          ['snake', 500, snake],
          ['camel', 500, camel],
        ] as const) {
          const told = await as(companyClient(style), `${target}/xac-thuc`)
          expect([told.status, told.headers['x-road-error'], told.json['type']]).to.deep.equal([
            status,
            code,
            code,
          ])
          expect(told.json['message']).to.include(NOTICE.en)
          expect(told.headers['retry-after'] !== undefined).to.equal(why === 'maintenance')
        }
      })
    }

    it('is refused where the agreement takes signed requests only: the protocol has no such signature', async () => {
      const refused = await as(companyClient('honest'), '/r1/VN/GOV/G01/dan-cu/ky.v1/xac-thuc')
      expect([refused.status, refused.headers['x-road-error']]).to.deep.equal([
        403,
        'server.serverproxy.access_denied',
      ])
      expect((await world.records()).at(-1)).to.include({ outcome: 'refused', code: 'signature_missing' })
    })
  })

  it('may bring a token of the gateway in place of all that, of the very subsystem it names', async () => {
    const { publicUrl } = world.gateway
    const holder = await createConsumer(publicUrl, 'H29/mot-cua', world.keys, { resource: `${publicUrl}/r1` })
    const ask = (client: string) =>
      holder.request(
        'POST',
        `${CITIZENS}/xac-thuc`,
        { 'x-road-client': client, 'content-type': 'application/json' },
        VERIFY.body,
      )
    const answer = await ask(CLIENT)
    expect(answer.status, await answer.text()).to.equal(200)
    expect((await world.records()).at(-1)).to.include({ binding: 'dpop', outcome: 'delivered' })
    const count = (await world.records()).length
    const other = await ask(companyClient('honest'))
    expect([other.status, other.headers.get('x-road-error')]).to.deep.equal([
      401,
      'server.clientproxy.ssl_authentication_failed',
    ])
    const elsewhere = await createConsumer(publicUrl, 'H29/mot-cua', world.keys)
    const refused = await elsewhere.request('POST', `${CITIZENS}/xac-thuc`, { 'x-road-client': CLIENT })
    expect(refused.headers.get('x-road-error')).to.equal('Server.ClientProxy.SslAuthenticationFailed')
    expect(await world.records()).to.have.length(count)
  })

  it('is refused over HTTP from elsewhere, where it has to use TLS, and where the registry says nothing of it', async () => {
    for (const subsystem of Object.keys(UNPROVED)) {
      const { status, headers } = await world.ask(`${CITIZENS}/xac-thuc`, {
        ...VERIFY,
        headers: [
          ['X-Road-Client', companyClient(subsystem)],
          ['Content-Type', 'application/json'],
        ],
      })
      expect([subsystem, status, headers['x-road-error']]).to.deep.equal([
        subsystem,
        401,
        'server.clientproxy.ssl_authentication_failed',
      ])
    }
  })

  it('is refused as soon as the registry names its address no more', async () => {
    const subsystems = world.documents.subsystems.map((subsystem) =>
      subsystem.id === 'H29/mot-cua' ? { ...subsystem, xroad: {} } : subsystem,
    )
    await world.apply({ ...world.documents, subsystems })
    const { status, headers } = await world.ask(`${CITIZENS}/xac-thuc`, VERIFY)
    expect([status, headers['x-road-error']]).to.deep.equal([
      401,
      'server.clientproxy.ssl_authentication_failed',
    ])
  })
})

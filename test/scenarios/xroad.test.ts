import { expect } from 'chai'
import type { Subsystem } from '../../src/model/party.ts'
import { overlay, type RegistryDocuments } from '../../src/registry/documents.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { CITIZENS, CLIENT, expectedHash, startXroadWorld, type XroadWorld } from '../support/xroad-world.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const person = samplePerson(17)
const VERIFY = JSON.stringify(person.verify)
const LOOK_UP = JSON.stringify(person.lookUp)
const JSON_TYPE = ['Content-Type', 'application/json'] as const
const SENDER = ['X-Road-Client', CLIENT] as const

const GIVEN_UP = { from: '2026-01-01', sunset: '2027-12-31' } as const

/** The version the tests ask is given up. */
function withEnd(documents: RegistryDocuments): RegistryDocuments {
  const services = documents.services.map((service) =>
    service.id === 'G01/dan-cu/cong-dan/v1' ? { ...service, deprecation: GIVEN_UP } : service,
  )
  return { ...documents, services }
}

/** Two subsystems that need no certificate: one named for where the tests come from, the other for elsewhere. */
function withUnproved(documents: RegistryDocuments): RegistryDocuments {
  const sample = documents.agreements.find(
    ({ consumer, service }) => consumer === 'H29/mot-cua' && service === 'G01/dan-cu/cong-dan/v1',
  )
  const places = { 'H29/noauth': '127.0.0.0/8', 'H29/noauth-noi-khac': '10.0.0.0/8' } as const
  const subsystems = Object.entries(places).map(
    ([id, address]): Subsystem => ({
      kind: 'Subsystem',
      id: id as Subsystem['id'],
      name: { vi: 'Thử', en: 'Test' },
      state: 'active',
      securityLevel: 3,
      contact: 'test',
      xroad: { connection: 'https', addresses: [address] },
    }),
  )
  const agreements = sample
    ? subsystems.map(({ id }, index) => ({ ...sample, id: `TT-2026-98${index}`, consumer: id }))
    : []
  return overlay(documents, { subsystems, agreements })
}

describe('an X-Road consumer over mutual TLS', () => {
  let world: XroadWorld

  before(async () => {
    world = await startXroadWorld({
      settings: { securityServer: 'VN/GOV/G22/lien-thong' },
      change: (documents) => withEnd(withUnproved(documents)),
    })
  })

  after(async () => {
    await world.close()
  })

  const verify = (headers: readonly (readonly [string, string])[] = [SENDER, JSON_TYPE]) =>
    world.ask(`${CITIZENS}/xac-thuc`, { method: 'POST', headers, body: VERIFY })

  it('is answered by the one pipeline and leaves one record', async () => {
    const before = (await world.records()).length
    const answer = await verify([SENDER, JSON_TYPE, ['X-Road-Issue', 'H29.12-261122-0007']])
    expect(answer.status, answer.body.toString()).to.equal(200)
    expect(answer.json).to.include({ matched: true })
    const records = await world.records()
    expect(records).to.have.length(before + 1)
    expect(records.at(-1)).to.include({
      outcome: 'delivered',
      consumer: 'H29/mot-cua',
      provider: 'G01/dan-cu',
      operation: 'verifyCitizen',
      purpose: 'giai-quyet-thu-tuc-hanh-chinh',
      binding: 'mtls',
      token: world.client.thumbprint,
      exchange: answer.headers['x-road-request-id'],
    })
    expect(records.at(-1)?.['private'])
      .to.have.property('dossier')
      .that.matches(/^[\w-]{43}$/)
  })

  it('gets only agreed fields', async () => {
    const answer = await world.ask(`${CITIZENS}/tra-cuu`, {
      method: 'POST',
      headers: [SENDER, JSON_TYPE],
      body: LOOK_UP,
    })
    expect(answer.status, answer.body.toString()).to.equal(200)
    expect(answer.json).to.include(person.lookUp)
    expect(answer.json).not.to.have.any.keys('religion', 'ethnicGroup', 'maritalStatus')
  })

  it('is told the fields of the protocol, in lower case, and one Date', async () => {
    const { headers, rawHeaders } = await verify()
    expect(headers['x-road-client']).to.equal(CLIENT)
    expect(headers['x-road-service']).to.equal('VN/GOV/G01/dan-cu/cong-dan.v1')
    expect(headers['x-road-request-id']).to.match(UUID)
    expect(headers['x-road-id']).to.equal(`VN-${headers['x-road-request-id']}`)
    expect(headers).not.to.have.property('x-road-error')
    const names = rawHeaders.filter((_, place) => place % 2 === 0)
    expect(names.filter((name) => name.toLowerCase() === 'date')).to.have.length(1)
    expect(names.filter((name) => /^x-road/i.test(name) && name !== name.toLowerCase())).to.deep.equal([])
  })

  it('is told in answers and errors alike that the version is given up, and when it ends', async () => {
    const answers = [await verify(), await world.ask(`${CITIZENS}/khong-co`, { headers: [SENDER] })]
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 404])
    for (const { headers } of answers) {
      expect(headers['deprecation']).to.equal('@1767200400')
      expect(headers['sunset']).to.equal('Fri, 31 Dec 2027 17:00:00 GMT')
    }
  })

  it('finds the request hash that the protocol prescribes, with a generated id and with its own', async () => {
    const target = `${CITIZENS}/xac-thuc`
    const sent = [SENDER, JSON_TYPE, ['X-Road-UserId', 'cb-017'], ['User-Agent', 'left-out']] as const
    const first = await verify(sent)
    const requestId = String(first.headers['x-road-request-id'])
    expect(first.headers['x-road-request-hash']).to.equal(
      expectedHash(
        { method: 'POST', target },
        [...sent.slice(0, 3), ['x-road-request-id', requestId], ['x-road-id', `VN-${requestId}`]],
        VERIFY,
      ),
    )
    const own = [SENDER, JSON_TYPE, ['X-Road-Id', 'EE-1'], ['X-Road-Request-Id', 'mine']] as const
    const second = await verify(own)
    expect(second.headers['x-road-id']).to.equal('EE-1')
    expect(second.headers['x-road-request-id']).to.match(UUID)
    expect(second.headers['x-road-request-hash']).to.equal(
      expectedHash(
        { method: 'POST', target },
        [...own.slice(0, 3), ['x-road-request-id', String(second.headers['x-road-request-id'])]],
        VERIFY,
      ),
    )
  })

  it('has its message id recorded where it is a UUID, and whom it stands for where the registry knows it', async () => {
    const uuid = '2b7cf64e-6c5e-4e0f-9d55-0a0d4d3b2f11'
    const recorded = async (id: string, party: string) => {
      await verify([SENDER, JSON_TYPE, ['X-Road-Id', id], ['X-Road-Represented-Party', party]])
      return (await world.records()).at(-1)?.['xroad']
    }
    expect(await recorded(uuid, 'GOV/G01')).to.deep.equal({ messageId: uuid, representedParty: 'G01' })
    expect(await recorded(uuid, 'G01')).to.deep.equal({ messageId: uuid, representedParty: 'G01' })
    expect(await recorded('099090000017', 'COM/099090000017')).to.deep.equal({})
    const { status } = await verify([SENDER, JSON_TYPE, ['X-Road-Represented-Party', 'a/b/c']])
    expect(status).to.equal(400)
  })

  it('finds another hash for the same request sent twice', async () => {
    const sent = [SENDER, JSON_TYPE, ['X-Road-Id', 'the-same']] as const
    const first = await verify(sent)
    const second = await verify(sent)
    expect(first.headers['x-road-request-hash']).not.to.equal(second.headers['x-road-request-hash'])
  })

  it('may write identifiers percent-encoded, and the version or not', async () => {
    for (const target of [
      '/r1/VN/GOV/G01/dan%2Dcu/cong-dan/xac-thuc',
      '/r1/%56N/GOV/G01/dan-cu/cong-dan.v1/xac-thuc',
    ]) {
      const headers = [['X-Road-Client', 'VN/GOV/H29/mot%2Dcua'] as const, JSON_TYPE]
      const answer = await world.ask(target, { method: 'POST', headers, body: VERIFY })
      expect(answer.status, answer.body.toString()).to.equal(200)
    }
  })

  it('is believed by the last X-Road-Client where it sends several', async () => {
    const answer = await verify([['X-Road-Client', 'VN/GOV/G99/khac'], SENDER, JSON_TYPE])
    expect(answer.status, answer.body.toString()).to.equal(200)
  })

  it('reaches this gateway by its server name and no other', async () => {
    const named = (server: string) => verify([SENDER, JSON_TYPE, ['X-Road-Security-Server', server]])
    expect((await named('VN/GOV/G22/lien-thong')).status).to.equal(200)
    expect((await named('VN/GOV/G22/khac')).headers['x-road-error']).to.equal(
      'server.clientproxy.invalid_security_server',
    )
    expect((await named('VN/GOV/G22')).headers['x-road-error']).to.equal('server.clientproxy.internal_error')
  })

  it('is who its certificate says, whatever the message claims', async () => {
    const none = await world.ask(CITIZENS, { certificate: null })
    expect([none.status, none.headers['x-road-error']]).to.deep.equal([
      401,
      'server.clientproxy.ssl_authentication_failed',
    ])
    const other = await world.ask(CITIZENS, { headers: [['X-Road-Client', 'VN/GOV/H26/mot-cua']] })
    expect(other.headers['x-road-error']).to.equal('server.clientproxy.ssl_authentication_failed')
  })

  it('may come over TLS without a certificate from a place the registry names for it, and from no other', async () => {
    const ask = (subsystem: string) =>
      world.ask(`${CITIZENS}/xac-thuc`, {
        method: 'POST',
        headers: [['X-Road-Client', `VN/GOV/H29/${subsystem}`], JSON_TYPE],
        body: VERIFY,
        certificate: null,
      })
    const answer = await ask('noauth')
    expect(answer.status, answer.body.toString()).to.equal(200)
    expect((await world.records()).at(-1)).to.include({ binding: 'network', consumer: 'H29/noauth' })
    for (const subsystem of ['noauth-noi-khac', 'mot-cua']) {
      const refused = await ask(subsystem)
      expect([refused.status, refused.headers['x-road-error']]).to.deep.equal([
        401,
        'server.clientproxy.ssl_authentication_failed',
      ])
    }
  })

  it('gets the errors of the door where the gate already refuses', async () => {
    for (const path of ['/../x', '/a%2Fb', '/a%2e%2e/b', '//x/y', '/a%5Cb']) {
      const answer = await world.ask(CITIZENS + path)
      expect([path, answer.status, answer.headers['x-road-error']]).to.deep.equal([
        path,
        400,
        'server.clientproxy.internal_error',
      ])
    }
  })

  describe('asks what may be asked', () => {
    const PROVIDER = '/r1/VN/GOV/G01/dan-cu'
    const services = (json: Record<string, unknown>) => json['service'] as Record<string, unknown>[]

    it('and is told every method, in snake_case', async () => {
      const { status, json, headers } = await world.ask(`${PROVIDER}/listMethods`)
      expect(status).to.equal(200)
      expect(headers['x-road-service']).to.equal('VN/GOV/G01/dan-cu/listMethods')
      const citizens = services(json).find((service) => service['service_code'] === 'cong-dan.v1')
      expect(citizens).to.deep.include({
        object_type: 'SERVICE',
        service_type: 'OPENAPI',
        xroad_instance: 'VN',
        member_class: 'GOV',
        member_code: 'G01',
        subsystem_code: 'dan-cu',
      })
      expect(citizens?.['endpoint_list']).to.deep.include({ method: 'POST', path: '/xac-thuc' })
    })

    it('and of the allowed methods only those its agreements open', async () => {
      const all = services((await world.ask(`${PROVIDER}/listMethods`)).json)
      const allowed = services((await world.ask(`${PROVIDER}/allowedMethods`)).json)
      const count = (list: Record<string, unknown>[]) =>
        list.flatMap((service) => service['endpoint_list'] as unknown[]).length
      expect(count(allowed)).to.be.above(0)
      expect(count(allowed)).to.be.below(count(all))
    })

    it('and finds no set among them that leaves as a package only', async () => {
      const provider = '/r1/VN/GOV/G18/bao-tro'
      const listed = services((await world.ask(`${provider}/listMethods`)).json)
      const paths = listed
        .flatMap((its) => its['endpoint_list'] as { path: string }[])
        .map(({ path }) => path)
      expect(paths).to.include('/tra-cuu').and.not.include('/tap-an-danh')
      const { json } = await world.ask(`${provider}/getOpenAPI?serviceCode=doi-tuong`)
      expect(json['paths']).to.have.any.keys('/tra-cuu').and.not.have.any.keys('/tap-an-danh')
      expect(json['x-sets']).to.have.all.keys('exportBeneficiaries')
    })

    it('and gets a contract without the address behind it', async () => {
      const { status, json, headers } = await world.ask(`${PROVIDER}/getOpenAPI?serviceCode=cong-dan`)
      expect(status).to.equal(200)
      expect(headers['content-type']).to.match(/^application\/json/)
      expect(json['openapi']).to.match(/^3\./)
      expect(JSON.stringify(json['servers'] ?? [])).not.to.match(/https?:/)
    })

    it('and is told in known words what has no contract', async () => {
      const none = await world.ask(`${PROVIDER}/getOpenAPI`)
      expect(none.json).to.include({ message: 'Missing serviceCode in message body' })
      const unknown = await world.ask(`${PROVIDER}/getOpenAPI?serviceCode=khong-co`)
      expect(unknown.json).to.include({ message: 'Service not found: SERVICE:VN/GOV/G01/dan-cu/khong-co' })
      expect(unknown.headers['x-road-error']).to.equal('server.serverproxy.internal_error')
    })

    it('and lists members and subsystems, as XML unless it wants JSON', async () => {
      const xml = await world.ask('/listClients')
      expect(xml.headers['content-type']).to.equal('text/xml;charset=utf-8')
      expect(xml.body.toString()).to.include('<id:subsystemCode>dan-cu</id:subsystemCode>')
      const { json } = await world.ask('/listClients', { headers: [SENDER, ['Accept', 'application/json']] })
      expect(json['member']).to.deep.include({
        id: { object_type: 'MEMBER', xroad_instance: 'VN', member_class: 'GOV', member_code: 'G01' },
        name: world.documents.agencies.find(({ code }) => code === 'G01')?.name.vi,
      })
    })

    it('and leaves a record of having asked, but none where it is not who it says', async () => {
      const before = (await world.records()).length
      const { headers } = await world.ask(`${PROVIDER}/listMethods`)
      const records = await world.records()
      expect(records).to.have.length(before + 1)
      expect(records.at(-1)).to.include({
        exchange: headers['x-road-request-id'],
        operation: 'listMethods',
        provider: 'G01/dan-cu',
        consumer: 'H29/mot-cua',
        outcome: 'delivered',
      })
      const refused = await world.ask(`${PROVIDER}/listMethods`, { certificate: null })
      expect(refused.status).to.equal(401)
      expect(await world.records()).to.have.length(before + 1)
    })
  })
})

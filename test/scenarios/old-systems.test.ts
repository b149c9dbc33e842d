import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Binding } from '../../src/model/party.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { createCountry } from '../../src/sandbox/country.ts'
import { landCertificates } from '../../src/sandbox/land-certificates.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { createLandRegistry, dropLandRegistry } from '../../src/storage/sample-land-registry.ts'
import { type Answer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { adminUrlOf, createTestDatabase, createTestFolder } from '../support/postgres.ts'

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

describe('an agency that has only a database', () => {
  const LAND = 'H21/van-phong-dat-dai/giay-chung-nhan/v1'
  const certificates = landCertificates(createCountry(), 20)
  const [certificate] = certificates
  let world: GatewayWorld
  let drop: () => Promise<void>

  /** The service of the sample registry, bound to the agency's database here. */
  function bindTo(documents: RegistryDocuments, change: Partial<Binding>): RegistryDocuments {
    const services = documents.services.map((service) =>
      service.id === LAND && service.binding
        ? { ...service, binding: { ...service.binding, ...change } }
        : service,
    )
    return { ...documents, services }
  }

  before(async () => {
    const { url, drop: dropHost } = await createTestDatabase({ empty: true })
    const password = randomBytes(12).toString('hex')
    const name = `${new URL(url).pathname.slice(1)}_dat`
    const { baseUrl, user } = await createLandRegistry(
      { adminUrl: adminUrlOf(url), name, password },
      certificates,
    )
    const file = join(await createTestFolder(), 'password')
    await writeFile(file, password, { mode: 0o600 })
    world = await startWorld({
      change: (documents) => {
        const sql = documents.services.find(({ id }) => id === LAND)?.binding?.sql
        if (sql === undefined) throw new Error('no such service')
        return bindTo(documents, { baseUrl, sql: { ...sql, user, password: { file } } })
      },
    })
    drop = async () => {
      await world.close()
      await dropLandRegistry(adminUrlOf(url), name)
      await dropHost()
    }
  })

  after(() => drop())

  it('answers from one row, with a list made by the database, dates and numbers as the contract has them', async () => {
    if (certificate === undefined) throw new Error('no certificate')
    const { serial, ward, mapSheet, parcelNumber, areaSquareMetres, issuedOn, owners } = certificate
    const body = { certificateSerial: serial.replace(' ', '') }
    const { status, json } = await world.consumer.call(`${LAND}/tra-cuu`, { body })
    expect(status).to.equal(200)
    expect(json).to.deep.equal({
      certificateSerial: serial,
      parcelKey: `${ward}_${mapSheet}_${parcelNumber}`,
      areaSquareMetres,
      issuedOn,
      // The agreement does not open the personal ids.
      owners: owners.map(({ fullName }) => ({ fullName })),
      dataAsOf: '2026-11-20T16:30:00+07:00',
    })
  })

  it('answers many rows as a list, and a list of none where there is no row', async () => {
    const personalId = certificate?.owners[0]?.personalId
    const held = certificates.filter(({ owners }) => owners.some((owner) => owner.personalId === personalId))
    const all = await world.consumer.call(`${LAND}/danh-sach`, { body: { personalId } })
    expect(all.json['certificates']).to.be.an('array').of.length(held.length)
    const body = { personalId, issuedSince: '2099-01-01' }
    expect((await world.consumer.call(`${LAND}/danh-sach`, { body })).json).to.deep.equal({
      certificates: [],
    })
  })

  it('tells of no row as the contract says, whatever was asked for', async () => {
    const { status, json } = await world.consumer.call(`${LAND}/tra-cuu`, {
      body: { certificateSerial: 'ZZ 000001' },
    })
    expect([status, json['code']]).to.deep.equal([404, 'not_found'])
  })

  it('is a provider like any other: its faults are told, and each exchange is recorded', async () => {
    const { documents } = world
    const sql = documents.services.find(({ id }) => id === LAND)?.binding?.sql
    const lookUp = sql?.operations['lookUpCertificate']
    if (sql === undefined || lookUp === undefined) throw new Error('no such service')
    const operations = {
      ...sql.operations,
      lookUpCertificate: { ...lookUp, query: lookUp.query.replace('giay_chung_nhan g', 'khong_co g') },
    }
    await world.apply(bindTo(documents, { sql: { ...sql, operations } }))
    const { status, json } = await world.consumer.call(`${LAND}/tra-cuu`, {
      body: { certificateSerial: 'ZZ 000001' },
    })
    expect([status, json['code'], json['fault']]).to.deep.equal([502, 'provider_failed', 'provider'])
    expect(JSON.stringify(json)).to.not.contain('khong_co')
    const records = (await world.records()).filter((record) => record['service'] === LAND)
    expect(records.map(({ outcome }) => outcome).at(-1)).to.equal('failed')
  })
})

import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import pg from 'pg'
import { AUDIT_DESCRIPTION } from '../../src/contract/audit-requests.ts'
import { encodeLeaf, recordOf } from '../../src/ledger/record.ts'
import type { ExchangeFacts, Outcome } from '../../src/model/exchange.ts'
import { formatExchangeId } from '../../src/model/identifier.ts'
import type { Agency } from '../../src/model/party.ts'
import { READER_RIGHTS, type ReaderRole } from '../../src/model/reader.ts'
import type { ReadingRight } from '../../src/registry/readers.ts'
import type { Registry } from '../../src/registry/snapshot.ts'
import { createXroadNames } from '../../src/registry/xroad-names.ts'
import { OPERATIONAL_FIELDS } from '../../src/reporting/operational-data.ts'
import { AVAILABLE_AFTER_SECONDS, createOperationalDesk } from '../../src/reporting/operational-desk.ts'
import { createOperationalStore } from '../../src/storage/operational-data.ts'
import { sampleFacts } from '../support/exchange-facts.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { compileAgreement, smallRegistry } from '../support/small-registry.ts'

const MESSAGE = '2b7cf64e-6c5e-4e0f-9d55-0a0d4d3b2f11'
/** A whole second. */
const START = 1_790_000_000
const NOW_SECONDS = START + 1000
const MAX = 4

type Json = Record<string, unknown>
interface Page {
  readonly recordsCount: number
  readonly records: readonly Json[]
  readonly nextRecordsFrom?: number
}

const agency = (code: string) => ({ kind: 'Agency', code, name: { vi: code, en: code } }) as Agency
const registry: Registry = {
  ...smallRegistry([compileAgreement()]),
  agencies: new Map(['G01', 'H29', 'H26'].map((code) => [code, agency(code)])),
}

function rightOf(role: ReaderRole, parties?: ReadingRight['parties']): ReadingRight {
  return { reader: {} as never, rights: READER_RIGHTS[role], parties }
}

describe('exchanges as X-Road’s operational data', () => {
  let database: TestDatabase
  let pool: pg.Pool
  let size = 0

  async function append(atMs: number, facts: Partial<ExchangeFacts>, outcome: Outcome = 'delivered') {
    const receivedAtMs = atMs - 40
    const exchangeId = formatExchangeId(receivedAtMs, Buffer.alloc(16, size))
    const record = { ...recordOf(sampleFacts({ ...facts, receivedAtMs, exchangeId }), {}, outcome), at: atMs }
    await pool.query(
      `INSERT INTO exchange_record (leaf_index, exchange_id, at, leaf, leaf_hash, consumer, provider, service, outcome)
       VALUES ($1, $2, $3, $4, '', $5, $6, $7, $8)`,
      [
        size,
        exchangeId,
        new Date(atMs),
        encodeLeaf(record),
        record.consumer,
        record.provider,
        record.service,
        outcome,
      ],
    )
    size += 1
    await pool.query('UPDATE ledger_head SET size = $1', [size])
    return exchangeId
  }

  const desk = () =>
    createOperationalDesk(
      {
        store: createOperationalStore(pool),
        registry: () => registry,
        namesOf: createXroadNames('VN'),
        ground: () => ({
          instance: 'VN',
          internalIp: '10.0.0.5',
          address: 'cong.example',
          version: 'lienthong-0',
          faultOf: (code, service) => ({ code: `server.${code}`, message: service }),
        }),
        now: () => NOW_SECONDS * 1000,
        startedAtMs: 1,
      },
      MAX,
    )

  async function ask(query: string, right = rightOf('auditor')): Promise<Page> {
    const work = desk().operationalData(new URLSearchParams(query))
    work.ask()
    const { json, found } = await work.answer(right)
    // As it goes over the wire.
    const page = JSON.parse(JSON.stringify(json)) as Page
    expect(page.recordsCount).to.equal(page.records.length).and.to.equal(found)
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ ...AUDIT_DESCRIPTION, $id: 'audit' })
    const validate = ajv.compile({ $ref: 'audit#/components/schemas/OperationalData' })
    expect(validate(page), JSON.stringify(validate.errors)).to.equal(true)
    return page
  }

  const refusals = (query: string) => {
    try {
      desk().operationalData(new URLSearchParams(query)).ask()
    } catch (error) {
      return (error as { errors: { pointer: string; rule: string }[] }).errors.map(
        ({ pointer, rule }) => `${pointer} ${rule}`,
      )
    }
    return []
  }

  before(async () => {
    database = await createTestDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 2 })
    pool.on('error', () => {})
    await append(START * 1000 + 100, {
      askedMs: 7,
      providerMs: 20,
      xroad: { messageId: MESSAGE, representedParty: 'H26' },
      operation: 'lookUp',
    })
    // Three of one second, the second of them of another provider; then a gap, then one a second.
    await append((START + 1) * 1000, { consumer: 'H26/mot-cua' })
    await append((START + 1) * 1000 + 1, { service: 'G01/khac/dich-vu/v1', provider: 'G01/khac' })
    await append((START + 1) * 1000 + 2, { code: 'quota_exceeded', answer: undefined }, 'refused')
    await append((START + 1) * 1000 + 3, { answer: { bytes: 2, digest: 'x', status: 404 } })
    await append((START + 1) * 1000 + 4, { service: 'audit', consumer: 'G22/thanh-tra' })
    await append((START + 9) * 1000, {})
    await append((NOW_SECONDS - 5) * 1000, {})
  })

  after(async () => {
    await pool.end()
    await database.drop()
  })

  it('has every field of the record that is known, and none that is of a person', async () => {
    const { records } = await ask(`recordsFrom=${START}&recordsTo=${START}`)
    expect(records).to.have.length(1)
    const atMs = START * 1000 + 100
    expect(records[0]).to.deep.equal({
      monitoringDataTs: START,
      securityServerInternalIp: '10.0.0.5',
      securityServerType: 'Producer',
      requestInTs: atMs - 40,
      requestOutTs: atMs - 33,
      responseInTs: atMs - 13,
      responseOutTs: atMs,
      clientXRoadInstance: 'VN',
      clientMemberClass: 'GOV',
      clientMemberCode: 'H29',
      clientSubsystemCode: 'mot-cua',
      serviceXRoadInstance: 'VN',
      serviceMemberClass: 'GOV',
      serviceMemberCode: 'G01',
      serviceSubsystemCode: 'dan-cu',
      serviceCode: 'cong-dan.v1',
      serviceVersion: 'v1',
      restMethod: 'POST',
      restPath: '/tra-cuu',
      representedPartyClass: 'GOV',
      representedPartyCode: 'H26',
      messageId: MESSAGE,
      messageProtocolVersion: '1',
      clientSecurityServerAddress: 'cong.example',
      serviceSecurityServerAddress: 'cong.example',
      requestSize: 31,
      requestAttachmentCount: 0,
      responseSize: 400,
      responseAttachmentCount: 0,
      succeeded: true,
      statusCode: 200,
      serviceType: 'OPENAPI3',
      xRoadVersion: 'lienthong-0',
      xRequestId: formatExchangeId(atMs - 40, Buffer.alloc(16, 0)),
    })
    const { messageId, messageProtocolVersion } = (
      await ask(`recordsFrom=${START + 9}&recordsTo=${START + 9}`)
    ).records[0] as Json
    expect(messageId).to.match(/^VN-0/)
    expect(messageProtocolVersion).to.equal(undefined)
  })

  it('knows every field of X-Road’s schema by name', () => {
    const named = (AUDIT_DESCRIPTION as { components: { schemas: Record<string, { properties: Json }> } })
      .components.schemas['OperationalRecord']?.properties
    expect(Object.keys(named ?? {})).to.have.members([...OPERATIONAL_FIELDS])
    expect(OPERATIONAL_FIELDS).to.have.length(40)
  })

  it('calls an exchange successful that was answered below 400, and tells the fault of what was refused', async () => {
    const { records } = await ask(`recordsFrom=${START + 1}&recordsTo=${START + 1}`)
    expect(records.map(({ succeeded, statusCode }) => [succeeded, statusCode])).to.deep.equal([
      [true, 200],
      [true, 200],
      [false, undefined],
      [false, 404],
    ])
    expect(records[2]).to.include({
      faultCode: 'server.quota_exceeded',
      faultString: 'SERVICE:VN/GOV/G01/dan-cu/cong-dan.v1',
    })
  })

  it('breaks off between two seconds and says where to go on, until all are read', async () => {
    const first = await ask(`recordsFrom=0&recordsTo=${START + 100}`)
    // The fourth record is of a second that has a fifth: it comes along.
    expect(first.recordsCount).to.equal(5)
    expect(first.nextRecordsFrom).to.equal(START + 2)
    const second = await ask(`recordsFrom=${first.nextRecordsFrom}&recordsTo=${START + 100}`)
    expect(second.recordsCount).to.equal(1)
    expect(second).not.to.have.property('nextRecordsFrom')
    const exact = await ask(`recordsFrom=${START}&recordsTo=${START + 1}`)
    expect([exact.recordsCount, exact.nextRecordsFrom]).to.deep.equal([5, undefined])
  })

  it('holds back what may still be joined by others of its second, and says from when to ask', async () => {
    const before = NOW_SECONDS - AVAILABLE_AFTER_SECONDS
    const page = await ask(`recordsFrom=${START + 2}&recordsTo=${NOW_SECONDS + 100}`)
    expect([page.recordsCount, page.nextRecordsFrom]).to.deep.equal([1, before])
    expect(refusals(`recordsFrom=${before}&recordsTo=${before}`)).to.deep.equal(['/recordsFrom maximum'])
    expect(refusals(`recordsFrom=${before - 1}&recordsTo=${before}`)).to.deep.equal([])
  })

  it('may be asked of one provider, and for some fields', async () => {
    const { records } = await ask(
      `recordsFrom=0&recordsTo=${START + 9}&client=VN/GOV/G01/khac&outputField=serviceCode&outputField=succeeded`,
    )
    expect(records).to.deep.equal([{ serviceCode: 'dich-vu.v1', succeeded: true }])
  })

  it('shows an agency what its systems asked and answered, without the server’s own address', async () => {
    const own = await ask(`recordsFrom=0&recordsTo=${START + 9}`, rightOf('agency', ['H26/mot-cua']))
    expect(own.records.map(({ clientMemberCode }) => clientMemberCode)).to.deep.equal(['H26'])
    expect(own.records[0]).not.to.have.property('securityServerInternalIp')
    const provider = await ask(`recordsFrom=0&recordsTo=${START + 9}`, rightOf('agency', ['G01/khac']))
    expect(provider.recordsCount).to.equal(1)
  })

  for (const [query, expected] of [
    ['recordsTo=1', '/recordsFrom required'],
    ['recordsFrom=1', '/recordsTo required'],
    ['recordsFrom=-1&recordsTo=1', '/recordsFrom type'],
    ['recordsFrom=2&recordsTo=1', '/recordsTo minimum'],
    ['recordsFrom=1&recordsTo=2&outputField=none', '/outputField enum'],
    ['recordsFrom=1&recordsTo=2&client=VN/GOV/G99/x', '/client unknown'],
    ['recordsFrom=1&recordsTo=2&client=VN/GOV/G01/dan-cu/x', '/client unknown'],
  ] as const) {
    it(`refuses ${query}`, () => {
      expect(refusals(query)).to.deep.equal([expected])
    })
  }

  it('tells of each service how it has fared in the last minute, and when last', async () => {
    await append((NOW_SECONDS - 4) * 1000, { request: { bytes: 11, digest: 'x' } })
    await append((NOW_SECONDS - 3) * 1000, { code: 'provider_timeout', answer: undefined }, 'failed')
    const work = desk().healthData(new URLSearchParams('client=VN/GOV/G01/dan-cu'))
    work.ask()
    const { json } = await work.answer(rightOf('operator'))
    expect(JSON.parse(JSON.stringify(json))).to.deep.equal({
      monitoringStartupTimestamp: 1,
      statisticsPeriodSeconds: 60,
      servicesEvents: [
        {
          service: 'VN/GOV/G01/dan-cu/cong-dan.v1',
          lastSuccessfulRequestTimestamp: (NOW_SECONDS - 4) * 1000 - 40,
          lastUnsuccessfulRequestTimestamp: (NOW_SECONDS - 3) * 1000 - 40,
          serviceType: 'OPENAPI3',
          lastPeriodStatistics: {
            successfulRequestCount: 2,
            unsuccessfulRequestCount: 1,
            requestMinDuration: 40,
            requestAverageDuration: 40,
            requestMaxDuration: 40,
            requestDurationStdDev: 0,
            requestMinSize: 11,
            requestAverageSize: 21,
            requestMaxSize: 31,
            requestSizeStdDev: 10,
            responseMinSize: 400,
            responseAverageSize: 400,
            responseMaxSize: 400,
            responseSizeStdDev: 0,
          },
        },
      ],
    })
    const foreign = desk().healthData(new URLSearchParams())
    foreign.ask()
    const other = await foreign.answer(rightOf('agency', ['H26/mot-cua']))
    expect((other.json as { servicesEvents: unknown[] }).servicesEvents).to.deep.equal([])
  })
})

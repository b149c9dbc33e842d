import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { partSalt } from '../../src/exchange/composite.ts'
import { digestOf } from '../../src/exchange/stages.ts'
import { parseReceipt } from '../../src/ledger/receipt.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import { createConsumer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { rebound } from '../support/rebound.ts'

/** The day of the contracts' examples. */
const NOW = new Date('2026-11-22T01:30:00.000Z')
const PATH = 'G06/lien-thong/chuyen-nhuong-dat/v1/kiem-tra'
const CONTRACT = join(import.meta.dirname, '../../schemas/services/G06/lien-thong/chuyen-nhuong-dat.v1.yaml')
const { examples } = parse(readFileSync(CONTRACT, 'utf8')).components
const DOSSIER = examples.CheckTransferRequest.value
/** The sandbox holds nothing of whom it ends so. */
const NOBODY = '099188000404'

interface Told {
  readonly outcome: string
  readonly exchange?: string
  readonly status?: number
  readonly code?: string
  readonly waitsFor?: readonly string[]
  readonly answer?: Record<string, unknown>
}

function partsOf(json: Record<string, unknown>): Record<string, Told> {
  return json['parts'] as Record<string, Told>
}

function withoutAgreement(documents: RegistryDocuments, id: string): RegistryDocuments {
  return { ...documents, agreements: documents.agreements.filter((agreement) => agreement.id !== id) }
}

/** Exchange ids differ in each run. */
function withoutIds(parts: Record<string, Told>): Record<string, Told> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, { exchange: _, ...told }]) => [name, told] as const),
  )
}

describe('a composite service', () => {
  let world: GatewayWorld

  before(async () => {
    world = await startWorld({ sandboxNow: () => NOW })
  })
  after(() => world?.close())
  afterEach(() => world.apply(world.documents))

  const check = (body: unknown = DOSSIER) => world.consumer.call(PATH, { body })

  it('answers with its parts, each what its own agreement lets the consumer see', async () => {
    const { status, json } = await check()
    expect(status, JSON.stringify(json)).to.equal(200)
    expect({ ...json, parts: withoutIds(partsOf(json)) }).to.deep.equal(examples.CheckTransferAnswer.value)
  })

  it('answers as the integrators’ guide shows', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/integrators.md'), 'utf8')
    const blocks = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
    const asked = blocks.find((text) => text.includes('"parcelKey"')) ?? ''
    const shown = JSON.parse(blocks.find((text) => text.includes('"complete"')) ?? '')
    await world.apply(withoutAgreement(world.documents, 'TT-2026-002'))
    const { json } = await check(JSON.parse(asked))
    expect(json['complete']).to.equal(shown.complete)
    expect(withoutIds(partsOf(json))).to.deep.include(withoutIds(shown.parts))
  })

  it('leaves a record for each part under the id of the whole', async () => {
    const before = (await world.records()).length
    const { headers, json } = await check()
    const records = (await world.records()).slice(before)
    const whole = headers.get('exchange-id')
    const parts = records.filter(({ exchange }) => exchange !== whole)
    expect(parts).to.have.length(6)
    expect(parts.map(({ exchange }) => exchange)).to.have.members(
      Object.values(partsOf(json)).map(({ exchange }) => exchange),
    )
    for (const record of parts) {
      expect(record).to.include({ parent: whole, consumer: 'H29/mot-cua', outcome: 'delivered' })
      expect(record['agreement']).to.be.an('object')
    }
    // The whole comes last: its answer is judged when its parts are known.
    expect(records.at(-1)).to.include({ exchange: whole, service: PATH.slice(0, -'/kiem-tra'.length) })
    expect(records.at(-1)).not.to.have.property('parent')
  })

  it("lets the consumer check a part's record with the whole's salt", async () => {
    const { headers, json } = await check()
    const { exchange = '' } = partsOf(json)['maritalStatus'] ?? {}
    const record = (await world.records()).find((its) => its['exchange'] === exchange)
    const salt = parseReceipt(headers.get('exchange-receipt') ?? '')?.salt ?? Buffer.alloc(0)
    const body = Buffer.from(JSON.stringify({ personalId: DOSSIER.seller.personalId }))
    expect(record?.['request']).to.deep.equal(digestOf(body, partSalt(salt, exchange)))
    expect(record?.['request']).not.to.deep.equal(digestOf(body, salt))
  })

  it('says which part was refused and which waits for it, and answers the others', async () => {
    await world.apply(withoutAgreement(world.documents, 'TT-2026-002'))
    const { status, json } = await check()
    expect(status).to.equal(200)
    expect(json['complete']).to.equal(false)
    const parts = withoutIds(partsOf(json))
    expect(parts['parcel']).to.deep.equal({ outcome: 'refused', code: 'agreement_missing' })
    expect(parts['owner']).to.deep.equal({ outcome: 'skipped', waitsFor: ['parcel'] })
    expect(parts['buyer']).to.include({ outcome: 'delivered', status: 200 })
  })

  it('says which part failed', async () => {
    const services = world.documents.services.map((service) =>
      service.id === 'G12/thue/nguoi-nop-thue/v1'
        ? rebound(service, { baseUrl: 'http://127.0.0.1:9', retries: 0 })
        : service,
    )
    await world.apply({ ...world.documents, services })
    const { json } = await check()
    const { taxpayer, ...others } = withoutIds(partsOf(json))
    expect(taxpayer).to.deep.equal({ outcome: 'failed', code: 'provider_unavailable' })
    expect(Object.values(others).every(({ outcome }) => outcome === 'delivered')).to.equal(true)
    expect(json['complete']).to.equal(false)
  })

  it("tells a provider's own answer that it has nothing as its status", async () => {
    const { json } = await check({ ...DOSSIER, buyer: { ...DOSSIER.buyer, personalId: NOBODY } })
    expect(withoutIds(partsOf(json))['buyer']).to.deep.equal({ outcome: 'delivered', status: 404 })
    expect(json['complete']).to.equal(false)
  })

  it('asks for an optional part only where the request has what it needs', async () => {
    const { json } = await check({ ...DOSSIER, obligationNumber: 'NVTC-2026-0000001' })
    expect(partsOf(json)['obligation']).to.include({ outcome: 'delivered', status: 404 })
  })

  it('opens nothing that a narrowed token does not: its parts are refused', async () => {
    const { publicUrl } = world.gateway
    const service = PATH.slice(0, -'/kiem-tra'.length)
    const details = JSON.stringify([{ type: 'data_exchange', service }])
    const byDetails = await createConsumer(publicUrl, 'H29/mot-cua', world.keys, {
      authorization_details: details,
    })
    const byAddress = await createConsumer(publicUrl, 'H29/mot-cua', world.keys, {
      resource: `${publicUrl}/exchange/${service}`,
    })
    for (const consumer of [byDetails, byAddress]) {
      const { status, json } = await consumer.call(PATH, { body: DOSSIER })
      expect(status, JSON.stringify(json)).to.equal(200)
      const codes = Object.values(partsOf(json)).map(({ code }) => code)
      expect(codes.filter((code) => code === 'token_too_narrow')).to.have.length(5)
      expect(JSON.stringify(json)).not.to.include('answer')
    }
  })

  it('cannot be asked by whom it is not agreed with, whatever it may ask of the parts', async () => {
    await world.apply(withoutAgreement(world.documents, 'TT-2026-160'))
    const { status, json } = await check()
    expect(status).to.equal(403)
    expect(json['code']).to.equal('agreement_missing')
  })
})

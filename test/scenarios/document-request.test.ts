import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openEd25519File } from '../../src/identity/log-key.ts'
import { formatVerificationKey } from '../../src/jobs/webhook-signature.ts'
import type { RegistryDocuments } from '../../src/registry/documents.ts'
import {
  createParty,
  isSignedByGateway,
  type Party,
  type Receiver,
  startReceiver,
} from '../support/event-world.ts'
import { type Answer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { bindLater, CERTIFICATE, LATER_SERVICE, startLaterAgency, TAKEN } from '../support/later-agency.ts'

const ORDER = {
  personalId: '099188010001',
  type: '1',
  purpose: 'Bổ sung hồ sơ xin việc',
  dossierCode: 'H29.12-261122-0103',
}
const AGREED = {
  number: CERTIFICATE.number,
  type: '1',
  hasConvictions: false,
  issuedOn: CERTIFICATE.issuedOn,
}

describe('a document that is answered days later', () => {
  let world: GatewayWorld
  let agency: Awaited<ReturnType<typeof startLaterAgency>>
  let provider: Party
  let receiver: Receiver
  let stranger: Party
  let registry: RegistryDocuments
  let says: () => { status: number; body: object } | undefined = () => TAKEN

  before(async () => {
    agency = await startLaterAgency(() => says())
    receiver = await startReceiver()
    const webhooks = { hosts: [receiver.host], allowPrivateAddress: true }
    const url = () => world.gateway.publicUrl
    provider = await createParty('G01/ly-lich-tu-phap', url)
    stranger = await createParty('G03/hoc-ba', url)
    world = await startWorld({
      change: (documents) => {
        const bound = provider.register(stranger.register(bindLater(documents, agency.url)))
        const subsystems = bound.subsystems.map((its) =>
          its.id === 'H29/mot-cua' ? { ...its, webhooks } : its,
        )
        registry = { ...bound, subsystems }
        return registry
      },
    })
  })
  after(async () => {
    await world?.close()
    await agency?.close()
    await receiver?.close()
  })
  beforeEach(() => {
    says = () => TAKEN
    agency.asked.length = 0
  })

  async function make(key = randomUUID(), body: object = ORDER): Promise<{ id: string; reply: Answer }> {
    const reply = await world.consumer.call(`${LATER_SERVICE}/yeu-cau`, {
      body,
      headers: { 'idempotency-key': key },
    })
    return { id: String(reply.json['requestId']), reply }
  }

  const place = (id: string) => `${LATER_SERVICE}/-/requests/${id}`
  /** Particulars are those it was made with. */
  const bare = { 'exchange-purpose': undefined, 'exchange-dossier': undefined, 'exchange-officer': undefined }
  const look = (id: string, method = 'GET') =>
    world.consumer.call(place(id), { method, headers: { ...bare, 'content-type': undefined } })
  const deliver = (id: string, document: object = CERTIFICATE, party = provider) =>
    party.send('PUT', `/exchange/${place(id)}/result`, document)
  const codeOf = ({ status, json }: Answer) => [status, json['code']]

  async function until(id: string, isReached: (reply: Answer) => boolean): Promise<Answer> {
    for (;;) {
      const reply = await look(id)
      if (isReached(reply)) return reply
    }
  }
  const isForwarded = ({ json }: Answer) => json['state'] === 'forwarded'

  it('is answered at once with where to ask, then with the document, minimised', async () => {
    const { id, reply } = await make()
    expect(reply.status, JSON.stringify(reply.json)).to.equal(202)
    const url = `${world.gateway.publicUrl}/exchange/${place(id)}`
    expect(reply.headers.get('location')).to.equal(url)
    expect(Number(reply.headers.get('retry-after'))).to.be.above(0)
    expect(reply.json).to.include({ state: 'accepted', statusUrl: url, isLate: false })
    const waiting = await until(id, isForwarded)
    expect([waiting.status, waiting.json['reference']]).to.deep.equal([202, 'LLTP-2026-0000001'])
    const [asked] = agency.asked
    expect(asked?.headers).to.include({
      'exchange-request': id,
      'exchange-result-to': `${url}/result`,
      'exchange-due': String(waiting.json['dueBy']),
    })
    expect((await deliver(id)).status).to.equal(200)
    const done = await look(id)
    expect([done.status, done.json]).to.deep.equal([200, AGREED])
  })

  it('is told of as docs/integrators.md shows, and brought as it shows', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/integrators.md'), 'utf8')
    const [, told = ''] = page.split('/yeu-cau -->\n```json\n')
    const { id, reply } = await make()
    expect(reply.json).to.have.all.keys(...Object.keys(JSON.parse(told.split('```')[0] ?? '')))
    const [, brought = ''] = page.split('Content-Type: application/json\n\n')
    expect((await deliver(id, JSON.parse(brought.split('```')[0] ?? ''))).status).to.equal(200)
  })

  it('leaves a record of each exchange about it, under the one it was made with', async () => {
    const before = (await world.records()).length
    const { id } = await make()
    await until(id, isForwarded)
    await deliver(id)
    await look(id)
    const [made, ...others] = (await world.records()).slice(before)
    expect(made).to.include({ operation: 'requestCertificate', kind: 'request', outcome: 'delivered' })
    expect(new Set(others.map(({ parent }) => parent))).to.deep.equal(new Set([made?.['exchange']]))
    const brought = others.at(-2)
    expect(brought).to.include({ consumer: 'G01/ly-lich-tu-phap', provider: 'G01/ly-lich-tu-phap' })
    expect(new Set(others.map(({ subjectTag }) => subjectTag))).to.deep.equal(new Set([made?.['subjectTag']]))
    expect(others.at(-1)).to.include({ consumer: 'H29/mot-cua', outcome: 'delivered' })
  })

  it('has its end told by a signed webhook, to a host that the registry allows', async () => {
    const send = (notify: string) =>
      world.consumer.call(`${LATER_SERVICE}/yeu-cau`, {
        body: ORDER,
        headers: { 'idempotency-key': randomUUID(), 'exchange-notify': notify },
      })
    expect(codeOf(await send('https://la.example/su-kien'))).to.deep.equal([403, 'webhook_not_allowed'])
    const id = String((await send(receiver.url)).json['requestId'])
    await until(id, isForwarded)
    expect(receiver.pushes).to.have.length(0)
    await deliver(id)
    await receiver.until(1)
    const [push] = receiver.pushes
    if (push === undefined) throw new Error('nothing was pushed')
    expect(push.event).to.include({ type: 'request.ended' })
    expect(push.event.data).to.include({ requestId: id, state: 'answered', service: LATER_SERVICE })
    expect(push.body).not.to.include(ORDER.personalId).and.not.include(CERTIFICATE.number)
    const { publicKey } = openEd25519File(join(world.dataDir, 'keys/webhook.key'))
    expect(isSignedByGateway(push, formatVerificationKey(publicKey))).to.equal(true)
  }).timeout(30_000)

  it('is made once, however often it is sent', async () => {
    const key = randomUUID()
    const [first, second] = [await make(key), await make(key)]
    expect(second.id).to.equal(first.id)
    expect(second.reply.headers.get('location')).to.equal(first.reply.headers.get('location'))
    expect(codeOf((await make(key, { ...ORDER, type: '2' })).reply)).to.deep.equal([
      422,
      'idempotency_key_reused',
    ])
    await until(first.id, isForwarded)
    expect(agency.asked).to.have.length(1)
  })

  it('is handed on until the provider takes it, with one key', async () => {
    let broken = 0
    says = () => (broken++ < 1 ? undefined : TAKEN)
    const { id } = await make()
    await until(id, isForwarded)
    expect(agency.asked).to.have.length(2)
    expect(new Set(agency.asked.map(({ key }) => key)).size).to.equal(1)
  }).timeout(30_000)

  it('may be answered at once, or refused', async () => {
    says = () => ({ status: 200, body: CERTIFICATE })
    const { id } = await make()
    expect((await until(id, ({ status }) => status !== 202)).json).to.deep.equal(AGREED)
    const refusal = { code: 'conflict', message: 'Đã nhận nội dung khác cho cùng việc này.' }
    says = () => ({ status: 409, body: refusal })
    const refused = await make()
    const told = await until(refused.id, ({ status }) => status !== 202)
    expect([told.status, told.json]).to.deep.equal([409, refusal])
    expect(codeOf(await deliver(refused.id))).to.deep.equal([409, 'request_closed'])
  })

  it('takes no result that breaks the contract, and says where', async () => {
    const { id } = await make()
    const reply = await deliver(id, { ...CERTIFICATE, type: '9', fullName: 'x' })
    expect(codeOf(reply)).to.deep.equal([422, 'request_invalid'])
    const errors = reply.json['errors'] as { pointer: string }[]
    expect(errors.map(({ pointer }) => pointer)).to.include('/type')
    expect((await look(id)).status).to.equal(202)
    expect((await deliver(id)).status).to.equal(200)
  })

  it('takes one result: the same again is a repetition, another one is refused', async () => {
    const { id } = await make()
    expect((await deliver(id)).headers.get('idempotency-replayed')).to.equal(null)
    const again = await deliver(id)
    expect([again.status, again.headers.get('idempotency-replayed')]).to.deep.equal([200, 'true'])
    expect(codeOf(await deliver(id, { ...CERTIFICATE, hasConvictions: true }))).to.deep.equal([
      409,
      'request_closed',
    ])
    expect((await look(id)).json).to.deep.equal(AGREED)
  })

  it('is known to nobody but who made it and its provider', async () => {
    const { id } = await make()
    expect(codeOf(await deliver(id, CERTIFICATE, stranger))).to.deep.equal([404, 'request_unknown'])
    const path = `/exchange/${place(id)}`
    expect(codeOf(await stranger.send('GET', path))).to.deep.equal([404, 'request_unknown'])
    expect(codeOf(await provider.send('GET', path))).to.deep.equal([404, 'request_unknown'])
    expect(codeOf(await look(randomUUID()))).to.deep.equal([404, 'request_unknown'])
    expect(codeOf(await deliver(randomUUID()))).to.deep.equal([404, 'request_unknown'])
  })

  it('can be cancelled while it is under way', async () => {
    const { id } = await make()
    const { status, json } = await look(id, 'DELETE')
    expect([status, json['state']]).to.deep.equal([202, 'cancelled'])
    expect(codeOf(await look(id))).to.deep.equal([410, 'request_ended'])
    expect(codeOf(await deliver(id))).to.deep.equal([409, 'request_closed'])
  })

  it('is readable for as long as its agreement is in force', async () => {
    const { id } = await make()
    await deliver(id)
    const agreements = registry.agreements.map((each) =>
      each.id === 'TT-2026-105' ? { ...each, state: 'revoked' as const } : each,
    )
    await world.apply({ ...registry, agreements })
    expect(codeOf(await look(id))).to.deep.equal([403, 'agreement_not_in_force'])
    await world.apply(registry)
    let reply = await look(id)
    while (reply.status !== 200) reply = await look(id)
    expect(reply.json).to.deep.equal(AGREED)
  })

  it('keeps nothing of it in clear, and nothing at all once its days are over', async () => {
    const { id } = await make()
    await deliver(id)
    const { rows } = await world.pool.query('SELECT document_request::text AS row FROM document_request')
    const text = rows.map(({ row }) => row).join('\n')
    for (const plain of [ORDER.personalId, ORDER.dossierCode, CERTIFICATE.number]) {
      expect(text).not.to.include(plain)
      expect(text).not.to.include(Buffer.from(plain).toString('hex'))
    }
    await world.pool.query(
      'UPDATE document_request SET sealed_order = NULL, sealed_progress = NULL WHERE request_id = $1',
      [id],
    )
    expect(codeOf(await look(id))).to.deep.equal([410, 'request_ended'])
  })
})

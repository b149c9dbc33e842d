import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  cloudEvent,
  createParty,
  isSignedByGateway,
  type Party,
  type Push,
  publish,
  type Receiver,
  startReceiver,
} from '../support/event-world.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { readBlocks } from '../support/markdown.ts'

const CITIZENS = 'G01/dan-cu/cong-dan/v1'
const CUSTOMS = 'G12/hai-quan/to-khai/v1'
const PURPOSE = 'cap-nhat-bien-dong'

const died = (personalId: string) => ({ personalId, diedOn: '2026-11-20' })
const PERSON = '099188010001'
const OTHER = '099088284593'

/** Checks as Standard Webhooks 1.0 says, from its text and not from the gateway's code. */
function isSigned({ headers, body }: Push, secret: string): boolean {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const wanted = createHmac('sha256', key).update(signed).digest('base64')
  return String(headers['webhook-signature']).split(' ').includes(`v1,${wanted}`)
}

describe('events', () => {
  let world: GatewayWorld
  let receiver: Receiver
  let population: Party
  let customs: Party
  let oneStop: Party
  let trade: Party

  before(async () => {
    receiver = await startReceiver()
    const url = () => world.gateway.publicUrl
    population = await createParty('G01/dan-cu', url)
    customs = await createParty('G12/hai-quan', url)
    oneStop = await createParty('H29/mot-cua', url)
    trade = await createParty('G02/dieu-hanh', url)
    const webhooks = { hosts: [receiver.host], allowPrivateAddress: true }
    world = await startWorld({
      change: (documents) =>
        oneStop.register(population.register(customs.register(trade.register(documents))), webhooks),
    })
  })
  after(async () => {
    await world?.close()
    await receiver?.close()
  })
  afterEach(async () => {
    receiver.answer = () => 204
    const { json } = await oneStop.send('GET', '/subscriptions')
    for (const { id } of json['subscriptions'] as { id: string }[])
      await oneStop.send('DELETE', `/subscriptions/${id}`)
    receiver.pushes.length = 0
  })

  async function subscribe(party: Party, wish: object): Promise<Record<string, string>> {
    const { status, json } = await party.send('POST', '/subscriptions', wish)
    expect(status, JSON.stringify(json)).to.equal(201)
    return json as Record<string, string>
  }
  const push = (types: readonly string[], more: object = {}) =>
    subscribe(oneStop, {
      service: CITIZENS,
      types,
      purpose: PURPOSE,
      mode: 'push',
      url: receiver.url,
      ...more,
    })

  it('are pushed signed, minimised, with a record for the publication and one for each delivery', async () => {
    const { secret = '', verificationKey = '' } = await push(['citizenDied'], { fields: ['/personalId'] })
    const before = (await world.records()).length
    const published = await publish(population, CITIZENS, cloudEvent('citizenDied', 'chet-1', died(PERSON)))
    expect(published.status, JSON.stringify(published.json)).to.equal(202)
    await receiver.until(1)
    const [got] = receiver.pushes
    if (got === undefined) throw new Error('nothing came')
    expect(got.event.data).to.deep.equal({ personalId: PERSON })
    expect(got.event).to.include({
      specversion: '1.0',
      id: 'chet-1',
      source: '/thu-nghiem',
      type: 'citizenDied',
    })
    expect(got.headers['content-type']).to.equal('application/cloudevents+json')
    expect(got.headers['webhook-id']).to.equal(published.json['exchangeId'])
    expect(isSigned(got, secret)).to.equal(true)
    expect(isSigned({ ...got, body: `${got.body} ` }, secret)).to.equal(false)
    expect(isSignedByGateway(got, verificationKey)).to.equal(true)
    const records = (await world.records()).slice(before)
    expect(records.map(({ consumer, kind, outcome }) => ({ consumer, kind, outcome }))).to.deep.equal([
      { consumer: 'G01/dan-cu', kind: 'event', outcome: 'delivered' },
      { consumer: 'H29/mot-cua', kind: 'event', outcome: 'delivered' },
    ])
    expect(records[1]).to.include({ exchange: got.headers['exchange-id'], operation: 'citizenDied' })
    const tags = await world.pool.query(
      'SELECT DISTINCT subject_tag FROM exchange_private WHERE exchange_id = ANY ($1)',
      [records.map((record) => record['exchange'])],
    )
    expect(tags.rows).to.have.length(1)
    expect(records[1]?.['private']).not.to.deep.equal(records[0]?.['private'])
  })

  it('are published once for a source and an id, and never with two contents', async () => {
    const event = cloudEvent('citizenDied', 'chet-2', died(PERSON))
    const first = await publish(population, CITIZENS, event)
    const again = await publish(population, CITIZENS, event)
    expect([first.status, again.status]).to.deep.equal([202, 200])
    expect(again.json).to.include({ sequence: first.json['sequence'], repeated: true })
    const other = await publish(population, CITIZENS, { ...event, data: died(OTHER) })
    expect(other.json['code']).to.equal('event_id_reused')
  })

  it('are published by the provider of the service only, and as its contract says', async () => {
    const event = cloudEvent('citizenDied', 'chet-3', died(PERSON))
    expect((await publish(customs, CITIZENS, event)).json['code']).to.equal('event_not_own')
    const wrong = await publish(population, CITIZENS, {
      ...event,
      subject: PERSON,
      data: { personalId: PERSON },
    })
    expect(wrong.json['code']).to.equal('request_invalid')
    const lacking = await publish(population, CITIZENS, { ...event, data: { personalId: PERSON } })
    expect(lacking.json['errors']).to.deep.include.members([])
    expect((lacking.json['errors'] as { pointer: string }[])[0]?.pointer).to.match(/^\/data/)
    const unknown = await publish(population, CITIZENS, { ...event, type: 'lookUpCitizen' })
    expect((unknown.json['errors'] as { pointer: string }[])[0]?.pointer).to.equal('/type')
    const early = await publish(population, CITIZENS, { ...event, time: '2099-01-01T00:00:00Z' })
    expect((early.json['errors'] as { pointer: string }[])[0]?.pointer).to.equal('/time')
  })

  it('are told to nobody without an agreement, and pushed to no host that the registry does not name', async () => {
    const wish = { service: CITIZENS, types: ['citizenDied'], purpose: PURPOSE, mode: 'pull' }
    expect((await trade.send('POST', '/subscriptions', wish)).json['code']).to.equal('agreement_missing')
    const elsewhere = { ...wish, mode: 'push', url: 'http://127.0.0.1:1/x' }
    expect((await oneStop.send('POST', '/subscriptions', elsewhere)).json['code']).to.equal(
      'webhook_not_allowed',
    )
    const notAgreed = { ...wish, fields: ['/name'] }
    expect((await oneStop.send('POST', '/subscriptions', notAgreed)).json['code']).to.equal(
      'field_not_agreed',
    )
  })

  it('of one subject come in order, though a try fails; those of others do not wait', async () => {
    await push(['citizenDied', 'residenceChanged'])
    const failed: string[] = []
    receiver.answer = ({ event }) => {
      if (event['id'] !== 'thu-tu-1' || failed.length > 0) return 204
      failed.push('thu-tu-1')
      return 422
    }
    const place = { scheme: 'DVHC-2025-07', province: '31', ward: '10525', asOf: '2025-07-01' }
    const moved = (personalId: string) => ({ personalId, permanentResidence: place, changedOn: '2026-11-20' })
    await publish(population, CITIZENS, cloudEvent('residenceChanged', 'thu-tu-1', moved(PERSON)))
    await publish(population, CITIZENS, cloudEvent('citizenDied', 'thu-tu-2', died(PERSON)))
    await publish(population, CITIZENS, cloudEvent('citizenDied', 'thu-tu-3', died(OTHER)))
    await receiver.until(4)
    const order = receiver.pushes.map(({ event }) => event['id'])
    expect(order.filter((id) => id !== 'thu-tu-3')).to.deep.equal(['thu-tu-1', 'thu-tu-1', 'thu-tu-2'])
    expect(order.indexOf('thu-tu-3')).to.be.below(3)
    const [one, two] = receiver.pushes.filter(({ event }) => event['id'] === 'thu-tu-1')
    expect(one?.headers['webhook-id']).to.equal(two?.headers['webhook-id'])
    expect(one?.headers['exchange-id']).not.to.equal(two?.headers['exchange-id'])
  })

  it('stop with the agreement they stand on, and go on when it is back', async () => {
    const { id = '' } = await push(['citizenDied'])
    const agreements = world.documents.agreements.map((its) =>
      its.id === 'TT-2026-150' ? { ...its, state: 'suspended' as const } : its,
    )
    await world.apply({ ...world.documents, agreements })
    await publish(population, CITIZENS, cloudEvent('citizenDied', 'dung-1', died(PERSON)))
    const stopped = async () => (await oneStop.send('GET', `/subscriptions/${id}`)).json
    for (let look = await stopped(); look['state'] !== 'stopped'; look = await stopped()) {}
    expect(await stopped()).to.include({ stoppedBy: 'agreement_not_in_force', waiting: 1 })
    expect(receiver.pushes).to.deep.equal([])
    expect((await world.records()).at(-1)).to.include({ outcome: 'refused', code: 'agreement_not_in_force' })
    const resume = () => oneStop.send('PATCH', `/subscriptions/${id}`, { state: 'active' })
    expect((await resume()).json['code']).to.equal('agreement_not_in_force')
    await world.apply(world.documents)
    expect((await resume()).json['state']).to.equal('active')
    await receiver.until(1)
    expect(receiver.pushes[0]?.event['id']).to.equal('dung-1')
  })

  it('that wait while a subscription is paused come when it goes on, and again when replayed', async () => {
    const { id = '' } = await push(['citizenDied'])
    await oneStop.send('PATCH', `/subscriptions/${id}`, { state: 'paused' })
    const since = new Date().toISOString()
    await publish(population, CITIZENS, cloudEvent('citizenDied', 'cho-1', died(PERSON)))
    expect((await oneStop.send('GET', `/subscriptions/${id}`)).json).to.include({
      waiting: 1,
      state: 'paused',
    })
    await oneStop.send('PATCH', `/subscriptions/${id}`, { state: 'active' })
    await receiver.until(1)
    for (;;) if ((await oneStop.send('GET', `/subscriptions/${id}`)).json['waiting'] === 0) break
    const replay = await oneStop.send('POST', `/subscriptions/${id}/replay`, { from: since })
    expect(replay.json).to.deep.equal({ count: 1 })
    await receiver.until(2)
    expect(receiver.pushes.map(({ event }) => event['id'])).to.deep.equal(['cho-1', 'cho-1'])
  })

  it('are signed with both secrets for a day after a rotation', async () => {
    const { id = '', secret = '' } = await push(['citizenDied'])
    const rotated = await oneStop.send('POST', `/subscriptions/${id}/secret`)
    await publish(population, CITIZENS, cloudEvent('citizenDied', 'khoa-1', died(PERSON)))
    await receiver.until(1)
    const [got] = receiver.pushes
    if (got === undefined) throw new Error('nothing came')
    expect(isSigned(got, secret)).to.equal(true)
    expect(isSigned(got, String(rotated.json['secret']))).to.equal(true)
    expect(JSON.stringify((await oneStop.send('GET', '/subscriptions')).json)).not.to.contain('whsec_')
  })

  it('are read with a cursor, each with a record of its own, and a reader sees its own subscriptions only', async () => {
    const cleared = (declarationNumber: string) => ({
      declarationNumber,
      direction: 'export',
      type: 'B11',
      traderTaxCode: '9909235608',
      hsCode: '10063040',
      valueVnd: 1_468_383_000,
      clearedOn: '2026-11-22',
    })
    const wish = {
      service: CUSTOMS,
      types: ['declarationCleared'],
      purpose: 'dieu-hanh-xuat-nhap-khau',
      mode: 'pull',
    }
    const { id = '' } = await subscribe(trade, wish)
    const late = new Date(Date.now() - 7_200_000).toISOString()
    for (const [index, number] of ['301234567892', '301234567893', '301234567894'].entries()) {
      const event = cloudEvent('declarationCleared', `tk-${index}`, cleared(number), late)
      expect((await publish(customs, CUSTOMS, event)).status).to.equal(202)
    }
    const before = (await world.records()).length
    const read = (query: string) => trade.send('GET', `/subscriptions/${id}/events${query}`)
    const page = (await read('?limit=2')).json as {
      events: { event: Push['event'] }[]
      cursor: string
      more: boolean
    }
    expect(page.events.map(({ event }) => event['id'])).to.deep.equal(['tk-0', 'tk-1'])
    expect(page.events[0]?.event.data).not.to.have.property('traderTaxCode')
    expect(page.more).to.equal(true)
    const rest = (await read(`?after=${page.cursor}`)).json as typeof page
    expect(rest.events.map(({ event }) => event['id'])).to.deep.equal(['tk-2'])
    expect((await world.records()).slice(before).map(({ outcome }) => outcome)).to.deep.equal([
      'delivered',
      'delivered',
      'delivered',
    ])
    expect(((await read(`?from=${late}`)).json as typeof page).events).to.have.length(3)
    expect((await oneStop.send('GET', `/subscriptions/${id}/events`)).json['code']).to.equal(
      'subscription_unknown',
    )
    const labels = `service="${CUSTOMS}",operation="declarationCleared"`
    expect(await world.metric(`lienthong_events_late_total{${labels}}`)).to.equal(3)
    expect(await world.metric(`lienthong_event_age_seconds_count{${labels}}`)).to.equal(3)
  })

  it('are published and read as the integrators’ guide shows, in both languages', async () => {
    const examples = ['docs/integrators.md', 'docs/vi/integrators.md'].map((page) =>
      readBlocks(readFileSync(join(import.meta.dirname, '../..', page), 'utf8'))
        .filter(({ language }) => language === 'json')
        .map(({ text }) => JSON.parse(text) as Record<string, unknown>)
        .filter((shown) => 'specversion' in shown || 'mode' in shown),
    )
    const [english, vietnamese] = examples
    expect(vietnamese).to.deep.equal(english)
    const [event = {}, wish = {}] = english ?? []
    const { id } = await subscribe(oneStop, wish)
    expect((await publish(population, CITIZENS, event)).status).to.equal(202)
    const { json } = await oneStop.send('GET', `/subscriptions/${id}/events`)
    const [told] = json['events'] as { event: Record<string, unknown> }[]
    expect(told?.event).to.include({ id: event['id'], source: event['source'] })
    expect(told?.event['data']).to.deep.equal({ personalId: PERSON })
  })
})

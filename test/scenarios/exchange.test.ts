import { createHash, randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { sampleParcel, samplePerson, sampleScenario, sampleTaxpayer } from '../../src/sandbox/samples.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const CITIZEN = 'G01/dan-cu/cong-dan/v1'
const PARCEL = 'G10/dat-dai/thua-dat/v1'
const TAXPAYER = 'G12/thue/nguoi-nop-thue/v1'
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('an exchange through the whole gateway', () => {
  let world: GatewayWorld

  before(async () => {
    world = await startWorld()
  })

  after(async () => {
    await world.close()
  })

  const person = samplePerson(17)

  /** Runs and gives the one record it left. */
  async function oneRecord(act: () => Promise<unknown>): Promise<Record<string, unknown>> {
    const before = (await world.records()).length
    await act()
    const records = await world.records()
    expect(records).to.have.length(before + 1)
    return records[before] ?? {}
  }

  it('verifies a citizen and leaves a record that names no one', async () => {
    const count = `lienthong_transactions_total{consumer="H29/mot-cua",provider="G01/dan-cu",service="${CITIZEN}",operation="verifyCitizen",outcome="delivered"}`
    const counted = await world.metric(count)
    const record = await oneRecord(async () => {
      const answer = await world.consumer.call(`${CITIZEN}/xac-thuc`, { body: person.verify })
      expect(answer.status, JSON.stringify(answer.json)).to.equal(200)
      expect(answer.json).to.include({ matched: true })
      expect(answer.headers.get('exchange-id')).to.match(UUID7)
      expect(answer.headers.get('exchange-receipt')).to.match(
        /^log="[^"]+", index=\d+, leaf=:[A-Za-z0-9+/]{43}=:, salt=:[A-Za-z0-9+/]{22}==:, first=\d+, count=\d+, due=\d+, path=\(.*\), signature=:[A-Za-z0-9+/]{86}==:$/,
      )
      expect(answer.headers.get('ratelimit-policy')).to.equal('"second";q=50;w=1, "day";q=200000;w=86400')
      expect(answer.headers.get('ratelimit')).to.match(/^"day";r=\d+;t=\d+$/)
      expect(answer.headers.get('cache-control')).to.equal('no-store')
    })
    expect(record).to.include({
      outcome: 'delivered',
      consumer: 'H29/mot-cua',
      provider: 'G01/dan-cu',
      operation: 'verifyCitizen',
      purpose: 'giai-quyet-thu-tuc-hanh-chinh',
      binding: 'dpop',
      kind: 'verify',
    })
    expect(record['private'])
      .to.have.property('subjectTag')
      .that.matches(/^[\w-]{43}$/)
    expect(JSON.stringify(record)).not.to.include(person.verify.personalId)
    expect(await world.metric(count)).to.equal(counted + 1)
  })

  it('lets both sides prove what was exchanged, and nobody find it by trying', async () => {
    let receipt = ''
    let body = ''
    const record = await oneRecord(async () => {
      const answer = await world.consumer.call(`${CITIZEN}/tra-cuu`, { body: person.lookUp })
      receipt = answer.headers.get('exchange-receipt') ?? ''
      body = JSON.stringify(answer.json)
    })
    const salt = Buffer.from(/salt=:([^:]+):/.exec(receipt)?.[1] ?? '', 'base64')
    const digest = (bytes: string, salted = salt) =>
      createHash('sha256').update(salted).update(bytes).digest('base64url')
    const question = JSON.stringify(person.lookUp)
    expect(record['request']).to.include({ digest: digest(question) })
    expect(record['answer']).to.include({ digest: digest(body) })
    expect(JSON.stringify(record)).not.to.include(digest(question, Buffer.alloc(0)))
  })

  it('gives only the agreed fields of a citizen, whatever the provider sends', async () => {
    const { json } = await world.consumer.call(`${CITIZEN}/tra-cuu`, { body: person.lookUp })
    expect(json).to.have.property('fullName')
    for (const held of [
      'religion',
      'ethnicity',
      'spouse',
      'father',
      'mother',
      'maritalStatus',
      'idCardNumber',
    ]) {
      expect(json, held).not.to.have.property(held)
    }
  })

  it('gives fewer fields where fewer are asked for', async () => {
    const record = await oneRecord(async () => {
      const { json } = await world.consumer.call(`${CITIZEN}/tra-cuu`, {
        body: person.lookUp,
        headers: { 'exchange-fields': '/fullName, /birthDate' },
      })
      expect(Object.keys(json)).to.have.members(['fullName', 'birthDate'])
    })
    expect(record['fields']).to.deep.equal(['/fullName', '/birthDate'])
  })

  it('looks up a parcel with its owners’ names but not their numbers, and a taxpayer', async () => {
    const parcel = await world.consumer.call(`${PARCEL}/tra-cuu`, { body: sampleParcel(3).lookUp })
    expect(parcel.status, JSON.stringify(parcel.json)).to.equal(200)
    const [owner] = parcel.json['owners'] as Record<string, unknown>[]
    expect(owner).to.have.property('fullName')
    expect(owner).not.to.have.property('personalId')
    const taxpayer = await world.consumer.call(`${TAXPAYER}/tra-cuu`, { body: sampleTaxpayer(4).lookUp })
    expect(taxpayer.json).to.have.property('statusCode')
  })

  describe('refuses, with one record and the reason', () => {
    const cases: readonly {
      name: string
      path: string
      headers?: Record<string, string | undefined>
      body?: unknown
      status: number
      code: string
    }[] = [
      {
        name: 'a field outside the agreement',
        path: `${CITIZEN}/tra-cuu`,
        headers: { 'exchange-fields': '/religion' },
        status: 403,
        code: 'field_not_agreed',
      },
      {
        name: 'a purpose outside the agreement',
        path: `${CITIZEN}/tra-cuu`,
        headers: { 'exchange-purpose': 'quang-cao' },
        status: 403,
        code: 'purpose_not_agreed',
      },
      {
        name: 'an officer that was not named',
        path: `${CITIZEN}/tra-cuu`,
        headers: { 'exchange-officer': undefined },
        status: 403,
        code: 'particulars_missing',
      },
      {
        name: 'an unknown service',
        path: 'G01/dan-cu/khong-co/v1/tra-cuu',
        status: 404,
        code: 'service_unknown',
      },
      {
        name: 'an unknown version',
        path: 'G01/dan-cu/cong-dan/v9/tra-cuu',
        status: 404,
        code: 'service_unknown',
      },
      { name: 'an unknown operation', path: `${CITIZEN}/xoa`, status: 404, code: 'operation_unknown' },
      {
        name: 'a body outside the contract',
        path: `${CITIZEN}/tra-cuu`,
        body: { personalId: '123', extra: 1 },
        status: 422,
        code: 'request_invalid',
      },
      {
        name: 'a submission without a key',
        path: `${TAXPAYER}/nghia-vu-dat-dai`,
        body: sampleTaxpayer(4).submit,
        status: 400,
        code: 'idempotency_key_missing',
      },
    ]
    for (const { name, path, headers = {}, body = person.lookUp, status, code } of cases) {
      it(name, async () => {
        const record = await oneRecord(async () => {
          const answer = await world.consumer.call(path, { body, headers })
          expect(answer.json).to.include({ code, status, fault: 'consumer' })
          expect(answer.status).to.equal(status)
          expect(answer.headers.get('content-type')).to.equal('application/problem+json')
          expect(answer.headers.get('exchange-receipt')).to.be.a('string')
          expect(answer.json['traceId']).to.match(/^[0-9a-f]{32}$/)
          const page = await fetch(String(answer.json['type']))
          expect(page.status).to.equal(200)
          expect(await page.text()).to.include(code)
        })
        expect(record).to.include({ outcome: 'refused', code })
        expect(record).not.to.have.property('answer')
      })
    }

    it('tells each place of an invalid body by pointer and rule, never by value', async () => {
      const { json } = await world.consumer.call(`${CITIZEN}/tra-cuu`, {
        body: { personalId: '099999', more: '099090000017' },
        headers: { 'accept-language': 'en' },
      })
      expect(JSON.stringify(json)).not.to.match(/099999|099090000017/)
      const errors = json['errors'] as { pointer: string; rule: string }[]
      expect(errors.map(({ pointer }) => pointer)).to.include('/personalId')
    })
  })

  describe('refuses before it is an exchange, without a record', () => {
    const url = (path: string) => `${world.gateway.publicUrl}/exchange/${path}`
    const send = async (init: RequestInit, path = `${CITIZEN}/tra-cuu`) => {
      const before = (await world.records()).length
      const response = await fetch(url(path), { method: 'POST', body: '{}', ...init })
      expect((await world.records()).length).to.equal(before)
      return {
        status: response.status,
        json: (await response.json()) as Record<string, unknown>,
        headers: response.headers,
      }
    }
    const usual = { 'content-type': 'application/json', 'exchange-purpose': 'x' }

    it('no token and a token of nobody’s', async () => {
      const none = await send({ headers: usual })
      expect(none.json).to.include({ code: 'credential_missing' })
      expect(none.status).to.equal(401)
      expect(none.headers.get('www-authenticate')).to.match(/^DPoP /)
      const refused = 'lienthong_authentication_total{result="credential_invalid"}'
      const counted = await world.metric(refused)
      const forged = await send({ headers: { ...usual, authorization: 'Bearer aaaa.bbbb.cccc' } })
      expect(forged.json).to.include({ code: 'credential_invalid' })
      expect(await world.metric(refused)).to.equal(counted + 1)
    })

    it('a bound token sent without its proof', async () => {
      const token = await world.consumer.dpopToken()
      for (const scheme of ['DPoP', 'Bearer']) {
        const { json } = await send({ headers: { ...usual, authorization: `${scheme} ${token}` } })
        expect(json, scheme).to.include({ code: 'credential_invalid' })
      }
    })

    it('no purpose, no JSON, another content type, too much', async () => {
      const authorization = 'Bearer x'
      const json = { 'content-type': 'application/json' }
      expect((await send({ headers: json })).json).to.include({ code: 'header_missing' })
      expect((await send({ headers: { ...usual, authorization }, body: '{' })).json).to.include({
        code: 'body_not_json',
        status: 400,
      })
      expect((await send({ headers: { ...usual, 'content-type': 'text/xml' } })).json).to.include({
        status: 415,
      })
      expect((await send({ headers: usual, body: JSON.stringify('x'.repeat(300_000)) })).json).to.include({
        code: 'body_too_large',
        status: 413,
      })
    })

    it('an address outside the form', async () => {
      expect((await send({ headers: usual }, 'G01/dan-cu')).status).to.equal(404)
      expect((await send({ headers: usual }, 'G01/dan-cu/cong-dan/v1/a%2fb')).json).to.include({
        code: 'request_malformed',
      })
    })

    it('speaks Vietnamese unless asked for English', async () => {
      expect((await send({ headers: usual })).json['title']).to.equal('Thiếu mã truy cập')
      const english = await send({ headers: { ...usual, 'accept-language': 'en-GB, vi;q=0.5' } })
      expect(english.json['title']).to.equal('The access token is missing')
      expect(english.headers.get('content-language')).to.equal('en')
    })
  })

  it('keeps one trace from consumer to record', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const record = await oneRecord(async () => {
      const answer = await world.consumer.call(`${CITIZEN}/tra-cuu`, {
        body: person.lookUp,
        headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
      })
      expect(answer.headers.get('traceparent')).to.match(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
    })
    expect(record['trace']).to.equal(traceId)
  })

  it('passes a provider’s 404 on as the contract says', async () => {
    const record = await oneRecord(async () => {
      const { personalId } = sampleScenario('000404')
      const answer = await world.consumer.call(`${CITIZEN}/tra-cuu`, { body: { personalId } })
      expect(answer.status).to.equal(404)
      expect(answer.json).to.have.property('code')
    })
    expect(record).to.include({ outcome: 'delivered' })
    expect(record['answer']).to.include({ status: 404 })
  })

  it('withholds an answer that breaks the contract', async () => {
    const record = await oneRecord(async () => {
      const { personalId } = sampleScenario('000422')
      const answer = await world.consumer.call(`${CITIZEN}/tra-cuu`, { body: { personalId } })
      expect(answer.json).to.include({ code: 'response_invalid', status: 502, fault: 'provider' })
    })
    expect(record).to.include({ outcome: 'failed', code: 'response_invalid' })
  })

  it('tells when the provider is down, garbled or failing, and recovers with it', async () => {
    const { land } = world.sandbox.agencies
    const body = sampleParcel(3).lookUp
    for (const [mode, code] of [
      ['down', 'provider_unavailable'],
      ['garbage', 'response_invalid'],
      ['error', 'provider_failed'],
    ] as const) {
      await land.break(mode)
      const record = await oneRecord(async () => {
        const answer = await world.consumer.call(`${PARCEL}/tra-cuu`, { body })
        expect(answer.json, mode).to.include({ code, fault: 'provider' })
        if (code === 'provider_unavailable') expect(answer.headers.get('retry-after')).to.match(/^\d+$/)
      })
      expect(record).to.include({ outcome: 'failed', code })
      await land.heal()
    }
    expect((await world.consumer.call(`${PARCEL}/tra-cuu`, { body })).status).to.equal(200)
  })

  describe('submissions', () => {
    const path = `${TAXPAYER}/nghia-vu-dat-dai`

    it('give the first answer again for the same key and body, and refuse another body', async () => {
      const key = randomUUID()
      const body = sampleTaxpayer(7).submit
      const headers = { 'idempotency-key': key }
      const first = await world.consumer.call(path, { body, headers })
      expect(first.status, JSON.stringify(first.json)).to.be.within(200, 201)
      expect(first.headers.get('idempotency-replayed')).to.equal(null)
      const again = await world.consumer.call(path, { body, headers })
      expect(again.json).to.deep.equal(first.json)
      expect(again.status).to.equal(first.status)
      expect(again.headers.get('idempotency-replayed')).to.equal('true')
      expect(again.headers.get('exchange-id')).not.to.equal(first.headers.get('exchange-id'))
      const other = await world.consumer.call(path, { body: { ...body, amountVnd: 1 }, headers })
      expect(other.json).to.include({ code: 'idempotency_key_reused', status: 422 })
    })

    it('run once where the same one arrives many times at once', async () => {
      const headers = { 'idempotency-key': randomUUID() }
      const body = sampleTaxpayer(8).submit
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => world.consumer.call(path, { body, headers })),
      )
      const numbers = new Set(
        answers.filter(({ status }) => status < 300).map(({ json }) => json['obligationNumber']),
      )
      expect(numbers.size).to.equal(1)
      const fresh = answers.filter(
        (answer) => answer.status < 300 && !answer.headers.get('idempotency-replayed'),
      )
      expect(fresh).to.have.length(1)
      for (const { status } of answers) expect([200, 201, 409]).to.include(status)
    })

    it('may be tried again with the same key where the provider could not be reached', async () => {
      const { tax } = world.sandbox.agencies
      const headers = { 'idempotency-key': randomUUID() }
      const body = sampleTaxpayer(9).submit
      await tax.break('down')
      expect((await world.consumer.call(path, { body, headers })).status).to.equal(503)
      await tax.heal()
      expect((await world.consumer.call(path, { body, headers })).status).to.be.within(200, 201)
    })

    it('keep no reply in clear in the database', async () => {
      const { rows } = await world.pool.query(
        "SELECT encode(sealed_body, 'escape') AS body FROM submission WHERE status IS NOT NULL",
      )
      expect(rows).not.to.have.length(0)
      for (const { body } of rows) expect(body).not.to.include('obligationNumber')
    })
  })

  it('writes no identifier into log or metrics', async () => {
    const { personalId, fullName } = person.verify
    const metrics = await (await fetch(`${world.gateway.managementUrl}/metrics`)).text()
    for (const text of [world.log(), metrics]) {
      for (const canary of [personalId, fullName, 'H29.12-261122', 'cb-017'])
        expect(text).not.to.include(canary)
    }
    expect(world.log()).to.include('"event.action":"gateway_started"')
  })
})

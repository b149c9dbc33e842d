import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import * as oauth from 'oauth4webapi'
import { parse } from 'yaml'
import { subjectTag } from '../../src/identity/consent.ts'
import { type ConsentContent, signConsent } from '../../src/identity/holder.ts'
import { createSigningKey, type SigningKey } from '../../src/identity/signing-key.ts'
import { runCli } from '../support/cli.ts'
import { createParty, type Party } from '../support/event-world.ts'
import { type Answer, type GatewayWorld, startWorld } from '../support/gateway-world.ts'
import { createTestFolder } from '../support/postgres.ts'
import { rebound } from '../support/rebound.ts'

const SERVICE = 'G18/so-suc-khoe/so/v1'
const ISSUER = 'G01/vneid'
const PERSON = '099188010001'
const ALL = ['/fullName', '/bloodGroup', '/allergies', '/dataAsOf']
const DAY_SECONDS = 86_400
const CONTRACT = join(import.meta.dirname, '../../schemas/services/G18/so-suc-khoe/so.v1.yaml')
const BOOK = parse(readFileSync(CONTRACT, 'utf8')).components.examples.LookUpHealthBookAnswer.value

describe('an exchange under consent', () => {
  let world: GatewayWorld
  let issuer: Party
  let key: SigningKey
  let strangerKey: SigningKey
  let provider: Server
  let held: Promise<void> | undefined
  let onAsked: (() => void) | undefined

  before(async () => {
    const make = async () => {
      const pair = await oauth.generateKeyPair('ES256', { extractable: true })
      const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
      return { pair, key: createSigningKey({ ...jwk, kid: 'main', alg: 'ES256' }) }
    }
    const [own, strange] = await Promise.all([make(), make()])
    ;[key, strangerKey] = [own.key, strange.key]
    issuer = await createParty(ISSUER, () => world.gateway.publicUrl, own.pair)
    const stranger = await createParty('G03/hoc-ba', () => world.gateway.publicUrl, strange.pair)
    provider = createServer((request, response) => {
      request.resume().on('end', async () => {
        onAsked?.()
        await held
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(BOOK))
      })
    })
    provider.listen(0, '127.0.0.1')
    await once(provider, 'listening')
    const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    world = await startWorld({
      change: (documents) => {
        const services = documents.services.map((service) =>
          service.id === SERVICE ? rebound(service, { baseUrl }) : service,
        )
        return stranger.register(issuer.register({ ...documents, services }))
      },
    })
  })
  after(async () => {
    await world?.close()
    provider?.closeAllConnections()
    provider?.close()
  })

  const newId = () => randomBytes(18).toString('base64url')

  function consentOf(change: Partial<ConsentContent> = {}, signer = key): Promise<string> {
    return signConsent(signer, {
      issuer: ISSUER,
      audience: world.gateway.publicUrl,
      id: newId(),
      subject: PERSON,
      salt: randomBytes(16),
      consumer: 'H29/mot-cua',
      service: SERVICE,
      purposes: ['giai-quyet-thu-tuc-hanh-chinh'],
      fields: ALL,
      nowMs: Date.now(),
      lifetimeSeconds: 30 * DAY_SECONDS,
      ...change,
    })
  }

  function ask(consent: string | undefined, headers: Record<string, string> = {}): Promise<Answer> {
    return world.consumer.call(`${SERVICE}/tra-cuu`, {
      body: { personalId: PERSON },
      headers: { ...headers, ...(consent !== undefined && { 'exchange-consent': consent }) },
    })
  }

  const withdraw = (id: string, party = issuer) => party.send('POST', '/consents/withdraw', { consent: id })
  const codeOf = ({ status, json }: Answer) => [status, json['code']]

  it('answers with what the person agreed to, and records the consent by its id', async () => {
    const id = newId()
    const { status, json } = await ask(await consentOf({ id }))
    expect(status, JSON.stringify(json)).to.equal(200)
    expect(json).to.have.all.keys('fullName', 'bloodGroup', 'allergies', 'dataAsOf')
    const record = (await world.records()).at(-1)
    expect(record).to.deep.include({ consent: { id, issuer: ISSUER }, outcome: 'delivered' })
  })

  it('narrows the answer to a narrower consent, and refuses what is asked for beyond it', async () => {
    const consent = await consentOf({ fields: ['/bloodGroup', '/personalId'] })
    const { status, json } = await ask(consent)
    expect([status, json]).to.deep.equal([200, { bloodGroup: json['bloodGroup'] }])
    expect((await world.records()).at(-1)?.['fields']).to.deep.equal(['/bloodGroup'])
    expect(codeOf(await ask(consent, { 'exchange-fields': '/fullName' }))).to.deep.equal([
      403,
      'consent_mismatch',
    ])
  })

  it('does not get from a consent what the agreement does not open', async () => {
    const consent = await consentOf({ fields: [...ALL, '/visits'] })
    expect((await ask(consent)).json).not.to.have.property('visits')
    expect(codeOf(await ask(consent, { 'exchange-fields': '/visits' }))).to.deep.equal([
      403,
      'field_not_agreed',
    ])
  })

  it('needs none for a duty of the state', async () => {
    const { status } = await world.consumer.call('G01/dan-cu/cong-dan/v1/tra-cuu', {
      body: { personalId: PERSON },
    })
    expect(status).to.equal(200)
  })

  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  /** Changes the header and leaves the rest as it was signed. */
  const withHeader = (artefact: string, header: object) =>
    [encode(header), ...artefact.split('.').slice(1)].join('.')

  const ATTACKS: readonly (readonly [string, string, () => Promise<string | undefined>])[] = [
    ['without any consent', 'consent_required', async () => undefined],
    ['of another person', 'consent_mismatch', () => consentOf({ subject: '099188010002' })],
    ['given to another consumer', 'consent_mismatch', () => consentOf({ consumer: 'H26/mot-cua' })],
    ['for another service', 'consent_mismatch', () => consentOf({ service: 'G01/dan-cu/cong-dan/v1' })],
    ['for another purpose', 'consent_mismatch', () => consentOf({ purposes: ['nghien-cuu'] })],
    [
      'that has expired',
      'consent_expired',
      () => consentOf({ nowMs: Date.now() - 2 * DAY_SECONDS * 1000, lifetimeSeconds: DAY_SECONDS }),
    ],
    ['that is not valid yet', 'consent_expired', () => consentOf({ nowMs: Date.now() + 60_000 })],
    [
      'older than the agreement takes',
      'consent_expired',
      () => consentOf({ nowMs: Date.now() - 91 * DAY_SECONDS * 1000, lifetimeSeconds: 200 * DAY_SECONDS }),
    ],
    [
      'that is to last longer than any may',
      'consent_invalid',
      () => consentOf({ lifetimeSeconds: 400 * DAY_SECONDS }),
    ],
    ['for another gateway', 'consent_invalid', () => consentOf({ audience: 'https://gateway.test' })],
    ['of an issuer nobody knows', 'consent_invalid', () => consentOf({ issuer: 'G99/la' })],
    [
      'of an issuer the agreement does not name',
      'consent_invalid',
      () => consentOf({ issuer: 'G03/hoc-ba' }, strangerKey),
    ],
    ['signed with a key of somebody else', 'consent_invalid', () => consentOf({}, strangerKey)],
    [
      'with alg none',
      'consent_invalid',
      async () => withHeader(await consentOf(), { alg: 'none', typ: 'consent+jwt', kid: 'main' }),
    ],
    [
      'with the public key as a shared secret',
      'consent_invalid',
      async () => withHeader(await consentOf(), { alg: 'HS256', typ: 'consent+jwt', kid: 'main' }),
    ],
    [
      'that is another kind of JWT',
      'consent_invalid',
      async () => withHeader(await consentOf(), { alg: 'ES256', typ: 'at+jwt', kid: 'main' }),
    ],
    [
      'whose key is sent along',
      'consent_invalid',
      async () =>
        withHeader(await consentOf(), { alg: 'ES256', typ: 'consent+jwt', kid: 'main', jwk: key.publicJwk }),
    ],
    [
      'changed after it was signed',
      'consent_invalid',
      async () => {
        const [header, claims = '', signature] = (await consentOf()).split('.')
        const said = JSON.parse(Buffer.from(claims, 'base64url').toString())
        return [header, encode({ ...said, fields: ['/fullName', '/visits'] }), signature].join('.')
      },
    ],
    ['without fields', 'consent_invalid', () => consentOf({ fields: [] })],
    ['with an id that could be guessed', 'consent_invalid', () => consentOf({ id: 'consent-1' })],
    [
      'replayed after its withdrawal',
      'consent_withdrawn',
      async () => {
        const id = newId()
        const consent = await consentOf({ id })
        expect((await ask(consent)).status).to.equal(200)
        expect((await withdraw(id)).status).to.equal(200)
        return consent
      },
    ],
    [
      'withdrawn before it was ever used',
      'consent_withdrawn',
      async () => {
        const id = newId()
        await withdraw(id)
        return consentOf({ id })
      },
    ],
  ]
  for (const [name, code, make] of ATTACKS) {
    it(`is refused with a consent ${name}`, async () => {
      expect(codeOf(await ask(await make()))).to.deep.equal([403, code])
      expect((await world.records()).at(-1)).to.deep.include({ outcome: 'refused', code })
    })
  }

  it('refuses a consent too long for a header field, and one that is no JWS', async () => {
    expect(codeOf(await ask('a'.repeat(4097)))).to.deep.equal([400, 'request_malformed'])
    expect(codeOf(await ask('a b'))).to.deep.equal([400, 'request_malformed'])
    expect(codeOf(await ask('abc'))).to.deep.equal([403, 'consent_invalid'])
  })

  it('lets an issuer withdraw its own consents only, and nobody else any', async () => {
    const id = newId()
    const consent = await consentOf({ id })
    const stranger = await createParty('H29/mot-cua', () => world.gateway.publicUrl, world.keys)
    const refused = await withdraw(id, stranger)
    expect([refused.status, refused.json['code']]).to.deep.equal([403, 'consent_issuer_unknown'])
    expect((await ask(consent)).status).to.equal(200)
  })

  it('records a withdrawal, and answers a repeated one the same', async () => {
    const id = newId()
    const { status, json, headers } = await withdraw(id)
    expect([status, json['consent']]).to.deep.equal([200, id])
    expect(headers.get('exchange-receipt')).to.be.a('string')
    expect((await world.records()).at(-1)).to.deep.include({
      service: 'consent',
      operation: 'withdraw',
      consumer: ISSUER,
      outcome: 'delivered',
      consent: { id, issuer: ISSUER },
    })
    expect((await withdraw(id)).status).to.equal(200)
    for (const wrong of [{ id }, { consent: 'consent-1' }, { consent: id, more: 1 }, {}, [id], null]) {
      const { json: told } = await issuer.send('POST', '/consents/withdraw', wrong)
      expect(told['code'], JSON.stringify(wrong)).to.equal('request_invalid')
    }
  })

  it('is made of the claims that docs/integrators.md shows', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/integrators.md'), 'utf8')
    const [, block = ''] = page.split('<!-- a consent issued by G01/vneid -->\n```json\n')
    const { sub, salt, aud: _, jti, iat, exp, iss, ...rest } = JSON.parse(block.split('```')[0] ?? '')
    const bytes = Buffer.from(salt, 'base64url')
    expect(sub).to.equal(subjectTag(PERSON, bytes))
    const known = { ...rest, issuer: iss, id: jti, salt: bytes, lifetimeSeconds: exp - iat }
    const { status, json } = await ask(await consentOf(known))
    expect([status, Object.keys(json)]).to.deep.equal([200, ['fullName', 'bloodGroup']])
  })

  it('goes with a call from the command line', async () => {
    const folder = await createTestFolder()
    const jwk = await crypto.subtle.exportKey('jwk', world.keys.privateKey)
    const own = { ...jwk, kid: 'main', alg: 'ES256' }
    await writeFile(join(folder, 'mot-cua.jwk'), JSON.stringify(own), { mode: 0o600 })
    await writeFile(join(folder, 'dong-y.jwt'), `${await consentOf()}\n`)
    const words = [
      'call',
      SERVICE,
      '/tra-cuu',
      `personalId=${PERSON}`,
      '--purpose',
      'giai-quyet-thu-tuc-hanh-chinh',
    ]
    const who = ['--consumer', 'H29/mot-cua', '--key', 'mot-cua.jwk', '--gateway', world.gateway.publicUrl]
    const run = (...more: string[]) =>
      runCli([...words, ...who, ...more], { workingDirectory: folder, newId: randomUUID })
    expect((await run()).err).to.include('consent_required')
    const { exit, out, err } = await run('--consent', 'dong-y.jwt', '--sign')
    expect(exit, err).to.equal(0)
    expect(out).to.include(BOOK.fullName)
  })

  it('releases nothing under a consent withdrawn while its provider was asked', async () => {
    const id = newId()
    const asked = Promise.withResolvers<void>()
    const answers = Promise.withResolvers<void>()
    ;[onAsked, held] = [asked.resolve, answers.promise]
    const reply = consentOf({ id }).then((consent) => ask(consent))
    await asked.promise
    expect((await withdraw(id)).status).to.equal(200)
    answers.resolve()
    expect(codeOf(await reply)).to.deep.equal([403, 'consent_withdrawn'])
    ;[onAsked, held] = [undefined, undefined]
  })

  it('writes nothing of the consent but its id and issuer', async () => {
    const consent = await consentOf()
    await ask(consent)
    const { rows } = await world.pool.query(
      "SELECT string_agg(encode(leaf, 'escape'), '') AS text FROM exchange_record",
    )
    const said = JSON.parse(Buffer.from(consent.split('.')[1] ?? '', 'base64url').toString())
    for (const place of [String(rows[0].text), world.log()]) {
      expect(place).not.to.include(said.sub)
      expect(place).not.to.include(said.salt)
      expect(place).not.to.include(consent)
    }
  })
})

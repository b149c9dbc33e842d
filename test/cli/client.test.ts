import { expect } from 'chai'
import type { JWK } from 'jose'
import {
  type ConsumerClient,
  type ConsumerClientOptions,
  createConsumerClient,
} from '../../src/cli/client.ts'
import { retryAfterSeconds } from '../../src/cli/consumer-reply.ts'
import { CliFault } from '../../src/cli/fault.ts'
import { generatePrivateJwk, toPublicJwk } from '../../src/identity/signing-key.ts'
import { asGatewayError } from '../../src/model/errors.ts'
import type { PublicJwk } from '../../src/model/party.ts'
import {
  CONSUMER,
  createIdentityWorld,
  type IdentityWorld,
  START_MS,
  subsystem,
  TRUSTING,
} from '../support/identity-world.ts'
import { nock, useNock } from '../support/nock.ts'

const GATEWAY = 'https://gateway.test'
const SERVICE = 'G01/dan-cu/cong-dan/v1'
const ADDRESS = `/exchange/${SERVICE}/xac-thuc`
const REQUEST = {
  service: SERVICE,
  path: '/xac-thuc',
  body: { personalId: '099090000017' },
  purpose: 'xac-minh',
}
const JSON_TYPE = { 'content-type': 'application/json' }
const METADATA = { issuer: GATEWAY, token_endpoint: `${GATEWAY}/oauth/token` }

describe('the consumer client', () => {
  useNock()

  let world: IdentityWorld
  let jwk: JWK
  let ids = 0

  function client(options: Partial<ConsumerClientOptions> = {}): ConsumerClient {
    return createConsumerClient({
      gatewayUrl: GATEWAY,
      clientId: CONSUMER,
      privateJwk: jwk,
      language: 'en',
      now: () => world.clock.nowMs,
      newId: () => {
        ids += 1
        return `an-id-of-its-own-${ids}`
      },
      ...options,
    })
  }

  function serveMetadata(document: unknown = METADATA) {
    nock(GATEWAY)
      .get('/.well-known/oauth-authorization-server')
      .reply(200, document as object)
  }

  /** The token endpoint as the gateway's own identity answers it. */
  function serveToken(times = 1) {
    nock(GATEWAY)
      .post('/oauth/token')
      .times(times)
      .reply(async (request: Request) => {
        const parameters = new Map(new URLSearchParams(await request.text()))
        const nonce = world.identity.nonces?.issue()
        const headers = { ...JSON_TYPE, ...(nonce !== undefined && { 'dpop-nonce': nonce }) }
        try {
          const granted = await world.identity.grantToken({
            parameters,
            authorization: request.headers.get('authorization') ?? undefined,
            dpop: request.headers.get('dpop') ?? undefined,
            certificateThumbprint: undefined,
          })
          return [200, granted, headers]
        } catch (thrown) {
          const { code, entry } = asGatewayError(thrown)
          return [entry.oauth === 'invalid_client' ? 401 : 400, { error: entry.oauth, code }, headers]
        }
      })
  }

  /** The exchange address: its credentials are judged by the gateway's own identity. */
  function serveExchange(reply: nock.ReplyFnResult, seen: Record<string, string>[] = []) {
    nock(GATEWAY)
      .post(ADDRESS)
      .reply(async (request: Request) => {
        const headers = Object.fromEntries(request.headers)
        seen.push(headers)
        await world.identity.authenticate({
          method: 'POST',
          url: `${GATEWAY}${ADDRESS}`,
          authorization: headers['authorization'] ?? '',
          ...(headers['dpop'] !== undefined && { dpop: headers['dpop'] }),
        })
        return reply
      })
  }

  async function faultOf(promise: Promise<unknown>): Promise<CliFault> {
    const thrown = await promise.then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(thrown).to.be.instanceOf(CliFault)
    return thrown as CliFault
  }

  async function openWorld(nonceSecret?: Uint8Array) {
    world = await createIdentityWorld({ issuer: GATEWAY, ...(nonceSecret && { nonceSecret }) })
    const jwks = [toPublicJwk(jwk) as PublicJwk]
    world.subsystems.set(CONSUMER, subsystem(CONSUMER, { credentials: { jwks } }))
  }

  before(async () => {
    jwk = await generatePrivateJwk('ES256')
  })

  beforeEach(async () => {
    nock.disableNetConnect()
    await openWorld()
  })

  afterEach(() => {
    expect(nock.pendingMocks()).to.deep.equal([])
    nock.cleanAll()
    nock.enableNetConnect()
  })

  it('takes no answer to a signed request that the gateway did not sign for it', async () => {
    serveMetadata()
    serveToken()
    const signing = client()
    const forged = { ...JSON_TYPE, signature: 'gateway=:AAAA:', 'signature-input': 'gateway=();keyid="k"' }
    for (const headers of [JSON_TYPE, forged]) {
      serveExchange([200, { matched: true }, headers])
      nock(GATEWAY)
        .get('/oauth/jwks')
        .reply(200, { keys: [world.issuerKey.publicJwk] })
      const { code, exit } = await faultOf(signing.call({ ...REQUEST, sign: true }))
      expect([code, exit]).to.deep.equal(['answer_signature_invalid', 1])
    }
  })

  it('tells the problem where a signed request is refused, though problems are not signed', async () => {
    serveMetadata()
    serveToken()
    const problem = { code: 'signature_invalid' }
    serveExchange([400, problem, { 'content-type': 'application/problem+json' }])
    const answer = await client().call({ ...REQUEST, sign: true })
    expect(answer).to.deep.include({ status: 400, body: problem })
    expect(answer).not.to.have.property('evidence')
  })

  it('gets a token the gateway grants and makes a request it authenticates', async () => {
    serveMetadata()
    serveToken()
    const seen: Record<string, string>[] = []
    serveExchange([200, { matched: true }, { ...JSON_TYPE, 'exchange-id': 'x' }], seen)
    const answer = await client().call({
      ...REQUEST,
      dossier: 'H29-1',
      procedure: '1.004222',
      officer: 'cb-1',
      fields: ['/fullName', '/sex'],
      idempotencyKey: 'key-1',
    })
    expect(answer).to.deep.include({ status: 200, body: { matched: true } })
    expect(answer.headers['exchange-id']).to.equal('x')
    expect(answer.ms).to.be.at.least(0)
    expect(seen[0]).to.include({
      'content-type': 'application/json',
      'accept-language': 'en',
      'exchange-purpose': 'xac-minh',
      'exchange-dossier': 'H29-1',
      'exchange-procedure': '1.004222',
      'exchange-officer': 'cb-1',
      'exchange-fields': '/fullName, /sex',
      'idempotency-key': 'key-1',
    })
  })

  it('keeps a token until shortly before its end, and proves each request anew', async () => {
    serveMetadata()
    serveToken()
    const seen: Record<string, string>[] = []
    serveExchange([200, {}], seen)
    serveExchange([200, {}], seen)
    const consumer = client()
    await consumer.call(REQUEST)
    world.clock.nowMs = START_MS + 239_000
    await consumer.call(REQUEST)
    expect(seen[1]?.['authorization']).to.equal(seen[0]?.['authorization'])
    expect(seen[1]?.['dpop']).not.to.equal(seen[0]?.['dpop'])
    serveToken()
    serveExchange([200, {}], seen)
    world.clock.nowMs = START_MS + 241_000
    await consumer.call(REQUEST)
    expect(seen[2]?.['authorization']).not.to.equal(seen[0]?.['authorization'])
  })

  it('asks once where several want a token at the same time', async () => {
    serveMetadata()
    serveToken(1)
    const consumer = client()
    const [one, other] = await Promise.all([consumer.token(), consumer.token()])
    expect(one.accessToken).to.equal(other.accessToken)
    expect(one).to.include({ type: 'DPoP', expiresAtMs: START_MS + 300_000 })
  })

  it('takes up the nonce the gateway asks for, at the token endpoint and at the resource', async () => {
    await openWorld(Buffer.alloc(32, 7))
    serveMetadata()
    serveToken(2)
    nock(GATEWAY)
      .post(ADDRESS)
      .reply(401, '', { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'another' })
    const seen: Record<string, string>[] = []
    nock(GATEWAY)
      .post(ADDRESS)
      .reply((request: Request) => {
        seen.push(Object.fromEntries(request.headers))
        return [200, {}]
      })
    expect((await client().call(REQUEST)).status).to.equal(200)
    const [, payload = ''] = seen[0]?.['dpop']?.split('.') ?? []
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).to.include({ nonce: 'another' })
  })

  it('asks for a nonce once, not for ever', async () => {
    serveMetadata()
    nock(GATEWAY)
      .post('/oauth/token')
      .times(2)
      .reply(
        400,
        { error: 'use_dpop_nonce', code: 'dpop_nonce_required' },
        { ...JSON_TYPE, 'dpop-nonce': 'n' },
      )
    expect(await faultOf(client().token())).to.include({ code: 'dpop_nonce_required', exit: 1 })
  })

  it('gets another token where the gateway no longer takes the one it has', async () => {
    serveMetadata()
    serveToken(2)
    nock(GATEWAY)
      .post(ADDRESS)
      .reply(401, '{}', { 'www-authenticate': 'DPoP error="invalid_token", algs="ES256"' })
    serveExchange([200, { fresh: true }, JSON_TYPE])
    const consumer = client()
    expect((await consumer.call(REQUEST)).body).to.deep.equal({ fresh: true })
  })

  it('gives a refused token twice back as the answer', async () => {
    serveMetadata()
    serveToken(2)
    const challenge = { 'www-authenticate': 'DPoP error="invalid_token", algs="ES256"' }
    nock(GATEWAY).post(ADDRESS).times(2).reply(401, '', challenge)
    expect((await client().call(REQUEST)).status).to.equal(401)
  })

  it('hands problem documents on as answers, with when to come again', async () => {
    serveMetadata()
    serveToken()
    const problem = { status: 429, code: 'quota_exceeded', title: 'x' }
    nock(GATEWAY)
      .post(ADDRESS)
      .reply(429, problem, { 'content-type': 'application/problem+json', 'retry-after': '17' })
    const answer = await client().call(REQUEST)
    expect(answer.body).to.deep.equal(problem)
    expect(retryAfterSeconds(answer.headers, START_MS)).to.equal(17)
  })

  it('reads Retry-After as seconds or as a date, and nothing else', () => {
    const nowMs = Date.parse('2026-11-22T03:00:00Z')
    const cases: [string | undefined, number | undefined][] = [
      ['0', 0],
      ['Sun, 22 Nov 2026 03:00:30 GMT', 30],
      ['Sun, 22 Nov 2026 02:00:00 GMT', 0],
      ['soon', undefined],
      ['-1e9999', undefined],
      [undefined, undefined],
    ]
    for (const [value, seconds] of cases) {
      const headers = value === undefined ? {} : { 'retry-after': value }
      expect(retryAfterSeconds(headers, nowMs), value).to.equal(seconds)
    }
  })

  it('says whose side it is where no token is given', async () => {
    serveMetadata()
    serveToken()
    const unknown = await faultOf(client({ clientId: 'H99/khong-co' }).token())
    expect(unknown).to.include({ code: 'client_invalid', exit: 1 })
    expect(unknown.particulars).to.include({ side: 'consumer' })
    expect(unknown.particulars.fix?.en).to.include('--key')
    serveMetadata()
    nock(GATEWAY)
      .post('/oauth/token')
      .reply(
        503,
        { error: 'temporarily_unavailable', code: 'ledger_unavailable' },
        { ...JSON_TYPE, 'retry-after': '5' },
      )
    const away = await faultOf(client().token())
    expect(away).to.include({ code: 'ledger_unavailable', exit: 5 })
    expect(away.particulars).to.include({ side: 'gateway', retryAfterSeconds: 5 })
  })

  it('tries anew after a failure: neither the failure nor half a state is kept', async () => {
    nock(GATEWAY).get('/.well-known/oauth-authorization-server').reply(503)
    const consumer = client()
    expect(await faultOf(consumer.token())).to.include({ code: 'gateway_unknown' })
    serveMetadata()
    serveToken()
    expect((await consumer.token()).type).to.equal('DPoP')
  })

  it('uses a bearer token only where asked to', async () => {
    const jwks = [toPublicJwk(jwk) as PublicJwk]
    world = await createIdentityWorld({ issuer: GATEWAY, sandbox: true })
    world.subsystems.set(
      TRUSTING,
      subsystem(TRUSTING, { credentials: { jwks }, sandbox: { bearerTokens: true } }),
    )
    serveMetadata()
    serveToken()
    const seen: Record<string, string>[] = []
    serveExchange([200, {}], seen)
    await client({ clientId: TRUSTING, binding: 'bearer' }).call(REQUEST)
    expect(seen[0]?.['authorization']).to.match(/^Bearer /)
    expect(seen[0]).not.to.have.property('dpop')
  })

  it('sends nothing where the gateway calls itself something else, or its endpoint is elsewhere', async () => {
    serveMetadata({ ...METADATA, issuer: 'https://other.test' })
    const other = await faultOf(client().call(REQUEST))
    expect(other).to.include({ code: 'gateway_unknown', exit: 1 })
    expect(other.particulars.detail?.en).to.include('use --gateway https://other.test')
    serveMetadata({ ...METADATA, token_endpoint: 'https://gateway.test.evil.test/oauth/token' })
    expect(await faultOf(client().call(REQUEST))).to.include({ code: 'gateway_unknown' })
    nock(GATEWAY)
      .get('/.well-known/oauth-authorization-server')
      .reply(200, 'a page', { 'content-type': 'text/html' })
    expect(await faultOf(client().call(REQUEST))).to.include({ code: 'gateway_unknown' })
  })

  it('follows no redirect with its credentials', async () => {
    serveMetadata()
    serveToken()
    nock(GATEWAY).post(ADDRESS).reply(307, '', { location: 'https://elsewhere.test/' })
    expect((await client().call(REQUEST)).status).to.equal(307)
  })

  it('tells a gateway that is down or slow from one that answers rubbish', async () => {
    const cases: [string, string, number][] = [
      ['ECONNREFUSED', 'gateway_unreachable', 5],
      ['ENOTFOUND', 'gateway_unreachable', 5],
      ['ETIMEDOUT', 'gateway_timeout', 5],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', 'gateway_tls', 5],
      ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'gateway_tls', 5],
      ['HPE_INVALID_CONSTANT', 'answer_unreadable', 1],
    ]
    for (const [system, code, exit] of cases) {
      nock(GATEWAY)
        .get('/.well-known/oauth-authorization-server')
        .replyWithError(Object.assign(new Error('x'), { code: system }))
      expect(await faultOf(client().token()), system).to.include({ code, exit })
    }
    serveMetadata()
    serveToken()
    nock(GATEWAY).post(ADDRESS).reply(200, 'x'.repeat(5000))
    const large = client({ maxAnswerBytes: 4096 })
    expect(await faultOf(large.call(REQUEST))).to.include({ code: 'answer_unreadable', exit: 1 })
  })

  it('gives up at its own limit and at once when the operator stops it', async () => {
    nock(GATEWAY).get('/.well-known/oauth-authorization-server').delay(600_000).reply(200)
    const late = await faultOf(client({ timeoutMs: 1 }).token())
    expect(late).to.include({ code: 'gateway_timeout', exit: 5 })
    const stop = new AbortController()
    stop.abort('SIGINT')
    nock.abortPendingRequests()
    const stopped = await faultOf(client({ signal: stop.signal }).token())
    expect(stopped).to.include({ code: 'interrupted', exit: 130 })
  })

  it('sends no header with a control character and no path that a parser would rewrite', async () => {
    serveMetadata()
    serveToken()
    const consumer = client()
    const injected = { ...REQUEST, dossier: 'H29\r\nexchange-officer: x' }
    expect(await faultOf(consumer.call(injected))).to.include({ code: 'header_malformed', exit: 2 })
    for (const path of ['xac-thuc', '/a/../../../oauth/token', '/a b', '/a\\b', '/a#b', '/%2e%2e/x']) {
      expect(await faultOf(consumer.call({ ...REQUEST, path })), path).to.include({ code: 'usage', exit: 2 })
    }
    for (const service of ['G01/dan-cu', 'G01/dan-cu/cong-dan/v1/x', '../G01/dan-cu/v1', '']) {
      expect(await faultOf(consumer.call({ ...REQUEST, service })), service).to.include({ code: 'usage' })
    }
  })

  it('refuses a key that is none, without telling a part of it', () => {
    const { d: _d, ...publicHalf } = jwk
    expect(() => client({ privateJwk: publicHalf })).to.throw(/private half is missing/)
  })
})

import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { signAssertion, signProof } from '../../src/identity/holder.ts'
import { createSigningKey, type SigningKey } from '../../src/identity/signing-key.ts'
import { samplePerson } from '../../src/sandbox/samples.ts'
import { type GatewayWorld, startWorld } from '../support/gateway-world.ts'

const PATH = '/exchange/G01/dan-cu/cong-dan/v1/tra-cuu'
const BODY = JSON.stringify(samplePerson(17).lookUp)

/** One request by hand; what is not said is as in a good one. */
interface Attempt {
  readonly start?: string
  readonly authorization?: string
  readonly dpop?: string
  readonly fields?: readonly string[]
  readonly body?: string
}

interface Tools {
  readonly token: string
  readonly url: string
  readonly issuer: string
  readonly key: SigningKey
  /** A good proof for `token`, with these changes. */
  proof(change?: { url?: string; method?: string; accessToken?: string; ageMs?: number }): Promise<string>
}

type Family = readonly [name: string, status: number, make: (tools: Tools) => Attempt | Promise<Attempt>]

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const partOf = (token: string, place: number) => token.split('.')[place] ?? ''

/** The token with its header changed, signed by nobody or as `sign` says. */
function altered(token: string, change: object, sign: (signed: string) => string = () => partOf(token, 2)) {
  const header = { ...JSON.parse(Buffer.from(partOf(token, 0), 'base64url').toString()), ...change }
  const signed = `${encode(header)}.${partOf(token, 1)}`
  return `${signed}.${sign(signed)}`
}

const asToken =
  (make: (tools: Tools) => string): Family[2] =>
  async (tools) => ({
    authorization: `DPoP ${make(tools)}`,
    dpop: await tools.proof(),
  })
const asProof =
  (change: Parameters<Tools['proof']>[0]): Family[2] =>
  async (tools) => ({
    dpop: await tools.proof(change),
  })
/** A form posted to the token endpoint. */
const asForm =
  (make: (tools: Tools) => Promise<string>): Family[2] =>
  async (tools) => ({
    start: 'POST /oauth/token HTTP/1.1',
    authorization: '',
    fields: ['Content-Type: application/x-www-form-urlencoded'],
    dpop: await tools.proof({ url: `${tools.issuer}/oauth/token` }),
    body: `grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=${await make(tools)}`,
  })
const CLIENT = 'H29/mot-cua'

const FAMILIES: readonly Family[] = [
  ['a request that two readers split differently', 400, () => ({ fields: ['Transfer-Encoding: chunked'] })],
  ['a second Authorization', 400, ({ token }) => ({ fields: [`Authorization: DPoP ${token}`] })],
  ['a foreign Host', 400, () => ({ fields: ['Host: elsewhere.test'] })],
  ['an escaped dot segment', 400, () => ({ start: `POST ${PATH}/%2e%2e/xac-thuc HTTP/1.1` })],
  ['TRACE', 405, () => ({ start: `TRACE ${PATH} HTTP/1.1` })],
  ['no token', 401, async ({ proof }) => ({ authorization: '', dpop: await proof() })],
  ['alg none', 401, asToken(({ token }) => altered(token, { alg: 'none' }, () => ''))],
  [
    'the public key as an HMAC secret',
    401,
    asToken(({ token, key }) =>
      altered(token, { alg: 'HS256' }, (signed) =>
        createHmac('sha256', JSON.stringify(key.publicJwk)).update(signed).digest('base64url'),
      ),
    ),
  ],
  ['the psychic signature', 401, asToken(({ token }) => altered(token, {}, () => 'A'.repeat(86)))],
  ['an embedded key', 401, asToken(({ token, key }) => altered(token, { jwk: key.publicJwk }))],
  ['crit with b64', 401, asToken(({ token }) => altered(token, { crit: ['b64'], b64: false }))],
  ['zip', 401, asToken(({ token }) => altered(token, { zip: 'DEF' }))],
  [
    'a PBES2 bomb',
    401,
    asToken(({ token }) => altered(token, { alg: 'PBES2-HS256+A128KW', p2c: 2_147_483_647 })),
  ],
  ['a JWE', 401, asToken(({ token }) => `${token}.AAAA.AAAA`)],
  ['a kid that is a path', 401, asToken(({ token }) => altered(token, { kid: '../../etc/passwd' }))],
  ['padding', 401, asToken(({ token }) => `${token}==`)],
  ['another typ', 401, asToken(({ token }) => altered(token, { typ: 'dpop+jwt' }))],
  ['a token without its proof', 401, () => ({ dpop: '' })],
  [
    'a token as Bearer',
    401,
    async ({ token, proof }) => ({ authorization: `Bearer ${token}`, dpop: await proof() }),
  ],
  ['a proof for another address', 401, asProof({ url: 'https://elsewhere.test/exchange' })],
  ['a proof for another method', 401, asProof({ method: 'GET' })],
  ['a proof for another token', 401, asProof({ accessToken: 'a.b.c' })],
  ['a proof of two minutes ago', 401, asProof({ ageMs: 120_000 })],
  [
    'an assertion in the place of a token',
    401,
    async (tools) => ({
      authorization: `DPoP ${await signAssertion(tools.key, { clientId: CLIENT, issuer: tools.issuer, nowMs: Date.now(), jti: randomUUID() })}`,
      dpop: await tools.proof(),
    }),
  ],
  ['a token in the place of an assertion', 401, asForm(async ({ token }) => token)],
  [
    'an assertion for another issuer',
    401,
    asForm(({ key }) =>
      signAssertion(key, {
        clientId: CLIENT,
        issuer: 'https://elsewhere.test',
        nowMs: Date.now(),
        jti: randomUUID(),
      }),
    ),
  ],
  [
    'an assertion in the name of another',
    401,
    asForm(({ key, issuer }) =>
      signAssertion(key, { clientId: 'G12/thue', issuer, nowMs: Date.now(), jti: randomUUID() }),
    ),
  ],
]

describe('attacks through the whole gateway', () => {
  let world: GatewayWorld
  let tools: Tools
  before(async () => {
    world = await startWorld()
    const jwk = await crypto.subtle.exportKey('jwk', world.keys.privateKey)
    const key = createSigningKey({ ...jwk, kid: 'main', alg: 'ES256' })
    const issuer = world.gateway.publicUrl
    const url = issuer + PATH
    const token = await world.consumer.dpopToken()
    tools = {
      token,
      url,
      issuer,
      key,
      proof: ({ ageMs = 0, ...change } = {}) =>
        signProof(key, {
          method: 'POST',
          url,
          accessToken: token,
          nowMs: Date.now() - ageMs,
          jti: randomUUID(),
          ...change,
        }),
    }
  })
  after(() => world.close())

  async function send(attempt: Attempt): Promise<number> {
    const { hostname, port, host } = new URL(tools.issuer)
    const { start = `POST ${PATH} HTTP/1.1`, fields = [], body = BODY } = attempt
    const { authorization = `DPoP ${tools.token}`, dpop = '' } = attempt
    const hasType = fields.some((field) => field.startsWith('Content-Type'))
    const lines = [
      start,
      `Host: ${host}`,
      'Connection: close',
      'Exchange-Purpose: giai-quyet-thu-tuc-hanh-chinh',
      'Exchange-Dossier: H29.12-261122-0007',
      'Exchange-Officer: cb-017',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(hasType ? [] : ['Content-Type: application/json']),
      ...(authorization === '' ? [] : [`Authorization: ${authorization}`]),
      ...(dpop === '' ? [] : [`DPoP: ${dpop}`]),
      ...fields,
    ]
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('error', () => {})
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
    await once(socket, 'close')
    return Number(answer.slice(9, 12))
  }

  /** Refusals and cut connections so far: what leaves no record has to be counted. */
  async function counted(): Promise<number> {
    const page = await (await fetch(`${world.gateway.managementUrl}/metrics`)).text()
    return page
      .split('\n')
      .filter((line) => /^lienthong_(?:refusals|connections_cut)_total\{/.test(line))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

  it('are made from a request that is answered', async () => {
    const before = (await world.records()).length
    expect(await send({ dpop: await tools.proof() })).to.equal(200)
    expect(await world.records()).to.have.length(before + 1)
  })

  for (const [name, status, make] of FAMILIES) {
    it(`are refused, counted once and leave no record: ${name}`, async () => {
      const [records, count] = [(await world.records()).length, await counted()]
      expect(await send(await make(tools))).to.equal(status)
      expect(await counted()).to.equal(count + 1)
      expect(await world.records()).to.have.length(records)
    })
  }

  it('are refused, counted once and leave no record: the same request a second time', async () => {
    const attempt = { dpop: await tools.proof() }
    expect(await send(attempt)).to.equal(200)
    const [records, count] = [(await world.records()).length, await counted()]
    expect(await send(attempt)).to.equal(401)
    expect(await counted()).to.equal(count + 1)
    expect(await world.records()).to.have.length(records)
  })
})

import { expect } from 'chai'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { ErrorCode } from '../../src/model/error-table.ts'
import { GatewayError } from '../../src/model/errors.ts'
import {
  assertionOf,
  CERTIFICATE,
  CONSUMER,
  createIdentityWorld,
  credentialsFor,
  type IdentityWorld,
  OTHER,
  proofFor,
  requestToken,
  START_MS,
  SUSPENDED,
  type TokenAsk,
  TRUSTING,
} from '../support/identity-world.ts'

const EXCHANGE = 'https://gateway.test/exchange'

async function refusalOf(run: () => Promise<unknown> | unknown): Promise<GatewayError> {
  try {
    await run()
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('not refused')
}

describe('the client_credentials grant', () => {
  let world: IdentityWorld
  before(async () => {
    world = await createIdentityWorld()
  })

  it('gives a token of RFC 9068 for five minutes, bound to the key of the proof', async () => {
    const answer = await requestToken(world)
    expect(answer).to.include({ token_type: 'DPoP', expires_in: 300 })
    expect(decodeProtectedHeader(answer.access_token)).to.deep.equal({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: world.issuerKey.kid,
    })
    const { jti, ...claims } = decodeJwt(answer.access_token)
    expect(jti).to.have.length.of.at.least(22)
    expect(claims).to.deep.equal({
      iss: 'https://gateway.test',
      sub: CONSUMER,
      client_id: CONSUMER,
      aud: EXCHANGE,
      iat: START_MS / 1000,
      exp: START_MS / 1000 + 300,
      client_key: world.key.verification.thumbprint,
      cnf: { jkt: world.dpopKey.verification.thumbprint },
    })
  })

  it('gives no two tokens alike', async () => {
    const ids = new Set<unknown>()
    for (let count = 0; count < 20; count += 1) ids.add(decodeJwt(await world.token()).jti)
    expect(ids.size).to.equal(20)
  })

  it('narrows a token to one resource, good there and nowhere else', async () => {
    const resource = `${EXCHANGE}/G01/dan-cu/cong-dan/v1`
    const { access_token } = await requestToken(world, { parameters: { resource } })
    expect(await world.identity.authenticate(await credentialsFor(world, access_token))).to.include({
      audience: resource,
    })
    const url = `${EXCHANGE}/G12/thue/nguoi-nop/v1/tra-cuu`
    const dpop = await proofFor(world, 'POST', url, { accessToken: access_token })
    const refusal = await refusalOf(() =>
      world.identity.authenticate({ authorization: `DPoP ${access_token}`, dpop, method: 'POST', url }),
    )
    expect(refusal.code).to.equal('credential_invalid')
  })

  it('binds a token to a registered certificate of the connection', async () => {
    const answer = await requestToken(world, { dpop: null, certificateThumbprint: CERTIFICATE })
    expect(answer.token_type).to.equal('Bearer')
    expect(decodeJwt(answer.access_token)['cnf']).to.deep.equal({ 'x5t#S256': CERTIFICATE })
  })

  it('binds to the proof where there are both', async () => {
    const answer = await requestToken(world, { certificateThumbprint: CERTIFICATE })
    expect(decodeJwt(answer.access_token)['cnf']).to.deep.equal({
      jkt: world.dpopKey.verification.thumbprint,
    })
  })

  it('authenticates a subsystem by its registered certificate alone', async () => {
    const answer = await requestToken(world, {
      assertion: null,
      dpop: null,
      certificateThumbprint: CERTIFICATE,
      parameters: { client_id: CONSUMER },
    })
    expect(decodeJwt(answer.access_token)).to.include({ sub: CONSUMER })
  })

  it('gives a bearer token only to a trusting subsystem of a sandbox', async () => {
    const sandbox = await createIdentityWorld({ sandbox: true })
    const assertion = await assertionOf(sandbox, TRUSTING)
    const answer = await requestToken(sandbox, { assertion, dpop: null })
    expect(answer.token_type).to.equal('Bearer')
    expect(decodeJwt(answer.access_token)).to.not.have.property('cnf')
    expect((await refusalOf(() => requestToken(sandbox, { dpop: null }))).code).to.equal('request_malformed')
  })

  const REFUSED: readonly (readonly [
    string,
    ErrorCode,
    (world: IdentityWorld) => TokenAsk | Promise<TokenAsk>,
  ])[] = [
    ['no grant_type', 'request_malformed', () => ({ parameters: { grant_type: undefined as never } })],
    ['another grant type', 'grant_unsupported', () => ({ parameters: { grant_type: 'password' } })],
    ['a scope', 'request_malformed', () => ({ parameters: { scope: 'all' } })],
    ['no authentication at all', 'client_invalid', () => ({ assertion: null })],
    ['a client id alone', 'client_invalid', () => ({ assertion: null, parameters: { client_id: CONSUMER } })],
    ['a client secret', 'client_invalid', () => ({ parameters: { client_secret: 'secret' } })],
    [
      'an Authorization field beside the assertion',
      'client_invalid',
      () => ({ authorization: 'Basic YTpi' }),
    ],
    [
      'another client_id than the assertion’s',
      'client_invalid',
      () => ({ parameters: { client_id: OTHER } }),
    ],
    [
      'an unknown assertion type',
      'request_malformed',
      () => ({ parameters: { client_assertion_type: 'saml' } }),
    ],
    [
      'a certificate that is not registered',
      'client_invalid',
      () => ({
        assertion: null,
        dpop: null,
        certificateThumbprint: 'A'.repeat(43),
        parameters: { client_id: CONSUMER },
      }),
    ],
    [
      'a certificate of another subsystem',
      'client_invalid',
      () => ({
        assertion: null,
        dpop: null,
        certificateThumbprint: CERTIFICATE,
        parameters: { client_id: OTHER },
      }),
    ],
    [
      'a certificate for an unknown subsystem',
      'client_invalid',
      () => ({
        assertion: null,
        dpop: null,
        certificateThumbprint: CERTIFICATE,
        parameters: { client_id: 'G99/la' },
      }),
    ],
    [
      'a suspended subsystem by its certificate',
      'client_invalid',
      () => ({
        assertion: null,
        dpop: null,
        certificateThumbprint: CERTIFICATE,
        parameters: { client_id: SUSPENDED },
      }),
    ],
    [
      'a suspended subsystem',
      'client_invalid',
      async (world) => ({ assertion: await assertionOf(world, SUSPENDED) }),
    ],
    ['nothing to bind the token to', 'request_malformed', () => ({ dpop: null })],
    [
      'an unregistered certificate to bind to',
      'request_malformed',
      () => ({ dpop: null, certificateThumbprint: 'A'.repeat(43) }),
    ],
    [
      'bearer for a trusting subsystem outside a sandbox',
      'request_malformed',
      async (world) => ({ dpop: null, assertion: await assertionOf(world, TRUSTING) }),
    ],
    ...[
      'https://other.test/exchange',
      `${EXCHANGE}/`,
      `${EXCHANGE}s`,
      `${EXCHANGE}/..`,
      `${EXCHANGE}/G01/../G12`,
      `${EXCHANGE}/a?b`,
      `${EXCHANGE}/a#b`,
      `${EXCHANGE}/%61`,
      `${EXCHANGE}//a`,
      'https://gateway.test',
      '/exchange',
      `${EXCHANGE}/a ${EXCHANGE}/b`,
    ].map(
      (resource) =>
        [`the resource ${resource}`, 'resource_invalid', () => ({ parameters: { resource } })] as const,
    ),
  ]
  for (const [name, code, ask] of REFUSED) {
    it(`refuses ${name}`, async () => {
      expect((await refusalOf(async () => requestToken(world, await ask(world)))).code).to.equal(code)
    })
  }

  it('refuses an unknown, a suspended and a wrongly signing subsystem in the same words', async () => {
    const attempts = [
      await assertionOf(world, 'G99/la'),
      await assertionOf(world, SUSPENDED),
      await assertionOf(world, CONSUMER, world.dpopKey),
      await assertionOf(world, OTHER),
    ]
    const refusals = await Promise.all(
      attempts.map((assertion) => refusalOf(() => requestToken(world, { assertion }))),
    )
    expect(new Set(refusals.map(({ code, message }) => `${code} ${message}`)).size).to.equal(1)
  })

  it('does not use an assertion up for a request it refuses', async () => {
    const assertion = await assertionOf(world)
    await refusalOf(() => requestToken(world, { assertion, parameters: { resource: 'https://other.test' } }))
    await refusalOf(() => requestToken(world, { assertion, dpop: 'no proof' }))
    expect(await requestToken(world, { assertion })).to.include({ token_type: 'DPoP' })
  })

  it('accepts nothing while the replay store is away', async () => {
    const away = await createIdentityWorld({
      replay: {
        claim: () => Promise.reject(new GatewayError('ledger_unavailable', { retryAfterSeconds: 1 })),
      },
    })
    expect((await refusalOf(() => requestToken(away))).code).to.equal('ledger_unavailable')
  })
})

describe('authorization_details', () => {
  let world: IdentityWorld
  before(async () => {
    world = await createIdentityWorld()
  })

  it('travel from the request into the answer, the token and the consumer', async () => {
    const details = [
      { type: 'data_exchange', service: 'G01/dan-cu/cong-dan/v1', purpose: 'tthc', fields: ['/hoTen'] },
      { type: 'data_exchange', operations: ['lookUp'], legal_basis: 'luat', agreement: 'TT-1' },
    ]
    const answer = await requestToken(world, {
      parameters: { authorization_details: JSON.stringify(details) },
    })
    expect(answer.authorization_details).to.deep.equal(details)
    const consumer = await world.identity.authenticate(await credentialsFor(world, answer.access_token))
    expect(consumer.details).to.deep.equal(details)
  })

  const REFUSED = [
    'x',
    '{}',
    '[]',
    'null',
    '[1]',
    '[[]]',
    '[{}]',
    '[{"type":"payment"}]',
    '[{"type":"data_exchange","amount":1}]',
    '[{"type":"data_exchange","purpose":1}]',
    '[{"type":"data_exchange","purpose":""}]',
    '[{"type":"data_exchange","fields":"/a"}]',
    '[{"type":"data_exchange","fields":[1]}]',
    '[{"type":"data_exchange","fields":[]}]',
    '[{"type":"data_exchange","fields":["name"]}]',
    '[{"type":"data_exchange","fields":["/"]}]',
    '[{"type":"data_exchange","fields":["/a~2"]}]',
    '[{"type":"data_exchange","fields":["/a","/a"]}]',
    '[{"type":"data_exchange","operations":[]}]',
    '[{"type":"data_exchange","operations":"lookUp"}]',
    '[{"type":"data_exchange","service":"G01/dan-cu"}]',
    '[{"type":"data_exchange","service":"G01/dan-cu/cong-dan/v1/tra-cuu"}]',
    '[{"service":"G01/dan-cu/cong-dan/v1"}]',
    '[{"type":"data_exchange","type":"data_exchange"}]',
    '[{"type":"data_exchange"}],"other":[1]',
    `[${Array(17).fill('{"type":"data_exchange"}').join(',')}]`,
    `[{"type":"data_exchange","purpose":"${'p'.repeat(257)}"}]`,
  ]
  for (const text of REFUSED) {
    it(`refuses ${text.slice(0, 50)}`, async () => {
      const refusal = await refusalOf(() =>
        requestToken(world, { parameters: { authorization_details: text } }),
      )
      expect(refusal.code).to.equal('authorization_details_invalid')
    })
  }
})

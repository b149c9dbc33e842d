import { hash, randomUUID } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { httpbis } from 'http-message-signatures'
import { parseDictionary } from 'structured-headers'
import { createAnswerSigner } from '../../src/identity/answer-signature.ts'
import { contentDigest, matchesContentDigest } from '../../src/identity/content-digest.ts'
import type { Fault } from '../../src/identity/faults.ts'
import { vetPublicJwk } from '../../src/identity/key-vetting.ts'
import { createKeyRing } from '../../src/identity/keys.ts'
import { isSignedAnswer, signRequest } from '../../src/identity/message-holder.ts'
import { type FindComponent, requestComponents, signatureBase } from '../../src/identity/signature-base.ts'
import { readSignature } from '../../src/identity/signature-fields.ts'
import type { SigningKey } from '../../src/identity/signing-key.ts'
import { GatewayError } from '../../src/model/errors.ts'
import type { RequestMessage } from '../../src/model/exchange.ts'
import { expectRefusal } from '../support/attack.ts'
import { CONSUMER, createIdentityWorld, type IdentityWorld, OTHER } from '../support/identity-world.ts'

const TARGET = 'https://gateway.test/exchange/G01/dan-cu/cong-dan/v1/tra-cuu?a=1&b=%20'
const BODY = '{"personalId":"099188010001"}'
const FIELDS = {
  authorization: 'DPoP token',
  dpop: 'proof',
  'content-type': 'application/json',
  'exchange-purpose': 'giai-quyet-thu-tuc-hanh-chinh',
  'exchange-officer': 'cb-017',
}
const CONSUMER_ID = { id: CONSUMER } as const

interface Signing {
  readonly key?: SigningKey
  readonly keyId?: string
  readonly algorithm?: string
  readonly components?: readonly string[]
  /** Over the usual ones; null takes one away. */
  readonly parameters?: Readonly<Record<string, string | number | null>>
  readonly fields?: Readonly<Record<string, string>>
  readonly label?: string
}

const USUAL = [
  ...['@method', '@target-uri', 'authorization', 'dpop', 'content-type', 'content-digest'],
  ...['exchange-purpose', 'exchange-officer'],
]

/** Signs by the package `http-message-signatures`, whatever is asked of it. */
async function sign(world: IdentityWorld, signing: Signing = {}): Promise<RequestMessage> {
  const { key = world.key, components = USUAL } = signing
  const seconds = Math.floor(world.clock.nowMs / 1000)
  const values = {
    created: seconds,
    keyid: signing.keyId ?? key.kid,
    nonce: randomUUID(),
    tag: 'fapi-2-request',
    ...(signing.algorithm !== undefined && { alg: signing.algorithm }),
    ...signing.parameters,
  }
  const params = Object.keys(values).filter((name) => values[name as keyof typeof values] !== null)
  const paramValues = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      (name === 'created' || name === 'expires') && typeof value === 'number'
        ? new Date(value * 1000)
        : value,
    ]),
  )
  const signed = await httpbis.signMessage(
    {
      key: { id: values.keyid, sign: async (bytes) => Buffer.from(await key.sign(bytes)) },
      fields: [...components],
      params,
      paramValues,
      ...(signing.label !== undefined && { name: signing.label }),
    },
    {
      method: 'POST',
      url: TARGET,
      headers: { ...FIELDS, 'content-digest': contentDigest(BODY), ...signing.fields },
    },
  )
  const fields = new Map(
    Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), [value].flat().join(', ')]),
  )
  return { method: 'POST', targetUri: TARGET, fields }
}

function check(world: IdentityWorld, message: RequestMessage, body = BODY) {
  return world.identity.checkSignature(message, Buffer.from(body), CONSUMER_ID)
}

const MANY = Object.fromEntries(Array.from({ length: 32 }, (_, at) => [`x-${at}`, '1']))

const without = (...names: string[]) => USUAL.filter((name) => !names.includes(name))

/** One good request each but for what its row says. */
const ATTACKS: readonly (readonly [
  name: string,
  fault: Fault,
  attack: (world: IdentityWorld) => Signing,
  mangle?: (message: RequestMessage) => RequestMessage,
])[] = [
  ...USUAL.map(
    (name) =>
      [`that does not cover ${name}`, 'signatureCover', () => ({ components: without(name) })] as const,
  ),
  [
    'that covers the path without the query',
    'signatureCover',
    () => ({ components: [...without('@target-uri'), '@authority', '@path'] }),
  ],
  ['that covers nothing', 'signatureCover', () => ({ components: [] })],
  [
    'that covers a parameter of the query by itself',
    'signatureComponents',
    () => ({ components: [...USUAL, '"@query-param";name="a"'] }),
  ],
  [
    'that covers a field in another serialisation',
    'signatureComponents',
    () => ({ components: [...USUAL, '"content-digest";sf'] }),
  ],
  ['with another tag', 'signatureTag', () => ({ parameters: { tag: 'fapi-2-response' } })],
  ['without a tag', 'signatureForm', () => ({ parameters: { tag: null } })],
  ['without a nonce', 'signatureNonce', () => ({ parameters: { nonce: null } })],
  ['with a nonce of 257 characters', 'signatureForm', () => ({ parameters: { nonce: 'n'.repeat(257) } })],
  ['without created', 'signatureForm', () => ({ parameters: { created: null } })],
  ['without a key', 'signatureForm', () => ({ parameters: { keyid: null } })],
  ['with a parameter nobody knows', 'signatureForm', () => ({ parameters: { x: 'y' } })],
  ['61 seconds old', 'signatureAge', ({ clock }) => ({ parameters: { created: clock.nowMs / 1000 - 61 } })],
  ['11 seconds ahead', 'signatureAge', ({ clock }) => ({ parameters: { created: clock.nowMs / 1000 + 11 } })],
  ['that expired', 'signatureAge', ({ clock }) => ({ parameters: { expires: clock.nowMs / 1000 } })],
  ['with an unknown key', 'signatureKey', () => ({ keyId: 'unknown' })],
  ['with a kid named __proto__', 'signatureKey', () => ({ keyId: '__proto__' })],
  ['with the key of another subsystem', 'signatureKey', ({ otherKey }) => ({ key: otherKey })],
  [
    "with another subsystem's key under our name",
    'signature',
    ({ otherKey, key }) => ({ key: otherKey, keyId: key.kid }),
  ],
  ['with an algorithm that is not the key’s', 'signatureKey', () => ({ algorithm: 'ed25519' })],
  ['with hmac-sha256', 'signatureKey', () => ({ algorithm: 'hmac-sha256' })],
  ['with rsa-v1_5-sha256', 'signatureKey', () => ({ algorithm: 'rsa-v1_5-sha256' })],
  ['with a JWS name for its algorithm', 'signatureKey', () => ({ algorithm: 'ES256' })],
  ['made for another method', 'signature', () => ({}), (message) => ({ ...message, method: 'PUT' })],
  [
    'made for another address',
    'signature',
    () => ({}),
    (message) => ({ ...message, targetUri: message.targetUri.replace('a=1', 'a=2') }),
  ],
  [
    'made for another token',
    'signature',
    () => ({}),
    (message) => withField(message, 'authorization', 'DPoP other'),
  ],
  [
    'with an officer put in afterwards',
    'signatureCover',
    () => ({}),
    (message) => withField(message, 'exchange-dossier', 'H29.12-261122-0008'),
  ],
  [
    'without Signature-Input',
    'signatureForm',
    () => ({}),
    (message) => withField(message, 'signature-input'),
  ],
  ['without Signature', 'signatureForm', () => ({}), (message) => withField(message, 'signature')],
  [
    'under two labels',
    'signatureForm',
    () => ({}),
    (message) =>
      ['signature', 'signature-input'].reduce((changed, name) => {
        const value = message.fields.get(name) ?? ''
        return withField(changed, name, `${value}, other${value.slice(value.indexOf('='))}`)
      }, message),
  ],
  [
    'under another label than its input',
    'signatureForm',
    () => ({}),
    (message) => withField(message, 'signature', `x${message.fields.get('signature')}`),
  ],
  [
    'that is no byte sequence',
    'signatureForm',
    () => ({}),
    (message) => withField(message, 'signature', 'sig="text"'),
  ],
  [
    'that is all zeros',
    'signature',
    () => ({}),
    (message) => withField(message, 'signature', `sig=:${Buffer.alloc(64).toString('base64')}:`),
  ],
  [
    'of 40 components',
    'signatureForm',
    () => ({ components: [...USUAL, ...Object.keys(MANY)], fields: MANY }),
  ],
  [
    'that covers a field with a character outside ASCII',
    'signatureComponents',
    () => ({ components: [...USUAL, 'x-name'], fields: { 'x-name': 'ok' } }),
    (message) => withField(message, 'x-name', 'Bảo'),
  ],
]

function withField(message: RequestMessage, name: string, value?: string): RequestMessage {
  const fields = new Map(message.fields)
  if (value === undefined) fields.delete(name)
  else fields.set(name, value)
  return { ...message, fields }
}

describe('signatures on requests', () => {
  let world: IdentityWorld

  before(async () => {
    world = await createIdentityWorld()
  })

  it('are taken as an independent implementation makes them, and told to the record', async () => {
    const message = await sign(world)
    const facts = await check(world, message)
    const entry = readSignature(
      message.fields.get('signature-input') ?? '',
      message.fields.get('signature') ?? '',
    )
    expect(facts).to.deep.equal({
      base: facts?.base,
      key: world.key.verification.thumbprint,
      signature: hash('sha256', entry?.signature ?? '', 'base64url'),
    })
  })

  it('are taken with the derived parts in place of the whole address, and with the registered name of ES256', async () => {
    const components = [...without('@target-uri'), '@authority', '@path', '@query', '@scheme']
    expect(await check(world, await sign(world, { components }))).to.have.property('base')
    expect(await check(world, await sign(world, { algorithm: 'ecdsa-p256-sha256' }))).to.have.property('base')
  })

  it('are taken with a PS256 key, which has no name of its own there', async () => {
    const message = await sign(world, { key: world.otherKey })
    const facts = await world.identity.checkSignature(message, Buffer.from(BODY), { id: OTHER })
    expect(facts?.key).to.equal(world.otherKey.verification.thumbprint)
  })

  for (const age of [-10, 0, 60]) {
    it(`are taken ${age} seconds after they were made`, async () => {
      const created = world.clock.nowMs / 1000 - age
      expect(await check(world, await sign(world, { parameters: { created } }))).to.have.property('base')
    })
  }

  for (const [name, fault, attack, mangle = (message: RequestMessage) => message] of ATTACKS) {
    it(`are refused: one ${name}`, async () => {
      const message = mangle(await sign(world, attack(world)))
      await expectRefusal(() => check(world, message), 'signature_invalid', fault)
    })
  }

  it('are refused when they come again', async () => {
    const message = await sign(world)
    await check(world, message)
    await expectRefusal(() => check(world, message), 'signature_invalid', 'signatureReplayed')
  })

  it('are refused over another body', async () => {
    const message = await sign(world)
    await expectRefusal(
      () => check(world, message, BODY.replace('1', '2')),
      'content_digest_mismatch',
      undefined,
    )
  })

  it('are not asked for where there is none, but a digest is checked', async () => {
    const message = withField(withField(await sign(world), 'signature'), 'signature-input')
    expect(await check(world, message)).to.equal(undefined)
    const wrong = withField(message, 'content-digest', contentDigest('other'))
    await expectRefusal(() => check(world, wrong), 'content_digest_mismatch', undefined)
  })

  it('end in a verdict or a refusal whatever the fields hold', async () => {
    const pieces = fc
      .array(
        fc.constantFrom(
          ...['sig', '=', '(', ')', '"', '"@method"', '"@target-uri"', ' ', ';', 'created=', '1', ',', ':'],
          ...[
            'AAAA',
            ':AAAA:',
            'keyid=',
            '"k"',
            'nonce=',
            'tag=',
            '"fapi-2-request"',
            '?1',
            '\\',
            '@1',
            '%"a"',
          ],
          ...['é', '\u0000', '-', '9'.repeat(20), ';req', 'expires=0'],
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(pieces, fc.string()),
        fc.oneof(pieces, fc.string()),
        async (input, signature) => {
          const fields = new Map([
            ...Object.entries(FIELDS),
            ['signature-input', input],
            ['signature', signature],
          ] as const)
          const thrown: unknown = await check(world, { method: 'POST', targetUri: TARGET, fields }).catch(
            (error: unknown) => error,
          )
          return thrown instanceof GatewayError && thrown.code === 'signature_invalid'
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('signatures on answers', () => {
  const answer = {
    status: 200,
    contentType: 'application/json',
    exchangeId: 'id-1',
    body: Buffer.from('{"name":"Thử"}'),
  }

  async function signed() {
    const world = await createIdentityWorld()
    const request = await signRequest(world.key, {
      method: 'POST',
      targetUri: TARGET,
      fields: FIELDS,
      body: BODY,
      nowMs: world.clock.nowMs,
      nonce: 'n-1',
    })
    const ring = createKeyRing([{ key: world.issuerKey, activeFrom: 0 }])
    const signAnswer = createAnswerSigner({ keys: () => ring, now: () => world.clock.nowMs })
    const { fields, facts } = await signAnswer(answer, request)
    const all = new Map(
      Object.entries({ 'content-type': 'application/json', 'exchange-id': 'id-1', ...fields }),
    )
    const key = world.issuerKey.verification
    const verdict = (change: Partial<Parameters<typeof isSignedAnswer>[0]> = {}) =>
      isSignedAnswer({
        status: 200,
        fields: all,
        body: answer.body,
        request,
        findKey: (kid) => (kid === world.issuerKey.kid ? key : undefined),
        ...change,
      })
    return { world, request, all, facts, key, verdict }
  }

  it('hold for an independent implementation, bound to the request', async () => {
    const { request, all, key } = await signed()
    const verify = async (headers: Record<string, string>, url = TARGET) =>
      httpbis.verifyMessage(
        {
          keyLookup: async () => ({ verify: async (bytes, signature) => key.verify(bytes, signature) }),
          notAfter: new Date(4e12),
          requiredFields: ['@status', 'content-digest'],
          requiredParams: ['created', 'keyid', 'tag'],
        },
        { status: 200, headers: Object.fromEntries(all) },
        { method: 'POST', url, headers },
      )
    const asked = Object.fromEntries(request.fields)
    expect(await verify(asked)).to.equal(true)
    expect(await verify({ ...asked, signature: 'consumer=:AAAA:' })).to.equal(false)
    expect(await verify(asked, `${TARGET}&c`)).to.equal(false)
  })

  it('hold for this answer to this request under a published key only', async () => {
    const { verdict, all, request, world } = await signed()
    const put = (name: string, value: string) => ({ fields: new Map([...all, [name, value]]) })
    expect(verdict()).to.equal(true)
    expect(verdict({ status: 404 })).to.equal(false)
    expect(verdict({ body: Buffer.from('{"name":"Khác"}') })).to.equal(false)
    expect(verdict(put('exchange-id', 'id-2'))).to.equal(false)
    expect(verdict(put('content-type', 'text/plain'))).to.equal(false)
    expect(verdict({ request: withField(request, 'signature', 'consumer=:AAAA:') })).to.equal(false)
    expect(verdict({ request: { ...request, method: 'PUT' } })).to.equal(false)
    expect(verdict({ findKey: () => undefined })).to.equal(false)
    expect(verdict({ findKey: () => world.key.verification })).to.equal(false)
    expect(verdict(put('signature', ''))).to.equal(false)
  })

  it('of our own client are good requests', async () => {
    const { world, request } = await signed()
    expect(await check(world, request)).to.have.property('base')
  })
})

describe('RFC 9421 appendix B', () => {
  const REQUEST: RequestMessage = {
    method: 'POST',
    targetUri: 'https://example.com/foo?param=Value&Pet=dog',
    fields: new Map([
      ['host', 'example.com'],
      ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
      ['content-type', 'application/json'],
      [
        'content-digest',
        'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
      ],
      ['content-length', '18'],
    ]),
  }
  const ANSWER_DIGEST =
    'sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:'
  const answer: FindComponent = (name) =>
    new Map([
      ['@status', '200'],
      ['content-type', 'application/json'],
      ['content-digest', ANSWER_DIGEST],
      ['content-length', '23'],
    ]).get(name)

  function baseOf(entry: string, find: FindComponent): string {
    const input = parseDictionary(`sig=${entry}`).get('sig')
    return signatureBase(input as Parameters<typeof signatureBase>[0], find) ?? ''
  }

  function verify(jwk: Readonly<Record<string, string>>, base: string, signature: string): boolean {
    const verdict = vetPublicJwk(jwk)
    return 'key' in verdict && verdict.key.verify(Buffer.from(base), Buffer.from(signature, 'base64'))
  }

  it('B.2.1: covers nothing', () => {
    const entry = '();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"'
    expect(baseOf(entry, requestComponents(REQUEST))).to.equal(`"@signature-params": ${entry}`)
  })

  it('B.2.3: full coverage', () => {
    const entry =
      '("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"'
    expect(baseOf(entry, requestComponents(REQUEST))).to.equal(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@method": POST',
        '"@path": /foo',
        '"@query": ?param=Value&Pet=dog',
        '"@authority": example.com',
        '"content-type": application/json',
        `"content-digest": ${REQUEST.fields.get('content-digest')}`,
        '"content-length": 18',
        `"@signature-params": ${entry}`,
      ].join('\n'),
    )
  })

  it('B.2.4: an answer signed with ecdsa-p256-sha256', () => {
    const entry =
      '("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"'
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: 'qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA',
      y: 'Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0',
    }
    const signature =
      'wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw=='
    const base = baseOf(entry, answer)
    expect(verify(jwk, base, signature)).to.equal(true)
    expect(verify(jwk, base.replace('200', '201'), signature)).to.equal(false)
    expect(matchesContentDigest(ANSWER_DIGEST, '{"message": "good dog"}')).to.equal(true)
  })

  it('B.2.6: a request signed with ed25519', () => {
    const entry =
      '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs' }
    const signature =
      'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=='
    expect(verify(jwk, baseOf(entry, requestComponents(REQUEST)), signature)).to.equal(true)
  })
})

describe('Content-Digest', () => {
  it('is right by every algorithm it names, and by one at least', () => {
    const sha512 = `sha-512=:${hash('sha512', BODY, 'base64')}:`
    expect(matchesContentDigest(contentDigest(BODY), BODY)).to.equal(true)
    expect(matchesContentDigest(sha512, BODY)).to.equal(true)
    expect(matchesContentDigest(`${contentDigest(BODY)}, ${sha512}`, BODY)).to.equal(true)
    expect(matchesContentDigest(`${contentDigest('')}, ${sha512}`, BODY)).to.equal(false)
    for (const field of ['', 'md5=:AAAA:', 'sha-256=:AAAA:', 'sha-256', 'sha-256="x"', 'sha-256=(:AAAA:)']) {
      expect(matchesContentDigest(field, BODY), field).to.equal(false)
    }
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (field) => typeof matchesContentDigest(field, BODY) === 'boolean'))
  })
})

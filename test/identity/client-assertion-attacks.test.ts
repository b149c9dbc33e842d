import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import {
  type AttackRow,
  type Change,
  COMMON,
  expectRefusal,
  NOW,
  newJti,
  shared,
  type Texts,
} from '../support/attack.ts'
import {
  CONSUMER,
  createIdentityWorld,
  forge,
  type IdentityWorld,
  OTHER,
  proofFor,
  requestToken,
  SUSPENDED,
} from '../support/identity-world.ts'

const assertionHeader = (world: IdentityWorld): Texts => ({ alg: 'ES256', typ: 'JWT', kid: world.key.kid })
const assertionClaims = (world: IdentityWorld): Texts => ({
  iss: CONSUMER,
  sub: CONSUMER,
  aud: world.issuer,
  jti: newJti(),
  iat: NOW,
  exp: NOW + 60,
})

async function forgeAssertion(world: IdentityWorld, change: Change = {}): Promise<string> {
  const key = change.key?.(world) ?? world.key
  const header = change.headerText ?? { ...assertionHeader(world), ...change.header }
  const claims = change.claimsText ?? { ...assertionClaims(world), ...change.claims }
  const token = await forge(header, claims, change.sign?.(world) ?? key.sign)
  return change.mangle?.(token) ?? token
}

const ASSERTIONS: readonly AttackRow[] = [
  ['typ of an access token', 'type', { header: { typ: 'at+jwt' } }],
  ['aud with a trailing slash', 'audience', { claims: { aud: 'https://gateway.test/' } }],
  ['aud in upper case', 'audience', { claims: { aud: 'https://GATEWAY.test' } }],
  [
    'aud of the token endpoint (audience injection)',
    'audience',
    { claims: { aud: 'https://gateway.test/oauth/token' } },
  ],
  ['aud of the exchange', 'audience', { claims: { aud: 'https://gateway.test/exchange' } }],
  ['iss that is not sub', 'issuer', { claims: { iss: OTHER } }],
  [
    'iss and sub with a trailing slash',
    'signature',
    { claims: { iss: `${CONSUMER}/`, sub: `${CONSUMER}/` } },
  ],
  ['iss and sub in another case', 'signature', { claims: { iss: 'h29/mot-cua', sub: 'h29/mot-cua' } }],
  ['a subsystem that does not exist', 'signature', { claims: { iss: 'G99/la', sub: 'G99/la' } }],
  ['iss __proto__', 'signature', { claims: { iss: '__proto__', sub: '__proto__' } }],
  [
    'another subsystem in the name of which it is signed',
    'signature',
    { claims: { iss: OTHER, sub: OTHER } },
  ],
  [
    'another subsystem’s kid and key',
    'signature',
    { header: { alg: 'PS256', kid: 'other' }, key: (world) => world.otherKey },
  ],
  ['a suspended subsystem with its own key', 'signature', { claims: { iss: SUSPENDED, sub: SUSPENDED } }],
  ['a life of 61 seconds', 'lifetime', { claims: { exp: NOW + 61 } }],
  ['a far exp without iat', 'lifetime', { claims: { iat: undefined, exp: NOW + 71 } }],
  [
    'exp at 1e400',
    'json',
    {
      claimsText: `{"iss":"${CONSUMER}","sub":"${CONSUMER}","aud":"https://gateway.test","jti":"a","exp":1e400}`,
    },
  ],
]

describe('attacks on client assertions', () => {
  for (const [name, fault, change] of [...COMMON, ...ASSERTIONS]) {
    it(`refuses ${name}`, async () => {
      const world = await shared()
      await expectRefusal(
        async () => requestToken(world, { assertion: await forgeAssertion(world, change) }),
        'client_invalid',
        fault,
      )
    })
  }

  it('accepts the assertion all of these were made from', async () => {
    const world = await shared()
    const answer = await requestToken(world, { assertion: await forgeAssertion(world) })
    expect(answer.token_type).to.equal('DPoP')
  })

  for (const typ of [undefined, 'JWT', 'client-authentication+jwt']) {
    it(`accepts typ ${typ}`, async () => {
      const world = await shared()
      await requestToken(world, { assertion: await forgeAssertion(world, { header: { typ } }) })
    })
  }

  it('accepts no kid where the subsystem has one key of that kind', async () => {
    const world = await shared()
    await requestToken(world, { assertion: await forgeAssertion(world, { header: { kid: undefined } }) })
  })

  it('refuses a kid that two registered keys share', async () => {
    const world = await createIdentityWorld()
    const holder = world.subsystems.get(CONSUMER)
    const jwks = holder?.credentials?.jwks ?? []
    const [first] = jwks
    const twin = { ...first, ...world.dpopKey.publicJwk, kid: world.key.kid }
    if (holder) world.subsystems.set(CONSUMER, { ...holder, credentials: { jwks: [...jwks, twin as never] } })
    await expectRefusal(() => requestToken(world), 'client_invalid', 'signature')
  })

  it('refuses HS256 where a symmetric key got into the registered set', async () => {
    const world = await createIdentityWorld()
    const holder = world.subsystems.get(CONSUMER)
    const oct = { kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'oct', alg: 'HS256' }
    if (holder) world.subsystems.set(CONSUMER, { ...holder, credentials: { jwks: [oct as never] } })
    const sign = () => (bytes: Buffer) => createHmac('sha256', 'secret').update(bytes).digest()
    for (const [alg, fault] of [
      ['HS256', 'algorithm'],
      ['ES256', 'signature'],
    ] as const) {
      const assertion = await forgeAssertion(world, { header: { alg, kid: 'oct' }, sign })
      await expectRefusal(() => requestToken(world, { assertion }), 'client_invalid', fault)
    }
  })

  it('refuses an assertion the second time', async () => {
    const world = await shared()
    const assertion = await forgeAssertion(world)
    await requestToken(world, { assertion })
    await expectRefusal(() => requestToken(world, { assertion }), 'client_invalid', 'replayed')
  })

  it('refuses another assertion with a jti that was used', async () => {
    const world = await shared()
    const jti = newJti()
    await requestToken(world, { assertion: await forgeAssertion(world, { claims: { jti } }) })
    const second = await forgeAssertion(world, { claims: { jti, exp: NOW + 59 } })
    await expectRefusal(() => requestToken(world, { assertion: second }), 'client_invalid', 'replayed')
  })

  it('refuses an access token and a DPoP proof in the place of an assertion', async () => {
    const world = await shared()
    for (const assertion of [
      await world.token(),
      await proofFor(world, 'POST', 'https://gateway.test/oauth/token'),
    ]) {
      await expectRefusal(() => requestToken(world, { assertion }), 'client_invalid', 'type')
    }
  })

  for (const claim of ['iat', 'nbf']) {
    for (const [seconds, isAccepted] of [
      [0, true],
      [9, true],
      [10, true],
      [11, false],
      [59, false],
      [60, false],
      [61, false],
    ] as const) {
      it(`${isAccepted ? 'accepts' : 'refuses'} an ${claim} ${seconds} seconds ahead`, async () => {
        const world = await shared()
        const ask = async () =>
          requestToken(world, {
            assertion: await forgeAssertion(world, { claims: { iat: undefined, [claim]: NOW + seconds } }),
          })
        if (isAccepted) await ask()
        else await expectRefusal(ask, 'client_invalid', 'future')
      })
    }
  }
})

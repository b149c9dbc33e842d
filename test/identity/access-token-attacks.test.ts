import { expect } from 'chai'
import type { Fault } from '../../src/identity/faults.ts'
import type { ErrorCode } from '../../src/model/error-table.ts'
import type { Credentials } from '../../src/model/exchange.ts'
import {
  type AttackRow,
  type Change,
  COMMON,
  changeUnusedBits,
  expectRefusal,
  NOW,
  newJti,
  shared,
  URL_ASKED,
} from '../support/attack.ts'
import {
  admit,
  assertionOf,
  CERTIFICATE,
  CONSUMER,
  createIdentityWorld,
  credentialsFor,
  forge,
  type IdentityWorld,
  jwksOf,
  OTHER,
  OTHER_CERTIFICATE,
  proofFor,
  subsystem,
  TRUSTING,
} from '../support/identity-world.ts'

/** One attack: what it is, what it must be refused for, and how it is made from a good credential. */
interface Attack<Made> {
  readonly name: string
  readonly fault: Fault | undefined
  readonly code: ErrorCode
  readonly make: (world: IdentityWorld) => Promise<Made>
}

async function forgeToken(world: IdentityWorld, change: Change = {}): Promise<string> {
  const key = change.key?.(world) ?? world.issuerKey
  const { thumbprint } = world.dpopKey.verification
  const header = change.headerText ?? {
    alg: 'ES256',
    typ: 'at+jwt',
    kid: world.issuerKey.kid,
    ...change.header,
  }
  const claims = change.claimsText ?? {
    iss: world.issuer,
    sub: CONSUMER,
    client_id: CONSUMER,
    aud: `${world.issuer}/exchange`,
    jti: newJti(),
    iat: NOW,
    exp: NOW + 300,
    cnf: { jkt: thumbprint },
    ...change.claims,
  }
  const token = await forge(header, claims, change.sign?.(world) ?? key.sign)
  return change.mangle?.(token) ?? token
}

const jkt = 'A'.repeat(43)
const TOKENS: readonly AttackRow[] = [
  ['no typ', 'type', { header: { typ: undefined } }],
  ['typ JWT', 'type', { header: { typ: 'JWT' } }],
  ['typ of a client assertion', 'type', { header: { typ: 'client-authentication+jwt' } }],
  ['no kid', 'signature', { header: { kid: undefined } }],
  ['the key of the consumer itself', 'signature', { key: (world) => world.key }],
  ['iss of another gateway', 'issuer', { claims: { iss: 'https://other.test' } }],
  ['iss with a trailing slash', 'issuer', { claims: { iss: 'https://gateway.test/' } }],
  ['iss in upper case', 'issuer', { claims: { iss: 'https://Gateway.test' } }],
  ['client_id that is not sub', 'issuer', { claims: { client_id: OTHER } }],
  ['no client_id', 'issuer', { claims: { client_id: undefined } }],
  ['sub of a form no subsystem has', 'claims', { claims: { sub: 'a b', client_id: 'a b' } }],
  ['no iat', 'claims', { claims: { iat: undefined } }],
  ['a life of 301 seconds', 'lifetime', { claims: { exp: NOW + 301 } }],
  ['iat 11 seconds ahead', 'future', { claims: { iat: NOW + 11 } }],
  ['aud that is the issuer', 'audience', { claims: { aud: 'https://gateway.test' } }],
  ['aud beside the exchange', 'audience', { claims: { aud: 'https://gateway.test/exchanges' } }],
  [
    'aud of a look-alike host',
    'audience',
    { claims: { aud: 'https://gateway.test.attacker.test/exchange' } },
  ],
  ['aud with dot segments', 'audience', { claims: { aud: 'https://gateway.test/exchange/../exchange' } }],
  ['aud with a query', 'audience', { claims: { aud: 'https://gateway.test/exchange?a' } }],
  ['aud of another service', 'resource', { claims: { aud: 'https://gateway.test/exchange/G12/thue' } }],
  ['aud of half a segment', 'resource', { claims: { aud: 'https://gateway.test/exchange/G0' } }],
  ['an empty cnf', 'claims', { claims: { cnf: {} } }],
  ['cnf null', 'claims', { claims: { cnf: null } }],
  ['cnf as a list', 'claims', { claims: { cnf: [jkt] } }],
  ['two confirmation methods', 'claims', { claims: { cnf: { jkt, 'x5t#S256': jkt } } }],
  ['a confirmation method of others', 'claims', { claims: { cnf: { jwk: {} } } }],
  ['a jkt that is no thumbprint', 'claims', { claims: { cnf: { jkt: 'short' } } }],
  [
    'authorization_details of an unknown type',
    'claims',
    { claims: { authorization_details: [{ type: 'payment' }] } },
  ],
  ['authorization_details that are null', 'claims', { claims: { authorization_details: null } }],
  [
    'exp at 1e400',
    'json',
    {
      claimsText: `{"iss":"https://gateway.test","sub":"${CONSUMER}","client_id":"${CONSUMER}","aud":"https://gateway.test/exchange","jti":"a","iat":1,"exp":1e400}`,
    },
  ],
]

describe('attacks on access tokens', () => {
  for (const [name, fault, change] of [...COMMON, ...TOKENS]) {
    it(`refuses ${name}`, async () => {
      const world = await shared()
      const token = await forgeToken(world, change)
      // An empty token leaves no credential at all to judge.
      const expected = token === '' ? 'scheme' : fault
      await expectRefusal(
        async () => world.identity.authenticate(await credentialsFor(world, token)),
        'credential_invalid',
        expected,
      )
    })
  }

  it('accepts the token all of these were made from', async () => {
    const world = await shared()
    const consumer = await world.identity.authenticate(await credentialsFor(world, await forgeToken(world)))
    expect(consumer).to.include({ id: CONSUMER, binding: 'dpop', audience: 'https://gateway.test/exchange' })
  })

  it('refuses other spellings of a token that was accepted a moment ago', async () => {
    const world = await shared()
    const token = await forgeToken(world)
    await world.identity.authenticate(await credentialsFor(world, token))
    for (const spelling of [`${token}=`, `${token}==`, `${token} `, ` ${token}`, changeUnusedBits(token)]) {
      await expectRefusal(
        async () => world.identity.authenticate(await credentialsFor(world, spelling)),
        'credential_invalid',
        'malformed',
      )
    }
  })

  it('refuses a remembered token from the moment it expires', async () => {
    const world = await createIdentityWorld()
    const token = await forgeToken(world)
    await world.identity.authenticate(await credentialsFor(world, token))
    world.clock.nowMs += 299_999
    await world.identity.authenticate(await credentialsFor(world, token))
    world.clock.nowMs += 1
    await expectRefusal(
      async () => world.identity.authenticate(await credentialsFor(world, token)),
      'credential_invalid',
      'expired',
    )
  })

  it('refuses a remembered token as soon as its subsystem is suspended or gone', async () => {
    const world = await createIdentityWorld()
    const token = await world.token()
    const ask = async () => admit(world, await credentialsFor(world, token))
    await ask()
    const holder = world.subsystems.get(CONSUMER)
    if (holder) world.subsystems.set(CONSUMER, { ...holder, state: 'suspended' })
    await expectRefusal(ask, 'subsystem_suspended', undefined)
    world.subsystems.delete(CONSUMER)
    await expectRefusal(ask, 'credential_invalid', 'issuer')
  })

  it('refuses a subsystem that is suspended while its proof is claimed', async () => {
    const suspending = await createIdentityWorld({
      replay: {
        claim: async (kind) => {
          const holder = suspending.subsystems.get(CONSUMER)
          if (kind === 'dpop' && holder && isListening) {
            suspending.subsystems.set(CONSUMER, { ...holder, state: 'suspended' })
          }
          return true
        },
      },
    })
    let isListening = false
    const credentials = await credentialsFor(suspending, await suspending.token())
    isListening = true
    await expectRefusal(() => admit(suspending, credentials), 'subsystem_suspended', undefined)
  })

  it('refuses an assertion and a proof in the place of a token', async () => {
    const world = await shared()
    for (const token of [await assertionOf(world), await proofFor(world, 'POST', URL_ASKED)]) {
      await expectRefusal(
        async () => world.identity.authenticate(await credentialsFor(world, token)),
        'credential_invalid',
        'type',
      )
    }
  })

  const SCHEMES: readonly Attack<Credentials>[] = [
    attack('no Authorization', 'credential_missing', undefined, async () => ({})),
    attack('an empty Authorization', 'credential_missing', undefined, async () => ({ authorization: '' })),
    attack('Basic', 'credential_invalid', 'scheme', async () => ({ authorization: 'Basic YTpi' })),
    attack('a scheme alone', 'credential_invalid', 'scheme', async () => ({ authorization: 'DPoP' })),
    attack('a scheme and a space', 'credential_invalid', 'scheme', async () => ({ authorization: 'DPoP ' })),
    attack('a token alone', 'credential_invalid', 'scheme', async (world) => ({
      authorization: await world.token(),
    })),
    attack('two tokens', 'credential_invalid', 'malformed', async (world) => ({
      authorization: `DPoP ${await world.token()}, DPoP ${await world.token()}`,
    })),
    attack('a DPoP token as Bearer', 'credential_invalid', 'proofMissing', async (world) => ({
      authorization: `Bearer ${await world.token()}`,
    })),
    attack('a DPoP token without its proof', 'credential_invalid', 'proofMissing', async (world) => ({
      authorization: `DPoP ${await world.token()}`,
    })),
    attack('a DPoP token as Bearer with its proof', 'credential_invalid', 'proofMissing', async (world) => {
      const { dpop, authorization } = await credentialsFor(world, await world.token())
      return { dpop, authorization: authorization?.replace('DPoP', 'Bearer') }
    }),
    attack('a token that is bound to nothing', 'credential_invalid', 'unbound', async (world) => ({
      authorization: `Bearer ${await forgeToken(world, { claims: { cnf: undefined } })}`,
    })),
    attack('a token that is bound to nothing, with a proof', 'credential_invalid', 'scheme', async (world) =>
      credentialsFor(world, await forgeToken(world, { claims: { cnf: undefined } })),
    ),
    attack(
      'a certificate-bound token without a certificate',
      'credential_invalid',
      'certificate',
      async (world) => ({ authorization: `Bearer ${await certificateToken(world)}` }),
    ),
    attack(
      'a certificate-bound token with another certificate',
      'credential_invalid',
      'certificate',
      async (world) => ({
        authorization: `Bearer ${await certificateToken(world)}`,
        certificateThumbprint: jkt,
      }),
    ),
    attack(
      'a certificate-bound token under the DPoP scheme',
      'credential_invalid',
      'scheme',
      async (world) => ({
        ...(await credentialsFor(world, await certificateToken(world))),
        certificateThumbprint: CERTIFICATE,
      }),
    ),
    attack(
      'a certificate-bound token with a DPoP proof that nobody would check',
      'credential_invalid',
      'scheme',
      async (world) => ({
        authorization: `Bearer ${await certificateToken(world)}`,
        certificateThumbprint: CERTIFICATE,
        dpop: await proofFor(world, 'POST', URL_ASKED),
      }),
    ),
    attack(
      'a token bound to another registered certificate of the same subsystem',
      'credential_invalid',
      'certificate',
      async (world) => ({
        authorization: `Bearer ${await certificateToken(world)}`,
        certificateThumbprint: OTHER_CERTIFICATE,
      }),
    ),
    attack(
      'a token bound to a certificate that is not registered',
      'credential_invalid',
      'certificate',
      async (world) => ({
        authorization: `Bearer ${await forgeToken(world, { claims: { cnf: { 'x5t#S256': jkt } } })}`,
        certificateThumbprint: jkt,
      }),
    ),
  ]
  for (const { name, code, fault, make } of SCHEMES) {
    it(`refuses ${name}`, async () => {
      const world = await shared()
      await expectRefusal(async () => admit(world, await make(world)), code, fault)
    })
  }

  it('accepts a certificate-bound token with its certificate, at once', async () => {
    const world = await shared()
    const token = await certificateToken(world)
    const ask = { ...target(), authorization: `Bearer ${token}`, certificateThumbprint: CERTIFICATE }
    const consumer = world.identity.authenticate(ask)
    expect(consumer).to.include({ id: CONSUMER, binding: 'mtls' })
  })

  it('refuses a certificate-bound token once its certificate is taken from the registry', async () => {
    const world = await createIdentityWorld()
    const ask = {
      ...target(),
      authorization: `Bearer ${await certificateToken(world)}`,
      certificateThumbprint: CERTIFICATE,
    }
    await admit(world, ask)
    const holder = world.subsystems.get(CONSUMER)
    if (holder)
      world.subsystems.set(CONSUMER, { ...holder, credentials: { jwks: holder.credentials?.jwks ?? [] } })
    await expectRefusal(() => admit(world, ask), 'credential_invalid', 'certificate')
  })

  it('refuses a token once the key it was got with is taken from the registry, whatever it is bound to', async () => {
    const world = await createIdentityWorld()
    const token = await world.token()
    const ask = async () => admit(world, await credentialsFor(world, token))
    await ask()
    world.subsystems.set(CONSUMER, subsystem(CONSUMER, { credentials: { jwks: jwksOf(world.otherKey) } }))
    await expectRefusal(ask, 'credential_invalid', 'keyRemoved')
  })

  it('refuses a revoked token and no other of the same holder', async () => {
    const world = await createIdentityWorld()
    const [revoked, other] = [await world.token(), await world.token()]
    const { tokenDigest } = await admit(world, await credentialsFor(world, revoked))
    world.revoked.add(tokenDigest)
    await expectRefusal(
      async () => admit(world, await credentialsFor(world, revoked)),
      'credential_invalid',
      'revoked',
    )
    await admit(world, await credentialsFor(world, other))
  })

  it('accepts a bearer token only of a trusting subsystem of a sandbox', async () => {
    const sandbox = await createIdentityWorld({ sandbox: true })
    const bearerOf = async (world: IdentityWorld, id: string) => {
      const token = await forgeToken(world, { claims: { sub: id, client_id: id, cnf: undefined } })
      return { ...target(), authorization: `Bearer ${token}` }
    }
    expect(sandbox.identity.authenticate(await bearerOf(sandbox, TRUSTING))).to.include({ binding: 'bearer' })
    const strict = await shared()
    for (const [world, id] of [
      [sandbox, CONSUMER],
      [strict, TRUSTING],
    ] as const) {
      await expectRefusal(
        async () => world.identity.authenticate(await bearerOf(world, id)),
        'credential_invalid',
        'unbound',
      )
    }
  })
})

const target = () => ({ method: 'POST', url: URL_ASKED })
const certificateToken = (world: IdentityWorld) =>
  forgeToken(world, { claims: { cnf: { 'x5t#S256': CERTIFICATE } } })

function attack(
  name: string,
  code: ErrorCode,
  fault: Fault | undefined,
  make: (world: IdentityWorld) => Promise<{ [Name in keyof Credentials]?: Credentials[Name] | undefined }>,
): Attack<Credentials> {
  return {
    name,
    code,
    fault,
    make: async (world) => ({ ...target(), ...(await make(world)) }) as Credentials,
  }
}

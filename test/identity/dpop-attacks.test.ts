import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import {
  type AttackRow,
  type Change,
  COMMON,
  expectRefusal,
  NOW,
  newJti,
  parts,
  shared,
  type Texts,
  URL_ASKED,
} from '../support/attack.ts'
import {
  CONSUMER,
  credentialsFor,
  forge,
  type IdentityWorld,
  proofFor,
  requestToken,
} from '../support/identity-world.ts'
import { rocaModulus } from '../support/weak-keys.ts'

async function forgeProof(world: IdentityWorld, accessToken: string, change: Change = {}): Promise<string> {
  const good = await proofFor(world, 'POST', URL_ASKED, { accessToken })
  const [header, claims] = parts(good)
    .slice(0, 2)
    .map((part): Texts => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))
  const token = await forge(
    change.headerText ?? { ...header, ...change.header },
    change.claimsText ?? { ...claims, ...change.claims },
    change.sign?.(world) ?? (change.key?.(world) ?? world.dpopKey).sign,
  )
  return change.mangle?.(token) ?? token
}

const ecPrivate = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const rsaPublic = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
const { d: _private, ...ecPublic } = ecPrivate

/** The form of a SHA-256 in base64url, of nothing in particular. */
const SOME_DIGEST = 'A'.repeat(43)
const PROOFS: readonly AttackRow[] = [
  ...COMMON.filter(
    ([name, fault]) =>
      fault === 'malformed' ||
      fault === 'json' ||
      fault === 'jti' ||
      /^(?:alg|no alg|crit|an empty crit|b64|zip|enc|jku|x5|HS256)/.test(name),
  ),
  ['typ JWT', 'type', { header: { typ: 'JWT' } }],
  ['no typ', 'type', { header: { typ: undefined } }],
  ['typ of an access token', 'type', { header: { typ: 'at+jwt' } }],
  ['the psychic signature', 'signature', { sign: () => () => Buffer.alloc(64) }],
  ['no jwk', 'proofKey', { header: { jwk: undefined } }],
  ['a jwk with its private half', 'proofKey', { header: { jwk: ecPrivate } }],
  ['a symmetric jwk', 'proofKey', { header: { jwk: { kty: 'oct', k: 'AAAA' } } }],
  ['a jwk as a string', 'proofKey', { header: { jwk: 'AAAA' } }],
  ['an RSA jwk of 1024 bits', 'proofKey', { header: { alg: 'PS256', jwk: rsa1024 } }],
  ['an RSA jwk with e = 1', 'proofKey', { header: { alg: 'PS256', jwk: { ...rsaPublic, e: 'AQ' } } }],
  [
    'an RSA jwk with the ROCA fingerprint',
    'proofKey',
    { header: { alg: 'PS256', jwk: { ...rsaPublic, n: rocaModulus() } } },
  ],
  ['a point off the curve', 'proofKey', { header: { jwk: { ...ecPublic, y: ecPublic.x } } }],
  ['an alg of another kind of key', 'algorithm', { header: { alg: 'PS256' } }],
  ['another key than the token’s', 'proofBinding', { header: { jwk: ecPublic } }],
  ['the token’s key, signed by another', 'signature', { key: (world) => world.key }],
  ['htm in lower case', 'htm', { claims: { htm: 'post' } }],
  ['htm of another method', 'htm', { claims: { htm: 'GET' } }],
  ['no htm', 'htm', { claims: { htm: undefined } }],
  ['no htu', 'htu', { claims: { htu: undefined } }],
  ['htu as a list', 'htu', { claims: { htu: [URL_ASKED] } }],
  ['a relative htu', 'htu', { claims: { htu: '/exchange/G01/dan-cu/cong-dan/v1/xac-thuc' } }],
  ['htu of another path', 'htu', { claims: { htu: `${URL_ASKED}/them` } }],
  ['htu with a trailing slash', 'htu', { claims: { htu: `${URL_ASKED}/` } }],
  [
    'htu with its path in another case',
    'htu',
    { claims: { htu: URL_ASKED.replace('xac-thuc', 'XAC-THUC') } },
  ],
  ['htu with dot segments', 'htu', { claims: { htu: URL_ASKED.replace('/v1/', '/v1/../v1/') } }],
  ['htu with escaped dot segments', 'htu', { claims: { htu: URL_ASKED.replace('/v1/', '/v1/%2e%2E/v1/') } }],
  ['htu with a backslash', 'htu', { claims: { htu: URL_ASKED.replace('/v1/', '\\v1\\') } }],
  ['htu with another port', 'htu', { claims: { htu: URL_ASKED.replace('.test', '.test:8443') } }],
  ['htu of another scheme', 'htu', { claims: { htu: URL_ASKED.replace('https', 'http') } }],
  ['htu of another host', 'htu', { claims: { htu: URL_ASKED.replace('gateway', 'other') } }],
  [
    'htu with user information',
    'htu',
    { claims: { htu: URL_ASKED.replace('gateway', 'gateway.test@gateway') } },
  ],
  ['htu with a NUL', 'htu', { claims: { htu: `${URL_ASKED}\0` } }],
  ['no ath', 'ath', { claims: { ath: undefined } }],
  ['ath of another token', 'ath', { claims: { ath: SOME_DIGEST } }],
  ['ath with padding', 'ath', { mangle: (proof) => proof, claims: { ath: `${SOME_DIGEST}=` } }],
  ['no iat', 'times', { claims: { iat: undefined } }],
  ['iat as a string', 'times', { claims: { iat: String(NOW) } }],
  ['iat as a fraction', 'times', { claims: { iat: NOW + 0.5 } }],
  ['iat 61 seconds ago', 'proofAge', { claims: { iat: NOW - 61 } }],
  ['iat 11 seconds ahead', 'future', { claims: { iat: NOW + 11 } }],
]

const target = { method: 'POST', url: URL_ASKED }

describe('attacks on DPoP proofs', () => {
  const askWith = async (world: IdentityWorld, change: Change) => {
    const token = await world.token()
    const dpop = await forgeProof(world, token, change)
    return world.identity.authenticate({ ...target, authorization: `DPoP ${token}`, dpop })
  }

  for (const [name, fault, change] of PROOFS) {
    it(`refuses ${name}`, async () => {
      const world = await shared()
      const isEmpty = name === 'an empty string'
      await expectRefusal(
        () => askWith(world, change),
        isEmpty ? 'credential_invalid' : 'dpop_proof_invalid',
        isEmpty ? 'proofMissing' : fault,
      )
    })
  }

  const ACCEPTED: readonly (readonly [string, Change])[] = [
    ['the proof all of these were made from', {}],
    [
      'htu with scheme and host in upper case',
      { claims: { htu: URL_ASKED.replace('https://gateway', 'HTTPS://GATEWAY') } },
    ],
    ['htu with the default port', { claims: { htu: URL_ASKED.replace('.test', '.test:443') } }],
    ['htu with a query and a fragment, both ignored', { claims: { htu: `${URL_ASKED}?a=/../b#c` } }],
    ['iat 60 seconds ago', { claims: { iat: NOW - 60 } }],
    ['iat 10 seconds ahead', { claims: { iat: NOW + 10 } }],
  ]
  for (const [name, change] of ACCEPTED) {
    it(`accepts ${name}`, async () => {
      expect(await askWith(await shared(), change)).to.include({ id: CONSUMER })
    })
  }

  it('refuses a proof the second time, and one of two sent at once', async () => {
    const world = await shared()
    const credentials = await credentialsFor(world, await world.token())
    const both = await Promise.allSettled([
      world.identity.authenticate(credentials),
      world.identity.authenticate(credentials),
    ])
    expect(both.map(({ status }) => status)).to.have.members(['fulfilled', 'rejected'])
    await expectRefusal(() => world.identity.authenticate(credentials), 'dpop_proof_invalid', 'replayed')
  })

  it('refuses another proof of the same key with a jti that was used', async () => {
    const world = await shared()
    const jti = newJti()
    await askWith(world, { claims: { jti } })
    await expectRefusal(
      () => askWith(world, { claims: { jti, iat: NOW - 1 } }),
      'dpop_proof_invalid',
      'replayed',
    )
  })

  it('refuses a proof made for the token endpoint', async () => {
    const world = await shared()
    const token = await world.token()
    const dpop = await proofFor(world, 'POST', `${world.issuer}/oauth/token`)
    await expectRefusal(
      () => world.identity.authenticate({ ...target, authorization: `DPoP ${token}`, dpop }),
      'dpop_proof_invalid',
      'htu',
    )
  })

  it('refuses a proof for another token of the same key', async () => {
    const world = await shared()
    const [one, other] = [await world.token(), await world.token()]
    const { dpop } = await credentialsFor(world, one)
    await expectRefusal(
      () => world.identity.authenticate({ ...target, authorization: `DPoP ${other}`, dpop: dpop ?? '' }),
      'dpop_proof_invalid',
      'ath',
    )
  })

  it('does not use a proof up that is refused for something else', async () => {
    const world = await shared()
    const credentials = await credentialsFor(world, await world.token())
    await expectRefusal(
      () => world.identity.authenticate({ ...credentials, method: 'GET' }),
      'dpop_proof_invalid',
      'htm',
    )
    await world.identity.authenticate(credentials)
  })

  it('refuses at the token endpoint what it refuses at the exchange', async () => {
    const world = await shared()
    const dpop = await forgeProof(world, '', {
      claims: { ath: undefined, htu: 'https://other.test/oauth/token' },
    })
    await expectRefusal(() => requestToken(world, { dpop }), 'dpop_proof_invalid', 'htu')
  })
})

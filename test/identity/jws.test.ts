import { expect } from 'chai'
import { type JwtRules, verifyJwt } from '../../src/identity/jws.ts'
import type { SigningKey } from '../../src/identity/signing-key.ts'
import { forge, makeKey, START_MS } from '../support/identity-world.ts'

describe('verifyJwt', () => {
  let key: SigningKey
  let decoy: SigningKey
  before(async () => {
    ;[key, decoy] = await Promise.all([makeKey('ES256'), makeKey('ES256')])
  })

  const rules = (findKey: JwtRules['findKey']): JwtRules => ({
    code: 'client_invalid',
    types: ['JWT'],
    algorithms: ['ES256'],
    acceptsIssuer: () => true,
    acceptsAudience: () => true,
    requiredClaims: [],
    maxLifetimeSeconds: 60,
    nowMs: START_MS,
    findKey,
    decoyKey: () => decoy.verification,
  })
  const now = START_MS / 1000
  const claims = { iss: 'a', sub: 'a', aud: 'b', jti: 'c', exp: now + 60 }
  const tokenOf = (signer: SigningKey) => forge({ alg: 'ES256', typ: 'JWT' }, claims, signer.sign)

  it('accepts what the key that was found has signed', async () => {
    const token = await tokenOf(key)
    expect(
      verifyJwt(
        token,
        rules(() => key.verification),
      ),
    ).to.include({ subject: 'a', audience: 'b', jti: 'c' })
  })

  it('refuses what the decoy key has signed, though its signature is right', async () => {
    const token = await tokenOf(decoy)
    expect(() =>
      verifyJwt(
        token,
        rules(() => undefined),
      ),
    )
      .to.throw()
      .with.property('code', 'client_invalid')
  })

  it('checks a signature whether or not a key was found, so that both take as long', async () => {
    const token = await tokenOf(decoy)
    for (const found of [undefined, key.verification]) {
      let checks = 0
      const count = <Key extends SigningKey['verification']>(counted: Key) => ({
        ...counted,
        verify: (signed: Uint8Array, signature: Uint8Array) => {
          checks += 1
          return counted.verify(signed, signature)
        },
      })
      const counting = {
        ...rules(() => found && count(found)),
        decoyKey: () => count(decoy.verification),
      }
      expect(() => verifyJwt(token, counting)).to.throw()
      expect(checks).to.equal(1)
    }
  })
})

import { expect } from 'chai'
import { CONSENT_TYPE, consentDigest, isConsentId, subjectTag } from '../../src/identity/consent.ts'
import { GatewayError } from '../../src/model/errors.ts'
import {
  CONSUMER,
  createIdentityWorld,
  forge,
  type IdentityWorld,
  OTHER,
  SUSPENDED,
} from '../support/identity-world.ts'

const PERSON = '099188010001'
const SALT = Buffer.alloc(16, 7)
const ID = 'consent-0000000001'

describe('a consent', () => {
  let world: IdentityWorld
  before(async () => {
    world = await createIdentityWorld()
  })
  beforeEach(() => world.revoked.clear())

  const nowSeconds = () => Math.floor(world.clock.nowMs / 1000)

  /** Signed by the consumer's own key, which here is the issuer's. A claim that is undefined is left out. */
  function artefact(change: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const claims = {
      iss: CONSUMER,
      sub: subjectTag(PERSON, SALT),
      aud: world.issuer,
      jti: ID,
      iat: nowSeconds(),
      exp: nowSeconds() + 3600,
      salt: SALT.toString('base64url'),
      consumer: 'H26/mot-cua',
      service: 'G18/so-suc-khoe/so/v1',
      purposes: ['kham-benh'],
      fields: ['/fullName'],
      ...change,
    }
    const said = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
    const { alg, kid } = world.key
    return forge({ alg, typ: CONSENT_TYPE, kid }, said, (bytes) => world.key.sign(bytes))
  }

  /** The code of the refusal, or undefined where it is good. */
  async function refusal(change: Readonly<Record<string, unknown>>): Promise<string | undefined> {
    const made = await artefact(change)
    try {
      world.identity.consents.check(made)
      return undefined
    } catch (thrown) {
      if (thrown instanceof GatewayError) return thrown.code
      throw thrown
    }
  }

  const ground = () => ({
    registry: { subsystems: world.subsystems, services: world.services },
    isRevoked: (digest: string) => world.revoked.has(digest),
  })

  it('is read as it was signed, and begins with its issue where it says nothing else', async () => {
    const read = world.identity.consents.check(await artefact())
    expect(read).to.deep.include({
      id: ID,
      issuer: CONSUMER,
      consumer: 'H26/mot-cua',
      purposes: ['kham-benh'],
      fields: ['/fullName'],
      issuedAtMs: nowSeconds() * 1000,
      notBeforeMs: nowSeconds() * 1000,
      expiresAtMs: (nowSeconds() + 3600) * 1000,
      digest: consentDigest(CONSUMER, ID),
    })
    const later = world.identity.consents.check(await artefact({ nbf: nowSeconds() + 5 }))
    expect(later.notBeforeMs).to.equal((nowSeconds() + 5) * 1000)
  })

  it('is checked once, and known again by its every letter', async () => {
    const made = await artefact({ jti: 'consent-0000000002' })
    const first = world.identity.consents.check(made)
    expect(world.identity.consents.check(made)).to.equal(first)
  })

  const MOST = Array.from({ length: 64 }, (_, index) => `/f${index}`)
  const GOOD: readonly (readonly [what: string, change: Readonly<Record<string, unknown>>])[] = [
    ['an id of 16 letters', { jti: 'a'.repeat(16) }],
    ['an id of 128 letters', { jti: 'a'.repeat(128) }],
    ['64 fields', { fields: MOST }],
    ['a salt of 64 bytes', { salt: Buffer.alloc(64).toString('base64url') }],
  ]
  for (const [what, change] of GOOD) {
    it(`may have ${what}`, async () => expect(await refusal(change)).to.equal(undefined))
  }

  const WRONG: readonly (readonly [what: string, change: Readonly<Record<string, unknown>>])[] = [
    ['an id of 15 letters', { jti: 'a'.repeat(15) }],
    ['an id of 129 letters', { jti: 'a'.repeat(129) }],
    ['an id with a space at its end', { jti: `${ID} ` }],
    ['an id with a line before it', { jti: `x\n${ID}` }],
    ['an id that is a number', { jti: 1_000_000_000_000_000 }],
    ['no subject', { sub: undefined }],
    ['a subject that is a number', { sub: 7 }],
    ['a salt of 15 bytes', { salt: Buffer.alloc(15).toString('base64url') }],
    ['a salt of 65 bytes', { salt: Buffer.alloc(65).toString('base64url') }],
    ['a salt with other letters', { salt: `${SALT.toString('base64url')}=` }],
    ['a salt that is a list', { salt: [SALT.toString('base64url')] }],
    ['a consumer that is a number', { consumer: 29 }],
    ['a service that is a list', { service: ['G18/so-suc-khoe/so/v1'] }],
    ['no purposes', { purposes: [] }],
    ['a purpose as a word', { purposes: 'kham-benh' }],
    ['a purpose that is a number', { purposes: ['kham-benh', 1] }],
    ['65 fields', { fields: [...MOST, '/more'] }],
    ['fields as a word', { fields: '/fullName' }],
    ['an issuer of another form', { iss: 'mot-cua' }],
    ['an issuer that is a list', { iss: [CONSUMER] }],
    ['an issuer whose key is another', { iss: OTHER }],
    ['another recipient', { aud: 'https://other.test' }],
    ...['iat', 'salt', 'consumer', 'service', 'purposes', 'fields', 'jti', 'exp'].map(
      (claim) => [`no ${claim}`, { [claim]: undefined }] as const,
    ),
    ['an end that is no number', { exp: 'tomorrow' }],
  ]
  for (const [what, change] of WRONG) {
    it(`is none with ${what}`, async () => expect(await refusal(change)).to.equal('consent_invalid'))
  }

  it('that is too early or too late is told apart from one that is wrong', async () => {
    expect(await refusal({ iat: nowSeconds() - 7200, exp: nowSeconds() })).to.equal('consent_expired')
    expect(await refusal({ iat: nowSeconds() + 60 })).to.equal('consent_expired')
    expect(await refusal({ nbf: nowSeconds() + 60 })).to.equal('consent_expired')
  })

  it('has at most 4,096 letters', async () => {
    const { check } = world.identity.consents
    const padded = async (letters: number) => artefact({ fields: ['/fullName'], note: 'x'.repeat(letters) })
    let letters = 2000
    while ((await padded(letters + 1)).length <= 4096) letters += 1
    const longest = await padded(letters)
    expect(longest.length).to.be.within(4093, 4096)
    expect(check(longest)).to.include({ id: ID })
    const longer = await padded(letters + 4)
    expect(() => check(longer)).to.throw(GatewayError)
  })

  it('stands as long as nobody took it back and its issuer and key are registered', async () => {
    const { check, judge } = world.identity.consents
    const read = check(await artefact())
    const standing = () => judge(read, ground(), PERSON).standing
    expect(standing()).to.equal('stands')
    world.revoked.add(consentDigest(CONSUMER, ID))
    expect(standing()).to.equal('withdrawn')
    world.revoked.clear()
    world.revoked.add(consentDigest(OTHER, ID))
    expect(standing()).to.equal('stands')
    const own = world.subsystems.get(CONSUMER)
    const suspended = world.subsystems.get(SUSPENDED)
    if (own === undefined || suspended === undefined) throw new Error('not in this world')
    for (const gone of [
      { ...own, state: 'suspended' as const },
      { ...own, credentials: { jwks: [] } },
    ]) {
      world.subsystems.set(CONSUMER, gone)
      expect(standing()).to.equal('issuer_gone')
    }
    world.subsystems.set(CONSUMER, own)
    expect(standing()).to.equal('stands')
    // What is no refusal is no judgement either.
    expect(() => judge(read, { ...ground(), registry: undefined } as never, PERSON)).to.throw(TypeError)
  })

  it('is about the person whose number makes its tag, and tells nothing of its own keys', async () => {
    const { check, judge } = world.identity.consents
    const read = check(await artefact())
    const about = (subject: string | undefined) => judge(read, ground(), subject).isAboutSubject
    expect([about(PERSON), about('099188010002'), about(undefined)]).to.deep.equal([true, false, false])
    expect(judge(read, ground(), PERSON)).to.not.have.any.keys('tag', 'salt', 'digest', 'key')
  })

  it('has an id of letters that go into an address', () => {
    expect([isConsentId(ID), isConsentId(`${ID}/`), isConsentId(undefined)]).to.deep.equal([
      true,
      false,
      false,
    ])
  })
})

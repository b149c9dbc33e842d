import { expect } from 'chai'
import { createDpopNonces, NONCE_PERIOD_MS } from '../../src/identity/dpop-nonce.ts'
import { GatewayError } from '../../src/model/errors.ts'
import {
  createIdentityWorld,
  type IdentityWorld,
  proofFor,
  requestToken,
  START_MS,
} from '../support/identity-world.ts'

const SECRET = Buffer.alloc(32, 7)

describe('DPoP nonces', () => {
  const clock = { nowMs: START_MS }
  const nonces = createDpopNonces(SECRET, () => clock.nowMs)
  beforeEach(() => {
    clock.nowMs = START_MS
  })

  it('are accepted while they are handed out and for one period more', () => {
    const nonce = nonces.issue()
    const expiresAtMs = nonces.expiryOf(nonce)
    expect(expiresAtMs).to.equal(START_MS + 2 * NONCE_PERIOD_MS - (START_MS % NONCE_PERIOD_MS))
    clock.nowMs = (expiresAtMs ?? 0) - 1
    expect(nonces.expiryOf(nonce)).to.equal(expiresAtMs)
    clock.nowMs += 1
    expect(nonces.expiryOf(nonce)).to.equal(undefined)
  })

  it('change every period', () => {
    const nonce = nonces.issue()
    clock.nowMs += NONCE_PERIOD_MS
    expect(nonces.issue()).to.not.equal(nonce)
  })

  it('are understood by every process with the secret, and by none without', () => {
    const nonce = nonces.issue()
    expect(createDpopNonces(SECRET, () => clock.nowMs).expiryOf(nonce)).to.be.a('number')
    expect(createDpopNonces(Buffer.alloc(32, 8), () => clock.nowMs).expiryOf(nonce)).to.equal(undefined)
  })

  it('are refused from the future, and in any other form', () => {
    clock.nowMs += NONCE_PERIOD_MS
    const ahead = nonces.issue()
    clock.nowMs = START_MS
    const nonce = nonces.issue()
    const flipped = `${nonce[0] === 'A' ? 'B' : 'A'}${nonce.slice(1)}`
    for (const other of [ahead, '', `${nonce}A`, `${nonce}=`, nonce.slice(1), flipped, 5, null, undefined]) {
      expect(nonces.expiryOf(other)).to.equal(undefined)
    }
  })
})

describe('a gateway that demands DPoP nonces', () => {
  let world: IdentityWorld
  before(async () => {
    world = await createIdentityWorld({ nonceSecret: SECRET })
  })
  const endpoint = 'https://gateway.test/oauth/token'
  const codeOf = async (dpop: string) => {
    try {
      await requestToken(world, { dpop })
      return 'accepted'
    } catch (error) {
      return error instanceof GatewayError ? error.code : String(error)
    }
  }

  it('refuses a proof without one, and accepts it with one', async () => {
    expect(await codeOf(await proofFor(world, 'POST', endpoint))).to.equal('dpop_nonce_required')
    const nonce = world.identity.nonces?.issue() ?? ''
    expect(await codeOf(await proofFor(world, 'POST', endpoint, { nonce }))).to.equal('accepted')
  })

  it('trusts the nonce over a clock that is half an hour slow', async () => {
    const nonce = world.identity.nonces?.issue() ?? ''
    world.clock.nowMs -= 1_800_000
    const proof = await proofFor(world, 'POST', endpoint, { nonce })
    world.clock.nowMs += 1_800_000
    expect(await codeOf(proof)).to.equal('accepted')
    expect(await codeOf(proof)).to.equal('dpop_proof_invalid')
  })

  it('refuses even so what is dated more than a minute ahead', async () => {
    const nonce = world.identity.nonces?.issue() ?? ''
    world.clock.nowMs += 61_000
    const proof = await proofFor(world, 'POST', endpoint, { nonce })
    world.clock.nowMs -= 61_000
    expect(await codeOf(proof)).to.equal('dpop_proof_invalid')
  })
})

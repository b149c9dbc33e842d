import { expect } from 'chai'
import { type Attestation, createAttestationLimit } from '../../src/ledger/attestation.ts'
import { GatewayError } from '../../src/model/errors.ts'

const NOW = 1_700_000_000_000
const ago = (seconds: number) => new Date(NOW - seconds * 1000)

async function stops(standing: Partial<Attestation>, stopAfterSeconds = 60): Promise<boolean> {
  const changes: boolean[] = []
  const limit = createAttestationLimit({
    read: async () => ({ refusedSince: undefined, firstOpenAt: undefined, ...standing }),
    stopAfterSeconds,
    now: () => NOW,
    onChange: (stopped) => changes.push(stopped),
  })
  await limit.look()
  await limit.look()
  try {
    limit.assertAttested()
    expect(changes).to.deep.equal([])
    return false
  } catch (error) {
    expect(error).to.be.instanceOf(GatewayError).with.property('code', 'log_unattested')
    expect(changes).to.deep.equal([true])
    return true
  }
}

describe('the limit on an unattested log', () => {
  it('lets exchanges go on while everything is attested, or has not been open for too long', async () => {
    expect(await stops({})).to.equal(false)
    expect(await stops({ firstOpenAt: ago(60), refusedSince: ago(60) })).to.equal(false)
  })

  it('stops them where a record has stood open for too long, or signing was refused for too long', async () => {
    expect(await stops({ firstOpenAt: ago(61) })).to.equal(true)
    expect(await stops({ refusedSince: ago(61) })).to.equal(true)
    expect(await stops({ refusedSince: ago(61), firstOpenAt: ago(1) })).to.equal(true)
  })

  it('stops nothing where it is 0', async () => {
    expect(await stops({ firstOpenAt: ago(1e6) }, 0)).to.equal(false)
  })
})

import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { createStrangers, type Strangers } from '../../src/http/strangers.ts'
import type { ErrorCode } from '../../src/model/error-table.ts'
import { GatewayError } from '../../src/model/errors.ts'

const PROXY = '10.0.3.7'

describe('refusals of strangers', () => {
  let clockMs = 0
  let strangers: Strangers

  beforeEach(() => {
    clockMs = 0
    strangers = createStrangers({
      perMinute: 6,
      maxAddresses: 100,
      clock: () => clockMs,
      isProxy: (address) => address === PROXY,
    })
  })

  const from = (remoteAddress: string) => ({ socket: { remoteAddress } }) as IncomingMessage
  const refuse = (address: string, times: number, code: ErrorCode = 'credential_invalid') => {
    for (let time = 0; time < times; time += 1) strangers.note(from(address), new GatewayError(code))
  }
  /** @returns seconds to wait; 0 where the address is admitted. */
  function waitOf(address: string): number | undefined {
    try {
      strangers.assertAdmitted(from(address))
      return 0
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown
      expect(thrown.code).to.equal('refusals_too_many')
      return thrown.retryAfterSeconds
    }
  }

  it('cost an address its allowance, which comes back with time and never beyond the whole', () => {
    refuse('192.0.2.1', 5)
    expect(waitOf('192.0.2.1')).to.equal(0)
    refuse('192.0.2.1', 1)
    expect(waitOf('192.0.2.1')).to.equal(10)
    clockMs += 9_000
    expect(waitOf('192.0.2.1')).to.equal(1)
    clockMs += 1_000
    expect(waitOf('192.0.2.1')).to.equal(0)
    clockMs += 3_600_000
    refuse('192.0.2.1', 5)
    expect(waitOf('192.0.2.1')).to.equal(0)
    refuse('192.0.2.1', 1)
    expect(waitOf('192.0.2.1')).to.equal(10)
  })

  it('count for an IPv6 network of 64 bits and for no other address', () => {
    refuse('2001:db8:1:2::1', 3)
    refuse('2001:db8:1:2:ffff::9', 3)
    expect(waitOf('2001:db8:1:2:3:4:5:6')).to.equal(10)
    expect(waitOf('2001:db8:1:3::1')).to.equal(0)
    expect(waitOf('192.0.2.1')).to.equal(0)
  })

  it('do not count where the gateway is at fault, a nonce is asked for, or a trusted proxy stands before many', () => {
    refuse('192.0.2.1', 10, 'ledger_unavailable')
    refuse('192.0.2.1', 10, 'internal_error')
    refuse('192.0.2.1', 10, 'dpop_nonce_required')
    refuse(PROXY, 10)
    expect(waitOf('192.0.2.1')).to.equal(0)
    expect(waitOf(PROXY)).to.equal(0)
  })

  it('are not made worse by asking while they are too many', () => {
    refuse('192.0.2.1', 6)
    refuse('192.0.2.1', 50, 'refusals_too_many')
    expect(waitOf('192.0.2.1')).to.equal(10)
  })

  it('are remembered of a bounded number of addresses, the latest', () => {
    for (let host = 1; host <= 150; host += 1) refuse(`192.0.2.${host}`, 6)
    expect(waitOf('192.0.2.50')).to.equal(0)
    expect(waitOf('192.0.2.51')).to.equal(10)
    expect(waitOf('192.0.2.150')).to.equal(10)
  })
})

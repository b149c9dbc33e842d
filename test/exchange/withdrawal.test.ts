import { expect } from 'chai'
import type { EndedExchange } from '../../src/exchange/passage.ts'
import {
  createWithdraw,
  type WithdrawalParts,
  type WithdrawalRequest,
} from '../../src/exchange/withdrawal.ts'
import { consentDigest } from '../../src/identity/consent.ts'
import { GatewayError } from '../../src/model/errors.ts'
import type { Consumer, ExchangeFacts, Receipt } from '../../src/model/exchange.ts'
import type { Authority } from '../../src/registry/authority.ts'

const NOW = Date.parse('2026-11-22T03:00:00Z')
const ISSUER = { id: 'G01/vneid', binding: 'dpop', tokenDigest: 'digest', audience: '' } as Consumer
const RECEIPT = { exchangeId: 'exchange' } as unknown as Receipt
const REQUEST: WithdrawalRequest = {
  exchangeId: 'exchange',
  receivedAtMs: NOW - 5,
  traceId: '0'.repeat(32),
  credentials: { method: 'POST', url: '' },
  salt: new Uint8Array(16),
  body: Buffer.from('{}'),
  consent: 'consent-0000000001',
}

/** @param issuers whose consents the one agreement takes. */
function authorityOf(number: number | undefined, issuers: readonly string[] = [ISSUER.id]): Authority {
  const agreements = new Map([
    ['a', { document: {} }],
    ['b', { document: { consent: { issuers } } }],
  ])
  return { number, registry: { digest: 'registry', agreements } } as unknown as Authority
}

/** Takes a consent back through parts that differ in this. */
async function withdraw(change: Partial<WithdrawalParts> = {}) {
  const revoked: { readonly tokenDigest: string; readonly expiresAtMs: number }[] = []
  const recorded: { readonly facts: ExchangeFacts; readonly outcome: string }[] = []
  const observed: EndedExchange[] = []
  const ledger: WithdrawalParts['ledger'] = {
    assertAvailable: () => {},
    complete: async (facts: ExchangeFacts, conclude: () => { readonly outcome: string }) => {
      recorded.push({ facts: { ...facts }, outcome: conclude().outcome })
      return RECEIPT
    },
  } as never
  const { ended, receipt } = await createWithdraw({
    authority: () => authorityOf(1),
    authenticate: async () => ISSUER,
    checkStanding: () => {},
    ledger,
    revoke: async (named) => void revoked.push(named),
    now: () => NOW,
    observe: (each) => void observed.push(each),
    ...change,
  })(REQUEST)
  return { ended, receipt, revoked, recorded, observed }
}

const refuse = (code: 'subsystem_suspended' | 'ledger_unavailable') => () => {
  throw new GatewayError(code)
}

describe('taking a consent back', () => {
  it('is in force before it is recorded, for as long as a consent may last', async () => {
    const { ended, receipt, revoked, recorded, observed } = await withdraw()
    expect([ended, receipt]).to.deep.equal([{ withdrawnAtMs: NOW }, RECEIPT])
    expect(revoked).to.have.length(1)
    expect(revoked[0]?.tokenDigest).to.equal(consentDigest(ISSUER.id, REQUEST.consent))
    expect(revoked[0]?.expiresAtMs).to.be.above(NOW + 366 * 86_400_000)
    expect(recorded.map(({ outcome }) => outcome)).to.deep.equal(['delivered'])
    expect(recorded[0]?.facts).to.deep.include({
      service: 'consent',
      operation: 'withdraw',
      consumer: ISSUER.id,
      consent: { id: REQUEST.consent, issuer: ISSUER.id },
    })
    expect(observed).to.have.length(1)
  })

  const refused: readonly (readonly [what: string, change: Partial<WithdrawalParts>, code: string])[] = [
    [
      'whose subsystem was suspended',
      { checkStanding: refuse('subsystem_suspended') },
      'subsystem_suspended',
    ],
    [
      'whose consents no agreement takes',
      { authority: () => authorityOf(1, ['G03/hoc-ba']) },
      'consent_issuer_unknown',
    ],
    [
      'while nobody knows what is in force',
      { authority: () => authorityOf(undefined) },
      'authority_unconfirmed',
    ],
    [
      'while it cannot be told to all',
      { revoke: async () => refuse('ledger_unavailable')() },
      'ledger_unavailable',
    ],
  ]
  for (const [what, change, code] of refused) {
    it(`is refused to an issuer ${what}, and recorded as such`, async () => {
      const { ended, revoked, recorded } = await withdraw(change)
      expect(ended).to.include({ code })
      expect(revoked).to.deep.equal([])
      expect(recorded).to.have.length(1)
      expect(recorded[0]?.outcome).to.not.equal('delivered')
      expect(recorded[0]?.facts.code).to.equal(code)
    })
  }

  it('does not begin while the log takes no records, and is not told as done where it was not recorded', async () => {
    const complete = async () => refuse('ledger_unavailable')()
    const closed = await withdraw({
      ledger: { assertAvailable: refuse('ledger_unavailable'), complete } as never,
    })
    expect(closed.revoked).to.deep.equal([])
    expect(closed.ended).to.include({ code: 'ledger_unavailable' })
    const late = await withdraw({ ledger: { assertAvailable: () => {}, complete } as never })
    expect(late.revoked).to.have.length(1)
    expect([late.ended instanceof GatewayError, late.receipt]).to.deep.equal([true, undefined])
    expect(late.observed).to.have.length(1)
  })

  it('has no record where nobody was recognised', async () => {
    const thrown = await withdraw({ authenticate: refuse('subsystem_suspended') }).catch(
      (error: unknown) => error,
    )
    expect(thrown).to.include({ code: 'subsystem_suspended' })
  })
})

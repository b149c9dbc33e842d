import { consentDigest, MAX_CONSENT_SECONDS } from '../identity/consent.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Consumer, Credentials, ExchangeFacts, Receipt } from '../model/exchange.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { Authority } from '../registry/authority.ts'
import { describeEnd, type EndedExchange, outcomeOf, unconfirmed } from './passage.ts'
import { digestOf } from './stages.ts'

/** Taking a consent back: by its issuer, whom the person told. */

export interface WithdrawalRequest {
  readonly exchangeId: string
  readonly receivedAtMs: number
  readonly traceId: string
  readonly credentials: Credentials
  readonly salt: Uint8Array
  readonly body: Uint8Array
  /** Id of the consent (`jti`). */
  readonly consent: string
}

export interface Withdrawal {
  readonly ended: { readonly withdrawnAtMs: number } | GatewayError
  readonly receipt: Receipt | undefined
}

/**
 * Resolves once no later answer leaves under the consent, in any process, and that is in the log. A consent that
 * nobody has used yet can be withdrawn, and one that was withdrawn again.
 * @throws GatewayError where nobody was recognised.
 */
export type Withdraw = (request: WithdrawalRequest) => Promise<Withdrawal>

export interface WithdrawalParts {
  readonly authority: () => Authority
  readonly authenticate: (credentials: Credentials) => Consumer | Promise<Consumer>
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'complete'>
  /** Resolves once nothing is released any more under what bears this name. */
  readonly revoke: (named: { readonly tokenDigest: string; readonly expiresAtMs: number }) => Promise<void>
  /** Unix milliseconds. */
  readonly now: () => number
  readonly observe: (ended: EndedExchange) => void
}

/** What the record calls it. */
export const CONSENT_SERVICE = 'consent'
const OPERATION = 'withdraw'
const MARGIN_MS = 60_000

function assertIssuer(issuer: SubsystemId, { registry }: Authority): void {
  for (const { document } of registry.agreements.values()) {
    if (document.consent?.issuers.includes(issuer)) return
  }
  throw new GatewayError('consent_issuer_unknown')
}

export function createWithdraw(parts: WithdrawalParts): Withdraw {
  const { ledger, now } = parts

  function startFacts(request: WithdrawalRequest, issuer: Consumer): ExchangeFacts {
    return {
      exchangeId: request.exchangeId,
      receivedAtMs: request.receivedAtMs,
      traceId: request.traceId,
      consumer: issuer.id,
      binding: issuer.binding,
      tokenDigest: issuer.tokenDigest,
      service: CONSENT_SERVICE,
      operation: OPERATION,
      registryDigest: parts.authority().registry.digest,
      consent: { id: request.consent, issuer: issuer.id },
      request: digestOf(request.body, request.salt),
    }
  }

  async function takeBack({ consent }: WithdrawalRequest, issuer: Consumer): Promise<void> {
    ledger.assertAvailable()
    const authority = parts.authority()
    if (authority.number === undefined) throw unconfirmed()
    parts.checkStanding(issuer, authority)
    assertIssuer(issuer.id, authority)
    const expiresAtMs = now() + MAX_CONSENT_SECONDS * 1000 + MARGIN_MS
    await parts.revoke({ tokenDigest: consentDigest(issuer.id, consent), expiresAtMs })
  }

  return async (request) => {
    const issuer = await parts.authenticate(request.credentials)
    const facts = startFacts(request, issuer)
    let error: GatewayError | undefined
    let receipt: Receipt | undefined
    try {
      await takeBack(request, issuer)
    } catch (thrown) {
      error = asGatewayError(thrown)
      facts.code = error.code
    }
    try {
      const outcome = error ? outcomeOf(error) : 'delivered'
      receipt = await ledger.complete(facts, () => ({ outcome, reply: undefined, authority: undefined }))
    } catch (thrown) {
      error = asGatewayError(thrown)
    }
    parts.observe(
      describeEnd(facts, { error, receipt, method: 'POST', totalMs: now() - request.receivedAtMs }),
    )
    return { ended: error ?? { withdrawnAtMs: now() }, receipt }
  }
}

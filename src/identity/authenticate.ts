import { GatewayError } from '../model/errors.ts'
import type { Consumer, Credentials } from '../model/exchange.ts'
import type { VerifiedToken, VerifyToken } from './access-token.ts'
import type { CheckClaim } from './claim.ts'
import type { CheckDpopProof } from './dpop.ts'
import { refusal } from './faults.ts'
import type { SubsystemDirectory } from './registered-keys.ts'
import { isAtOrBelow } from './resource.ts'

/**
 * Finds out who is asking. Answers at once for certificate-bound and sandbox bearer tokens that were seen
 * before; a DPoP proof has to be claimed in the replay store first.
 * @throws GatewayError (or rejects with one) `credential_missing`, `credential_invalid`,
 * `dpop_proof_invalid`, `dpop_nonce_required`, `client_unknown`, `client_unproved`, `issuer_unavailable`, `subsystem_suspended`, `ledger_unavailable`.
 */
export type Authenticate = (credentials: Credentials) => Consumer | Promise<Consumer>

export interface AuthenticatorParts {
  readonly verifyToken: VerifyToken
  readonly checkProof: CheckDpopProof
  readonly directory: () => SubsystemDirectory
  readonly checkClaim: CheckClaim
  /** Whether this gateway is a sandbox: only there a subsystem's `bearerTokens` switch counts. */
  readonly sandbox: boolean
}

type Scheme = 'dpop' | 'bearer'

/** `Authorization: scheme SP token` (RFC 9110 §11.4) with one of our two schemes. */
function readAuthorization(field: string | undefined): { scheme: Scheme; token: string } {
  if (field === undefined || field === '') throw new GatewayError('credential_missing')
  const space = field.indexOf(' ')
  const scheme = field.slice(0, space).toLowerCase()
  const token = field.slice(space + 1)
  if ((scheme !== 'dpop' && scheme !== 'bearer') || token === '')
    throw refusal('credential_invalid', 'scheme')
  return { scheme, token }
}

export function createAuthenticator(parts: AuthenticatorParts): Authenticate {
  const { verifyToken, checkProof, checkClaim, directory, sandbox } = parts

  const proveDpop = async (verified: VerifiedToken, proof: string, credentials: Credentials) => {
    await checkProof({
      proof,
      method: credentials.method,
      url: credentials.url,
      tokenDigest: verified.digest,
      boundTo: verified.boundTo,
    })
    return verified.consumer
  }

  const admit = (verified: VerifiedToken, scheme: Scheme, credentials: Credentials) => {
    const { consumer, boundTo } = verified
    const { claim } = credentials
    if (claim !== undefined && claim.subsystem !== consumer.id) throw refusal('credential_invalid', 'claimed')
    if (!isAtOrBelow(consumer.audience, credentials.url)) throw refusal('credential_invalid', 'resource')
    if (consumer.binding === 'dpop') {
      // A bound token sent as a plain bearer token is what a thief would do (RFC 9449 §7.1).
      if (scheme !== 'dpop' || !credentials.dpop) throw refusal('credential_invalid', 'proofMissing')
      return proveDpop(verified, credentials.dpop, credentials)
    }
    if (scheme !== 'bearer' || credentials.dpop !== undefined) throw refusal('credential_invalid', 'scheme')
    if (consumer.binding === 'mtls') {
      if (credentials.certificateThumbprint !== boundTo) throw refusal('credential_invalid', 'certificate')
      return consumer
    }
    const { sandbox: own } = directory().subsystems.get(consumer.id) ?? {}
    if (!sandbox || own?.bearerTokens !== true) throw refusal('credential_invalid', 'unbound')
    return consumer
  }

  return (credentials) => {
    const { claim } = credentials
    if (claim !== undefined && credentials.authorization === undefined) return checkClaim(claim, credentials)
    const { scheme, token } = readAuthorization(credentials.authorization)
    const verified = verifyToken(token)
    return verified instanceof Promise
      ? verified.then((late) => admit(late, scheme, credentials))
      : admit(verified, scheme, credentials)
  }
}

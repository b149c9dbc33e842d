import { GatewayError } from '../model/errors.ts'
import type { Consumer } from '../model/exchange.ts'
import type { ForeignClient, Subsystem } from '../model/party.ts'
import { mayConnectUnproved } from './claim.ts'
import { holdsCertificate } from './client-certificate.ts'
import { refusal } from './faults.ts'
import { vetRegisteredJwk } from './key-vetting.ts'
import type { SubsystemDirectory } from './registered-keys.ts'

/** What a consumer that proved itself is held against; `Authority` and its registry are one. */
export interface StandingGround {
  readonly registry: SubsystemDirectory
  isRevoked(tokenDigest: string): boolean
}

/**
 * Whether a consumer that proved itself may use its credential: a token outlives neither its holder, nor the key or
 * certificate it was got with, nor its revocation. Asked when an exchange begins and again before its answer leaves.
 * @throws GatewayError `credential_invalid`, `subsystem_suspended`.
 */
export type CheckStanding = (consumer: Consumer, ground: StandingGround) => void

function namesClient(subsystem: Subsystem, { issuer, clientId }: ForeignClient): boolean {
  const clients = subsystem.credentials?.foreignClients ?? []
  return clients.some((client) => client.issuer === issuer && client.clientId === clientId)
}

export function createStandingCheck(): CheckStanding {
  // Keyed by the snapshot's own objects, which a swap leaves alone where nothing of them changed.
  const thumbprints = new WeakMap<Subsystem, ReadonlySet<string>>()

  function credentialsOf(subsystem: Subsystem): ReadonlySet<string> {
    const known = thumbprints.get(subsystem)
    if (known !== undefined) return known
    const { jwks = [], certificates = [] } = subsystem.credentials ?? {}
    const keys = jwks.flatMap((jwk) => {
      const verdict = vetRegisteredJwk(jwk)
      return 'fault' in verdict ? [] : [verdict.key.thumbprint]
    })
    const all = new Set([...keys, ...certificates])
    thumbprints.set(subsystem, all)
    return all
  }

  return (consumer, { registry, isRevoked }) => {
    const { id, binding, boundTo, clientKey, foreignClient, tokenDigest } = consumer
    const subsystem = registry.subsystems.get(id)
    if (subsystem === undefined) throw refusal('credential_invalid', 'issuer')
    if (subsystem.state !== 'active') throw new GatewayError('subsystem_suspended')
    if (isRevoked(tokenDigest)) throw refusal('credential_invalid', 'revoked')
    if (clientKey !== undefined && !credentialsOf(subsystem).has(clientKey)) {
      throw refusal('credential_invalid', 'keyRemoved')
    }
    if (foreignClient !== undefined && !namesClient(subsystem, foreignClient)) {
      throw refusal('credential_invalid', 'client')
    }
    if (binding === 'mtls' && !holdsCertificate(subsystem, boundTo)) {
      throw refusal('credential_invalid', 'certificate')
    }
    if (binding === 'network' && !mayConnectUnproved(subsystem))
      throw refusal('credential_invalid', 'network')
    if (binding === 'bearer' && subsystem.sandbox?.bearerTokens !== true) {
      throw refusal('credential_invalid', 'unbound')
    }
  }
}

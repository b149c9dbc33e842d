import { isWithin } from '../model/agreement.ts'
import { GatewayError } from '../model/errors.ts'
import type { Consumer, DataExchangeDetail } from '../model/exchange.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import type { VerifiedToken, VerifyToken } from './access-token.ts'
import type { Addresses } from './addresses.ts'
import type { AuthenticateClient, TokenRequest } from './client-authentication.ts'
import type { CheckStanding, StandingGround } from './standing.ts'

/** What is in force: who is registered, what they provide and to whom, which tokens were revoked. */
export interface StatusGround extends StandingGround {
  readonly registry: StandingGround['registry'] & { readonly services: ReadonlyMap<string, CompiledService> }
}

/** Takes a token away; resolves once no later answer is released under it, in any process. */
export type RevokeToken = (token: {
  readonly tokenDigest: string
  /** Unix milliseconds. */
  readonly expiresAtMs: number
}) => Promise<void>

export interface TokenStatusParts {
  readonly addresses: () => Addresses
  readonly authenticateClient: AuthenticateClient
  readonly verifyToken: VerifyToken
  readonly checkStanding: CheckStanding
  readonly ground: () => StatusGround
  readonly revoke: RevokeToken
  readonly now: () => number
}

/** RFC 7662 §2.2; of a token that is not good, or not for the asker to know of, nothing but that is said. */
export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true
      readonly iss: string
      readonly sub: SubsystemId
      readonly client_id: SubsystemId
      readonly aud: string
      /** Seconds since 1970. */
      readonly exp: number
      readonly token_type: 'DPoP' | 'Bearer'
      readonly cnf?: { readonly jkt: string } | { readonly 'x5t#S256': string }
      readonly authorization_details?: readonly DataExchangeDetail[]
    }

export interface TokenStatus {
  /**
   * Revokes the token of a request (RFC 7009 §2.1): its holder may, and nobody else. A token that is not good any
   * more, or never was, is none to revoke: that is no error (§2.2).
   * @throws GatewayError `client_invalid`, `request_malformed`, `token_not_yours`, or what the store throws.
   */
  revokeToken(request: TokenRequest): Promise<void>
  /**
   * Tells of a token (RFC 7662): to its holder, and to the provider of a service that an agreement in force lets its
   * holder ask, who is told of the details that speak of its own services.
   * @throws GatewayError `client_invalid`, `request_malformed`.
   */
  introspectToken(request: TokenRequest): Promise<Introspection>
}

const INACTIVE: Introspection = { active: false }

function tokenOf({ parameters }: TokenRequest): string {
  const token = parameters.get('token')
  if (token !== undefined) return token
  throw new GatewayError('request_malformed', {
    detail: { vi: 'Thiếu tham số token.', en: 'The parameter token is missing.' },
  })
}

function confirmationOf({ binding, boundTo = '' }: Consumer) {
  if (binding === 'bearer') return {}
  return { cnf: binding === 'dpop' ? { jkt: boundTo } : { 'x5t#S256': boundTo } }
}

/** Services of `provider` that an agreement in force lets the consumer ask. */
function sharedServices({ registry }: StatusGround, provider: SubsystemId, { id }: Consumer, nowMs: number) {
  const shared = new Set<string>()
  for (const service of registry.services.values()) {
    if (service.provider.id !== provider) continue
    const isAgreed = service
      .agreementsOf(id)
      .some(({ document, span }) => document.state === 'active' && isWithin(span, nowMs))
    if (isAgreed) shared.add(service.document.id)
  }
  return shared
}

export function createTokenStatus(parts: TokenStatusParts): TokenStatus {
  const { verifyToken, ground, now } = parts

  async function authenticated(request: TokenRequest): Promise<SubsystemId> {
    const client = await parts.authenticateClient(request)
    await client.claim()
    return client.subsystem.id
  }

  /** @returns undefined where the token is none that this gateway accepts, or has expired. */
  async function verified(token: string): Promise<VerifiedToken | undefined> {
    try {
      return await verifyToken(token)
    } catch (thrown) {
      if (thrown instanceof GatewayError && thrown.code === 'credential_invalid') return undefined
      throw thrown
    }
  }

  function isGood(consumer: Consumer): boolean {
    try {
      parts.checkStanding(consumer, ground())
      return true
    } catch (thrown) {
      if (thrown instanceof GatewayError) return false
      throw thrown
    }
  }

  function describe({ consumer, expiresAtMs }: VerifiedToken, details: Consumer['details']): Introspection {
    return {
      active: true,
      iss: parts.addresses().issuer,
      sub: consumer.id,
      client_id: consumer.id,
      aud: consumer.audience,
      exp: Math.floor(expiresAtMs / 1000),
      token_type: consumer.binding === 'dpop' ? 'DPoP' : 'Bearer',
      ...confirmationOf(consumer),
      ...(details && { authorization_details: details }),
    }
  }

  return {
    async revokeToken(request) {
      const token = tokenOf(request)
      const holder = await authenticated(request)
      const known = await verified(token)
      if (known === undefined) return
      const { consumer, expiresAtMs } = known
      if (consumer.id !== holder) throw new GatewayError('token_not_yours')
      if (ground().isRevoked(consumer.tokenDigest)) return
      await parts.revoke({ tokenDigest: consumer.tokenDigest, expiresAtMs })
    },
    async introspectToken(request) {
      const token = tokenOf(request)
      const asker = await authenticated(request)
      const known = await verified(token)
      if (known === undefined || !isGood(known.consumer)) return INACTIVE
      const { consumer } = known
      if (asker === consumer.id) return describe(known, consumer.details)
      const shared = sharedServices(ground(), asker, consumer, now())
      const details = consumer.details?.filter(({ service }) => service === undefined || shared.has(service))
      const isTold = shared.size > 0 && details?.length !== 0
      return isTold ? describe(known, details) : INACTIVE
    },
  }
}

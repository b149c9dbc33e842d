import { jwtVerify } from 'jose'
import type { Subsystem } from '../model/party.ts'
import type { Addresses } from './addresses.ts'
import { ALGORITHM_NAMES, readAlgorithm } from './algorithm.ts'
import type { DecoyKeys } from './decoy.ts'
import { refusal } from './faults.ts'
import { CLOCK_LEEWAY_SECONDS, type VerifiedJwt, verifyJwt } from './jws.ts'
import type { FindRegisteredKey, SubsystemDirectory } from './registered-keys.ts'
import { REPLAY_MARGIN_MS, type ReplayStore } from './replay.ts'

/** Longest life of a client assertion. */
export const ASSERTION_LIFETIME_SECONDS = 60

/** `typ` of an assertion: older clients send none or `JWT`, newer ones the type of rfc7523bis. */
const TYPES = [undefined, 'JWT', 'jwt', 'client-authentication+jwt'] as const

export interface ClientAssertionParts {
  /** The issuer identifier is the one audience an assertion may name (audience injection, rfc7523bis §2). */
  readonly addresses: () => Addresses
  readonly directory: () => SubsystemDirectory
  readonly findKey: FindRegisteredKey
  readonly decoys: DecoyKeys
  readonly replay: ReplayStore
  readonly now: () => number
}

/** A subsystem that proved itself, and what is left to do before that counts. */
export interface AuthenticatedClient {
  readonly subsystem: Subsystem
  /** Thumbprint of the registered key or certificate it proved itself with. */
  readonly clientKey: string
  /**
   * Uses the assertion up; apart from the check, so that a request refused for something mendable (a DPoP
   * nonce) may come again with the same one.
   * @throws GatewayError `client_invalid` where it was used before.
   */
  readonly claim: () => Promise<void>
}

/** Authenticates a subsystem by its `private_key_jwt` assertion (RFC 7523 §2.2, FAPI 2.0 §5.3.2.1). */
export type CheckClientAssertion = (assertion: string) => Promise<AuthenticatedClient>

/**
 * A second judge over what was accepted: jose reads the assertion anew. The door through which everything
 * else is obtained is worth two independent parsers.
 */
async function confirm(assertion: string, verified: VerifiedJwt, nowMs: number): Promise<void> {
  try {
    await jwtVerify(assertion, verified.key.object, {
      algorithms: [...ALGORITHM_NAMES],
      issuer: verified.subject,
      subject: verified.subject,
      audience: verified.audience,
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'jti'],
      clockTolerance: CLOCK_LEEWAY_SECONDS,
      currentDate: new Date(nowMs),
    })
  } catch {
    throw refusal('client_invalid', 'signature')
  }
}

/**
 * @returns a check that accepts one assertion once. An unknown subsystem, an unknown key, a suspended
 * subsystem and a wrong signature are refused alike and at the same cost.
 */
export function createClientAssertionCheck(parts: ClientAssertionParts): CheckClientAssertion {
  const { addresses, directory, findKey, decoys, replay, now } = parts
  return async (assertion) => {
    const nowMs = now()
    const { issuer } = addresses()
    const { subsystems } = directory()
    const verified = verifyJwt(assertion, {
      code: 'client_invalid',
      types: TYPES,
      algorithms: ['ES256', 'PS256', 'Ed25519'],
      acceptsIssuer: (claims) => claims['iss'] === claims['sub'],
      acceptsAudience: (audience) => audience === issuer,
      requiredClaims: [],
      maxLifetimeSeconds: ASSERTION_LIFETIME_SECONDS,
      nowMs,
      findKey: (header, claims) => {
        const algorithm = readAlgorithm(header['alg'])
        const subsystem = subsystems.get(String(claims['sub']))
        return algorithm === undefined ? undefined : findKey(subsystem, header['kid'], algorithm)
      },
      decoyKey: (algorithm) => decoys[algorithm],
    })
    await confirm(assertion, verified, nowMs)
    const subsystem = subsystems.get(verified.subject)
    if (subsystem?.state !== 'active') throw refusal('client_invalid', 'signature')
    const expiresAtMs = verified.expiresAtSeconds * 1000 + REPLAY_MARGIN_MS
    const claim = async () => {
      const isFirst = await replay.claim('assertion', `${subsystem.id}\n${verified.jti}`, expiresAtMs)
      if (!isFirst) throw refusal('client_invalid', 'replayed')
    }
    return { subsystem, clientKey: verified.key.thumbprint, claim }
  }
}

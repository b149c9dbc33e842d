import { createTokenIssuer, createTokenVerifier } from './access-token.ts'
import { type Addresses, createAddresses } from './addresses.ts'
import { createAnswerSigner, type SignAnswer } from './answer-signature.ts'
import { type Authenticate, createAuthenticator } from './authenticate.ts'
import { createClaimCheck } from './claim.ts'
import { createClientAssertionCheck } from './client-assertion.ts'
import { createClientAuthentication } from './client-authentication.ts'
import { type Consents, createConsents } from './consent.ts'
import { createDecoyKeys } from './decoy.ts'
import { createDpopCheck } from './dpop.ts'
import { createDpopNonces, type DpopNonces } from './dpop-nonce.ts'
import { createForeignTokenVerifier, type ForeignIssuer } from './foreign-token.ts'
import type { KeyRing } from './keys.ts'
import { createRegisteredKeys, type SubsystemDirectory } from './registered-keys.ts'
import type { ReplayStore } from './replay.ts'
import { type CheckRequestSignature, createRequestSignatureCheck } from './request-signature.ts'
import { type CheckStanding, createStandingCheck } from './standing.ts'
import { createTokenGrant, type GrantToken } from './token-grant.ts'
import { createTokenStatus, type RevokeToken, type StatusGround, type TokenStatus } from './token-status.ts'

/** What identity is built from. */
export interface IdentityParts {
  /** The gateway's public address: its issuer identifier, and the root of every `htu`. */
  readonly publicUrl: () => string
  /** The management listener's public address, where tokens for reading the log are good. */
  readonly managementUrl?: () => string | undefined
  /** Whether tokens are also good at the X-Road door. */
  readonly xroad?: boolean
  readonly keys: () => KeyRing
  /** The registry snapshot in force. */
  readonly directory: () => SubsystemDirectory
  readonly replay: ReplayStore
  /** The authority in force. */
  readonly ground: () => StatusGround
  readonly revoke: RevokeToken
  /** Unix milliseconds. */
  readonly now: () => number
  /** A new id of at least 128 random bits, base64url. */
  readonly newId: () => string
  readonly sandbox: boolean
  /** At least 32 bytes shared by all processes; undefined where proofs need no nonce of ours. */
  readonly nonceSecret: Uint8Array | undefined
  readonly tokenLifetimeSeconds: number
  /** Issuers beside this gateway whose tokens are taken. */
  readonly issuers: readonly ForeignIssuer[]
}

/** Who is calling: tokens given out at one door and recognised at the others. */
export interface Identity {
  readonly authenticate: Authenticate
  readonly checkStanding: CheckStanding
  readonly grantToken: GrantToken
  readonly checkSignature: CheckRequestSignature
  readonly signAnswer: SignAnswer
  readonly consents: Consents
  readonly revokeToken: TokenStatus['revokeToken']
  readonly introspectToken: TokenStatus['introspectToken']
  readonly nonces: DpopNonces | undefined
  readonly addresses: () => Addresses
}

/** Tokens and proof keys remembered by one process; a token takes about a kilobyte. */
const CACHED_TOKENS = 10_000
const CACHED_PROOF_KEYS = 10_000
const CACHED_CONSENTS = 10_000

/** Puts the parts of identity together; the same checks stand behind the token endpoint and every door. */
export function createIdentity(parts: IdentityParts): Identity {
  const { keys, directory, replay, now, newId, sandbox, nonceSecret } = parts
  const addresses = createAddresses(parts.publicUrl, parts.managementUrl, parts.xroad)
  const decoys = createDecoyKeys()
  const nonces = nonceSecret && createDpopNonces(nonceSecret, now)
  const checkProof = createDpopCheck({ replay, now, nonces, maxKeys: CACHED_PROOF_KEYS })
  const findKey = createRegisteredKeys()
  const cacheEntries = CACHED_TOKENS
  const verifyForeign =
    parts.issuers.length > 0
      ? createForeignTokenVerifier({
          issuers: parts.issuers,
          addresses,
          directory,
          decoys,
          now,
          cacheEntries,
        })
      : undefined
  const checkStanding = createStandingCheck()
  const verifyToken = createTokenVerifier({ addresses, keys, decoys, now, cacheEntries, verifyForeign })
  const authenticateClient = createClientAuthentication({
    directory,
    checkAssertion: createClientAssertionCheck({ addresses, directory, findKey, decoys, replay, now }),
  })
  const { ground, revoke } = parts
  const status = createTokenStatus({
    addresses,
    authenticateClient,
    verifyToken,
    checkStanding,
    ground,
    revoke,
    now,
  })
  return {
    addresses,
    nonces,
    checkStanding,
    revokeToken: status.revokeToken,
    introspectToken: status.introspectToken,
    authenticate: createAuthenticator({
      verifyToken,
      checkProof,
      directory,
      checkClaim: createClaimCheck(directory, addresses),
      sandbox,
    }),
    checkSignature: createRequestSignatureCheck({ directory, findKey, replay, now }),
    signAnswer: createAnswerSigner({ keys, now }),
    consents: createConsents({
      addresses,
      directory,
      findKey,
      decoys,
      checkStanding,
      now,
      cacheEntries: CACHED_CONSENTS,
    }),
    grantToken: createTokenGrant({
      addresses,
      authenticateClient,
      checkProof,
      issueToken: createTokenIssuer({
        addresses,
        keys,
        now,
        newId,
        lifetimeSeconds: parts.tokenLifetimeSeconds,
      }),
      sandbox,
    }),
  }
}

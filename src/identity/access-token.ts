import { hash } from 'node:crypto'
import { GatewayError } from '../model/errors.ts'
import type { Consumer, DataExchangeDetail, TokenBinding } from '../model/exchange.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { Addresses } from './addresses.ts'
import { readDetails } from './authorization-details.ts'
import { createBoundedCache } from './bounded-cache.ts'
import type { DecoyKeys } from './decoy.ts'
import { refusal } from './faults.ts'
import { type VerifiedJwt, verifyJwt } from './jws.ts'
import type { KeyRing } from './keys.ts'
import { isResource } from './resource.ts'
import type { SigningKey } from './signing-key.ts'
import type { Members } from './strict-json.ts'

/** Longest life of an access token. */
export const MAX_TOKEN_LIFETIME_SECONDS = 300

/** What a token is tied to (RFC 7800 `cnf`): a DPoP key, a client certificate, or nothing (sandbox only). */
export type Confirmation = { readonly jkt: string } | { readonly 'x5t#S256': string } | undefined

/** What goes into a token. */
export interface TokenContent {
  readonly subsystem: SubsystemId
  readonly audience: string
  readonly confirmation: Confirmation
  /** Thumbprint of the key or certificate that the subsystem got the token with. */
  readonly clientKey: string
  readonly details: readonly DataExchangeDetail[] | undefined
}

export interface IssuedToken {
  readonly token: string
  readonly expiresInSeconds: number
}

export type IssueToken = (content: TokenContent) => Promise<IssuedToken>

export interface TokenIssuerParts {
  readonly addresses: () => Addresses
  readonly keys: () => KeyRing
  readonly now: () => number
  /** A new id of at least 128 random bits, base64url. */
  readonly newId: () => string
  readonly lifetimeSeconds: number
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** A key may be in a device that is away. */
async function sign(key: SigningKey, text: string): Promise<Uint8Array> {
  try {
    return await key.sign(Buffer.from(text))
  } catch (cause) {
    throw new GatewayError('signer_unavailable', { cause, retryAfterSeconds: 5 })
  }
}

/** Access tokens in the form of RFC 9068, signed with the ring's current key. */
export function createTokenIssuer(parts: TokenIssuerParts): IssueToken {
  const { addresses, keys, now, newId } = parts
  const lifetime = Math.min(parts.lifetimeSeconds, MAX_TOKEN_LIFETIME_SECONDS)
  return async ({ subsystem, audience, confirmation, clientKey, details }) => {
    const nowMs = now()
    const key = keys().current(nowMs)
    const iat = Math.floor(nowMs / 1000)
    const header = { alg: key.alg, typ: 'at+jwt', kid: key.kid }
    const claims = {
      iss: addresses().issuer,
      sub: subsystem,
      client_id: subsystem,
      aud: audience,
      iat,
      exp: iat + lifetime,
      jti: newId(),
      client_key: clientKey,
      ...(confirmation && { cnf: confirmation }),
      ...(details && { authorization_details: details }),
    }
    const signed = `${encode(header)}.${encode(claims)}`
    const signature = await sign(key, signed)
    return {
      token: `${signed}.${Buffer.from(signature).toString('base64url')}`,
      expiresInSeconds: lifetime,
    }
  }
}

/** A token that met every rule; whether its holder may use it here is `authenticate`'s to say. */
export interface VerifiedToken {
  readonly consumer: Consumer
  /** SHA-256 of the token, base64url: what a DPoP proof's `ath` must be. */
  readonly digest: string
  /** `jkt` or `x5t#S256`; undefined for a bearer token. */
  readonly boundTo: string | undefined
  readonly expiresAtMs: number
}

/**
 * Answers at once for our own tokens; one of a foreign issuer may have to wait for that issuer's keys.
 * @throws GatewayError (or rejects with one) `credential_invalid`, `issuer_unavailable`.
 */
export type VerifyToken = (token: string) => VerifiedToken | Promise<VerifiedToken>

/**
 * Judges a token of a foreign issuer by the rules for our own: `at+jwt`, one audience that is ours, a short life,
 * tied to its holder. Answers at once where its issuer's keys are at hand.
 * @returns undefined where no foreign issuer is named in it.
 * @throws GatewayError (or rejects with one) `credential_invalid`, `issuer_unavailable`.
 */
export type VerifyForeignToken = (
  token: string,
  digest: string,
) => VerifiedToken | Promise<VerifiedToken> | undefined

export interface TokenVerifierParts {
  /** A token's issuer must be ours, its audience at or below one of our resources. */
  readonly addresses: () => Addresses
  readonly keys: () => KeyRing
  readonly decoys: DecoyKeys
  readonly now: () => number
  /** Verified tokens remembered; one takes about a kilobyte. */
  readonly cacheEntries: number
  /** Judges tokens of foreign issuers; undefined where none is configured. */
  readonly verifyForeign: VerifyForeignToken | undefined
}

const SUBSYSTEM_ID = /^[^/\s]{1,35}\/[^/\s]{1,64}$/

function isSubsystemId(text: string): text is SubsystemId {
  return SUBSYSTEM_ID.test(text)
}

function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value)
}

/** Exactly one confirmation method, or no `cnf` at all. */
function readBinding(cnf: unknown): { binding: TokenBinding; boundTo: string | undefined } | undefined {
  if (cnf === undefined) return { binding: 'bearer', boundTo: undefined }
  if (typeof cnf !== 'object' || cnf === null || Object.keys(cnf).length !== 1) return undefined
  const { jkt, 'x5t#S256': certificate } = cnf as Members
  if (isThumbprint(jkt)) return { binding: 'dpop', boundTo: jkt }
  return isThumbprint(certificate) ? { binding: 'mtls', boundTo: certificate } : undefined
}

function readToken(token: string, digest: string, parts: TokenVerifierParts, nowMs: number): VerifiedToken {
  const ring = parts.keys()
  const { issuer, resources } = parts.addresses()
  const verified = verifyJwt(token, {
    code: 'credential_invalid',
    types: ['at+jwt'],
    algorithms: ['ES256', 'PS256', 'Ed25519'],
    acceptsIssuer: (claims) => claims['iss'] === issuer && claims['sub'] === claims['client_id'],
    acceptsAudience: (audience) => resources.some((root) => isResource(root, audience)),
    requiredClaims: ['iat', 'client_id'],
    maxLifetimeSeconds: MAX_TOKEN_LIFETIME_SECONDS,
    nowMs,
    findKey: ({ kid }) => (typeof kid === 'string' ? ring.find(kid, nowMs) : undefined),
    decoyKey: (algorithm) => parts.decoys[algorithm],
  })
  const { subject: id, claims } = verified
  const clientKey = claims['client_key']
  const isKeyNamed = clientKey === undefined || isThumbprint(clientKey)
  if (!isSubsystemId(id) || !isKeyNamed) throw refusal('credential_invalid', 'claims')
  const tokenDigest = hash('sha256', verified.jti, 'base64url')
  return readConsumer(verified, digest, { id, clientKey, tokenDigest })
}

/**
 * What a verified token says of its holder and its limits, whoever issued it.
 * @throws GatewayError `credential_invalid` where it can't be read: a limit not understood is no limit kept.
 */
export function readConsumer(
  verified: VerifiedJwt,
  digest: string,
  holder: Pick<Consumer, 'id' | 'tokenDigest' | 'clientKey' | 'foreignClient'>,
): VerifiedToken {
  const { claims, audience } = verified
  const held = readBinding(claims['cnf'])
  const named = claims['authorization_details']
  const details = named === undefined ? undefined : readDetails(named)
  if (held === undefined || (named !== undefined && details === undefined)) {
    throw refusal('credential_invalid', 'claims')
  }
  const { binding, boundTo } = held
  const consumer = Object.freeze({ ...holder, binding, boundTo, audience, details })
  return { consumer, digest, boundTo, expiresAtMs: verified.expiresAtSeconds * 1000 }
}

/**
 * Verifies access tokens. One of our own that was found good is remembered by its SHA-256 until it expires;
 * only tokens in canonical form get that far, so a token has one digest and a refused one is never kept.
 */
export function createTokenVerifier(parts: TokenVerifierParts): VerifyToken {
  const cache = createBoundedCache<VerifiedToken>(parts.cacheEntries)
  return (token) => {
    const nowMs = parts.now()
    const digest = hash('sha256', token, 'base64url')
    const known = cache.get(digest)
    if (known !== undefined) {
      if (nowMs < known.expiresAtMs) return known
      cache.delete(digest)
      throw refusal('credential_invalid', 'expired')
    }
    const foreign = parts.verifyForeign?.(token, digest)
    if (foreign !== undefined) return foreign
    const verified = readToken(token, digest, parts, nowMs)
    cache.set(digest, verified)
    return verified
  }
}

import { hash } from 'node:crypto'
import { ASSERTION_LIFETIME_SECONDS } from './client-assertion.ts'
import { CONSENT_TYPE, subjectTag } from './consent.ts'
import { PROOF_TYPE } from './dpop.ts'
import type { SigningKey } from './signing-key.ts'

/** What the other side signs: a consumer's assertions and proofs, for our own CLI, sandbox and benchmark. */

async function signJwt(
  key: SigningKey,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encode({ alg: key.alg, ...header })}.${encode(claims)}`
  return `${signed}.${Buffer.from(await key.sign(Buffer.from(signed))).toString('base64url')}`
}

export interface AssertionContent {
  /** The subsystem's id. */
  readonly clientId: string
  readonly issuer: string
  readonly nowMs: number
  /** Fresh for each assertion. */
  readonly jti: string
}

/** A client assertion (RFC 7523 §2.2) good for one token request within a minute. */
export function signAssertion(key: SigningKey, content: AssertionContent): Promise<string> {
  const { clientId, issuer, nowMs, jti } = content
  const iat = Math.floor(nowMs / 1000)
  const exp = iat + ASSERTION_LIFETIME_SECONDS
  const header = { typ: 'client-authentication+jwt', kid: key.kid }
  return signJwt(key, header, { iss: clientId, sub: clientId, aud: issuer, jti, iat, exp })
}

export interface ProofContent {
  readonly method: string
  /** The request's address; query and fragment are left out of the proof. */
  readonly url: string
  /** Absent in a proof for the token endpoint. */
  readonly accessToken?: string
  readonly nonce?: string
  readonly nowMs: number
  /** Fresh for each proof. */
  readonly jti: string
}

/** A DPoP proof (RFC 9449 §4.2) for one request. */
export function signProof(key: SigningKey, content: ProofContent): Promise<string> {
  const { method, url, accessToken, nonce, nowMs, jti } = content
  const { kid, alg, use, ...jwk } = key.publicJwk
  return signJwt(
    key,
    { typ: PROOF_TYPE, jwk },
    {
      jti,
      htm: method,
      htu: url.replace(/[?#].*$/, ''),
      iat: Math.floor(nowMs / 1000),
      ...(accessToken !== undefined && { ath: hash('sha256', accessToken, 'base64url') }),
      ...(nonce !== undefined && { nonce }),
    },
  )
}

export interface ConsentContent {
  /** The issuing subsystem. */
  readonly issuer: string
  /** The gateway's public URL. */
  readonly audience: string
  /** 16 to 128 unreserved characters; it names nobody. */
  readonly id: string
  /** Identifier of the person as requests name them; only its tag stands in the consent. */
  readonly subject: string
  /** At least 16 random bytes, fresh for each consent. */
  readonly salt: Uint8Array
  readonly consumer: string
  readonly service: string
  readonly purposes: readonly string[]
  readonly fields: readonly string[]
  readonly nowMs: number
  readonly lifetimeSeconds: number
}

/** A person's consent as its issuer signs it. */
export function signConsent(key: SigningKey, content: ConsentContent): Promise<string> {
  const { issuer, audience, id, subject, salt, consumer, service, purposes, fields } = content
  const iat = Math.floor(content.nowMs / 1000)
  const claims = {
    iss: issuer,
    sub: subjectTag(subject, salt),
    aud: audience,
    jti: id,
    iat,
    exp: iat + content.lifetimeSeconds,
    salt: Buffer.from(salt).toString('base64url'),
    consumer,
    service,
    purposes,
    fields,
  }
  return signJwt(key, { typ: CONSENT_TYPE, kid: key.kid }, claims)
}

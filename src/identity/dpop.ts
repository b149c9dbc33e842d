import { GatewayError } from '../model/errors.ts'
import { normaliseAddress } from './address.ts'
import type { VerificationKey } from './algorithm.ts'
import { type BoundedCache, createBoundedCache } from './bounded-cache.ts'
import { type CompactJws, splitCompact } from './compact.ts'
import type { DpopNonces } from './dpop-nonce.ts'
import { refusal } from './faults.ts'
import { CLOCK_LEEWAY_SECONDS, isAhead, isJti, isSeconds, readHeader } from './jws.ts'
import { vetPublicJwk } from './key-vetting.ts'
import { REPLAY_MARGIN_MS, type ReplayStore } from './replay.ts'
import { type Members, parseStrictObject } from './strict-json.ts'

/** How old a proof may be. */
export const PROOF_WINDOW_SECONDS = 60
/** How far off a consumer's clock may be where a nonce of ours dates the proof instead. */
const CLOCK_TOLERANCE_WITH_NONCE_SECONDS = 3600
/** Even then nothing from further ahead than this is accepted (FAPI 2.0 §5.3.2.1). */
const LEEWAY_WITH_NONCE_SECONDS = 60

/** What a proof must be about. */
export interface DpopSubject {
  readonly proof: string
  readonly method: string
  /** The request's address without query. */
  readonly url: string
  /** SHA-256 of the access token, base64url (`ath`); undefined at the token endpoint. */
  readonly tokenDigest: string | undefined
  /** Thumbprint of the key the token is bound to; undefined at the token endpoint. */
  readonly boundTo: string | undefined
}

/** Checks a DPoP proof (RFC 9449 §4.3) and claims its `jti`; gives the thumbprint of the key that signed. */
export type CheckDpopProof = (subject: DpopSubject) => Promise<string>

export interface DpopParts {
  readonly replay: ReplayStore
  readonly now: () => number
  /** Undefined where no nonce is demanded. */
  readonly nonces: DpopNonces | undefined
  /** Keys of proofs kept imported. */
  readonly maxKeys: number
}

/** `typ` of a proof. */
export const PROOF_TYPE = 'dpop+jwt'

const HEADER_RULES = { types: [PROOF_TYPE], algorithms: ['ES256', 'PS256', 'Ed25519'] } as const

/** The embedded key, vetted and imported; `kid` and the like are ignored. */
function readProofKey(compact: CompactJws): VerificationKey {
  const read = readHeader(compact, HEADER_RULES)
  if (typeof read === 'string') throw refusal('dpop_proof_invalid', read)
  const verdict = vetPublicJwk(read.header['jwk'])
  if ('fault' in verdict) throw refusal('dpop_proof_invalid', 'proofKey')
  if (verdict.key.algorithm !== read.algorithm) throw refusal('dpop_proof_invalid', 'algorithm')
  return verdict.key
}

function checkTarget(claims: Members, subject: DpopSubject): void {
  if (claims['htm'] !== subject.method) throw refusal('dpop_proof_invalid', 'htm')
  const { htu } = claims
  if (htu === subject.url) return
  const named = typeof htu === 'string' ? normaliseAddress(htu) : undefined
  if (named === undefined || named !== normaliseAddress(subject.url))
    throw refusal('dpop_proof_invalid', 'htu')
}

/** @returns the first millisecond at which the proof would be refused for its age. */
function checkAge(claims: Members, nonces: DpopNonces | undefined, nowMs: number): number {
  const { iat } = claims
  if (!isSeconds(iat)) throw refusal('dpop_proof_invalid', 'times')
  const leeway = nonces === undefined ? CLOCK_LEEWAY_SECONDS : LEEWAY_WITH_NONCE_SECONDS
  if (isAhead(iat, nowMs, leeway)) throw refusal('dpop_proof_invalid', 'future')
  const window = nonces === undefined ? PROOF_WINDOW_SECONDS : CLOCK_TOLERANCE_WITH_NONCE_SECONDS
  const tooOldAtMs = (iat + window) * 1000 + 1
  if (nowMs >= tooOldAtMs) throw refusal('dpop_proof_invalid', 'proofAge')
  if (nonces === undefined) return tooOldAtMs
  const nonceExpiresAtMs = nonces.expiryOf(claims['nonce'])
  if (nonceExpiresAtMs === undefined) throw new GatewayError('dpop_nonce_required')
  return Math.min(tooOldAtMs, nonceExpiresAtMs)
}

/**
 * The key of a proof costs more to read than its signature to check, and a consumer's header is the same in
 * every proof: keys are kept by the header's text. Only keys of accepted proofs are kept, so what a stranger
 * sends can't push them out.
 */
export function createDpopCheck({ replay, now, nonces, maxKeys }: DpopParts): CheckDpopProof {
  const keys: BoundedCache<VerificationKey> = createBoundedCache(maxKeys)
  return async (subject) => {
    const compact = splitCompact(subject.proof)
    if (compact === undefined) throw refusal('dpop_proof_invalid', 'malformed')
    const known = keys.get(compact.headerText)
    const key = known ?? readProofKey(compact)
    const claims = parseStrictObject(compact.payload)
    if (claims === undefined) throw refusal('dpop_proof_invalid', 'json')
    const { jti } = claims
    if (!isJti(jti)) throw refusal('dpop_proof_invalid', 'jti')
    checkTarget(claims, subject)
    if (claims['ath'] !== subject.tokenDigest) throw refusal('dpop_proof_invalid', 'ath')
    if (subject.boundTo !== undefined && subject.boundTo !== key.thumbprint) {
      throw refusal('dpop_proof_invalid', 'proofBinding')
    }
    const tooOldAtMs = checkAge(claims, nonces, now())
    if (!key.verify(compact.signed, compact.signature)) throw refusal('dpop_proof_invalid', 'signature')
    const isFirst = await replay.claim('dpop', `${key.thumbprint}\n${jti}`, tooOldAtMs + REPLAY_MARGIN_MS)
    if (!isFirst) throw refusal('dpop_proof_invalid', 'replayed')
    if (known === undefined) keys.set(compact.headerText, key)
    return key.thumbprint
  }
}

import { createHmac, hash } from 'node:crypto'
import type { Consent, JudgedConsent } from '../model/consent.ts'
import { GatewayError } from '../model/errors.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { Addresses } from './addresses.ts'
import { readAlgorithm } from './algorithm.ts'
import { createBoundedCache } from './bounded-cache.ts'
import type { DecoyKeys } from './decoy.ts'
import { FAULTS, refusal } from './faults.ts'
import { isSeconds, verifyJwt } from './jws.ts'
import type { FindRegisteredKey, SubsystemDirectory } from './registered-keys.ts'
import type { CheckStanding, StandingGround } from './standing.ts'
import type { Members } from './strict-json.ts'

/** `typ` of a consent: it is taken for no other kind of JWT, and no other for it (RFC 8725 §3.11). */
export const CONSENT_TYPE = 'consent+jwt'
/** Longest life of a consent; a withdrawal is remembered for as long. */
export const MAX_CONSENT_SECONDS = 366 * 86_400
/** Longest `Exchange-Consent`, in characters: with the rest it has to fit into the header of one request. */
const MAX_LENGTH = 4096
const MAX_ITEMS = 64
const ID = /^[A-Za-z0-9._~-]{16,128}$/
const SALT = /^[A-Za-z0-9_-]{22,86}$/

/** A consent whose signature was found good, with what says whom it is about. */
export interface VerifiedConsent extends Consent {
  /** Base64url HMAC-SHA-256 of the person's identifier under `salt`. */
  readonly tag: string
  readonly salt: Buffer
  /** Names it among what was revoked. */
  readonly digest: string
  /** Thumbprint of the key that signed it. */
  readonly key: string
}

export interface Consents {
  /**
   * Takes an artefact apart; its signature is checked once, times at each call.
   * @throws GatewayError `consent_invalid`, `consent_expired`.
   */
  check(artefact: string): VerifiedConsent
  /** @param subject identifier of the person that the exchange is about. */
  judge(consent: VerifiedConsent, ground: StandingGround, subject: string | undefined): JudgedConsent
}

export interface ConsentParts {
  readonly addresses: () => Addresses
  readonly directory: () => SubsystemDirectory
  readonly findKey: FindRegisteredKey
  readonly decoys: DecoyKeys
  readonly checkStanding: CheckStanding
  /** Unix milliseconds. */
  readonly now: () => number
  /** Verified artefacts remembered. */
  readonly cacheEntries: number
}

/** @returns the name under which a consent is revoked; an issuer can name its own only. */
export function consentDigest(issuer: SubsystemId, id: string): string {
  return hash('sha256', ['consent', issuer, id].join('\0'), 'base64url')
}

/** @returns whether a text may be the id of a consent: 16 to 128 characters of RFC 3986's unreserved set. */
export function isConsentId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value)
}

/** @returns what a consent's `sub` is: it says whom it is about to those who know the identifier. */
export function subjectTag(identifier: string, salt: Uint8Array): string {
  return createHmac('sha256', salt).update(identifier).digest('base64url')
}

function textsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ITEMS) return undefined
  const texts = value.filter((item) => typeof item === 'string')
  return texts.length === value.length ? texts : undefined
}

function readClaims(
  claims: Members,
  issuer: SubsystemId,
): Omit<VerifiedConsent, 'key' | 'digest'> | undefined {
  const { jti, sub, salt, consumer, service, iat, nbf = iat, exp } = claims
  const [purposes, fields] = [textsOf(claims['purposes']), textsOf(claims['fields'])]
  if (!isConsentId(jti) || typeof sub !== 'string') return undefined
  if (typeof salt !== 'string' || !SALT.test(salt)) return undefined
  if (typeof consumer !== 'string' || typeof service !== 'string') return undefined
  if (!isSeconds(iat) || !isSeconds(nbf) || !isSeconds(exp)) return undefined
  if (purposes === undefined || fields === undefined) return undefined
  return {
    id: jti,
    issuer,
    tag: sub,
    salt: Buffer.from(salt, 'base64url'),
    consumer,
    service,
    purposes,
    fields,
    issuedAtMs: iat * 1000,
    notBeforeMs: nbf * 1000,
    expiresAtMs: exp * 1000,
  }
}

/** Tells apart what time will cure or has spoilt. */
function asConsentFault(thrown: unknown): unknown {
  const detail = thrown instanceof GatewayError ? thrown.detail : undefined
  const isTime = detail === FAULTS.expired || detail === FAULTS.future
  return isTime ? new GatewayError('consent_expired', { detail }) : thrown
}

/** Judges consents: JWTs signed with a registered key of the subsystem that issued them. */
export function createConsents(parts: ConsentParts): Consents {
  const { addresses, directory, findKey, decoys, now } = parts
  const known = createBoundedCache<VerifiedConsent>(parts.cacheEntries)

  function verify(artefact: string): VerifiedConsent {
    const { key, claims } = verifyJwt(artefact, {
      code: 'consent_invalid',
      types: [CONSENT_TYPE],
      algorithms: ['ES256', 'PS256', 'Ed25519'],
      acceptsIssuer: ({ iss }) => typeof iss === 'string' && directory().subsystems.has(iss),
      acceptsAudience: (audience) => audience === addresses().issuer,
      requiredClaims: ['iat', 'salt', 'consumer', 'service', 'purposes', 'fields'],
      maxLifetimeSeconds: MAX_CONSENT_SECONDS,
      nowMs: now(),
      findKey: ({ kid, alg }, { iss }) => {
        const algorithm = readAlgorithm(alg)
        return algorithm && findKey(directory().subsystems.get(String(iss)), kid, algorithm)
      },
      decoyKey: (algorithm) => decoys[algorithm],
    })
    const issuer = directory().subsystems.get(String(claims['iss']))
    const read = issuer && readClaims(claims, issuer.id)
    if (read === undefined) throw refusal('consent_invalid', 'claims')
    return { ...read, key: key.thumbprint, digest: consentDigest(read.issuer, read.id) }
  }

  function issuerStands({ issuer: id, key, digest }: VerifiedConsent, ground: StandingGround): boolean {
    const issuer = { id, binding: 'dpop', tokenDigest: digest, audience: '', clientKey: key } as const
    try {
      parts.checkStanding(issuer, ground)
      return true
    } catch (thrown) {
      if (thrown instanceof GatewayError) return false
      throw thrown
    }
  }

  return {
    check(artefact) {
      if (artefact.length > MAX_LENGTH) throw refusal('consent_invalid', 'malformed')
      const name = hash('sha256', artefact, 'base64url')
      const consent = known.get(name)
      if (consent !== undefined) return consent
      try {
        const verified = verify(artefact)
        known.set(name, verified)
        return verified
      } catch (thrown) {
        throw asConsentFault(thrown)
      }
    },
    judge(consent, ground, subject) {
      const { tag, salt, digest: name, key: _, ...said } = consent
      const isWithdrawn = ground.isRevoked(name)
      const stands = isWithdrawn || issuerStands(consent, ground)
      const standing = isWithdrawn ? 'withdrawn' : stands ? 'stands' : 'issuer_gone'
      return { ...said, standing, isAboutSubject: subject !== undefined && subjectTag(subject, salt) === tag }
    },
  }
}

import type { ErrorCode } from '../model/error-table.ts'
import { readAlgorithm, type SignatureAlgorithm, type VerificationKey } from './algorithm.ts'
import { type CompactJws, hasRefusedMember, splitCompact } from './compact.ts'
import { type Fault, refusal } from './faults.ts'
import { type Members, parseStrictObject } from './strict-json.ts'

/** How far ahead of our clock an `iat` or `nbf` may be, in seconds (FAPI 2.0 §5.3.2.1 asks 10, forbids 60). */
export const CLOCK_LEEWAY_SECONDS = 10

/** Everything that decides whether a JWT is accepted. No member is optional: a forgotten check can't compile. */
export interface JwtRules {
  /** The code a refusal carries. */
  readonly code: ErrorCode
  /** Accepted `typ` values, compared exactly; undefined among them where it may be absent. */
  readonly types: readonly (string | undefined)[]
  readonly algorithms: readonly SignatureAlgorithm[]
  readonly acceptsIssuer: (claims: Members) => boolean
  readonly acceptsAudience: (audience: string) => boolean
  /** Claims that must be there beside iss, sub, aud, exp and jti. */
  readonly requiredClaims: readonly string[]
  readonly maxLifetimeSeconds: number
  readonly nowMs: number
  readonly findKey: (header: Members, claims: Members) => VerificationKey | undefined
  /** Takes the place of a key that wasn't found, so that the refusal costs the same. */
  readonly decoyKey: (algorithm: SignatureAlgorithm) => VerificationKey
}

/** The claims of a JWT that met its rules. */
export interface VerifiedJwt {
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  readonly jti: string
  readonly expiresAtSeconds: number
  readonly key: VerificationKey
  readonly claims: Members
}

/** @returns whether the value is a NumericDate this gateway reads: whole, non-negative seconds. */
export function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 1e12
}

/** @returns whether the value may name a JWT once: 1–256 printable ASCII characters. */
export function isJti(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]{1,256}$/.test(value)
}

export function isAhead(seconds: number, nowMs: number, leewaySeconds: number): boolean {
  return seconds * 1000 > nowMs + leewaySeconds * 1000
}

/** Parsed and of the right kind; the signature is still to be checked. */
export interface ReadJws {
  readonly compact: CompactJws
  readonly header: Members
  readonly algorithm: SignatureAlgorithm
}

/**
 * Reads a header and refuses by kind: wrong `typ` (cross-JWT confusion, RFC 8725 §3.11), an `alg` outside
 * the list, a member that would change how the JWS is read.
 */
export function readHeader(
  compact: CompactJws,
  rules: Pick<JwtRules, 'types' | 'algorithms'>,
): Omit<ReadJws, 'compact'> | Fault {
  const header = parseStrictObject(compact.header)
  if (header === undefined) return 'json'
  const { typ } = header
  if (typ !== undefined && typeof typ !== 'string') return 'type'
  if (!rules.types.includes(typ)) return 'type'
  const algorithm = readAlgorithm(header['alg'])
  if (algorithm === undefined || !rules.algorithms.includes(algorithm)) return 'algorithm'
  return hasRefusedMember(header) ? 'header' : { header, algorithm }
}

function timeFault(claims: Members, rules: JwtRules): Fault | undefined {
  const { exp, iat, nbf } = claims
  if (!isSeconds(exp)) return 'times'
  if ((iat !== undefined && !isSeconds(iat)) || (nbf !== undefined && !isSeconds(nbf))) return 'times'
  if (rules.nowMs >= exp * 1000) return 'expired'
  if (iat !== undefined && isAhead(iat, rules.nowMs, CLOCK_LEEWAY_SECONDS)) return 'future'
  if (nbf !== undefined && isAhead(nbf, rules.nowMs, CLOCK_LEEWAY_SECONDS)) return 'future'
  // Without an iat the lifetime is counted from now; a client whose clock runs ahead keeps its leeway.
  const mayLast = rules.maxLifetimeSeconds
  if (isAhead(exp, rules.nowMs, mayLast + CLOCK_LEEWAY_SECONDS)) return 'lifetime'
  return iat !== undefined && exp - iat > mayLast ? 'lifetime' : undefined
}

function claimFault(claims: Members, rules: JwtRules): Fault | undefined {
  if (typeof claims['iss'] !== 'string' || typeof claims['sub'] !== 'string') return 'issuer'
  if (!rules.acceptsIssuer(claims)) return 'issuer'
  if (typeof claims['aud'] !== 'string' || !rules.acceptsAudience(claims['aud'])) return 'audience'
  if (!isJti(claims['jti'])) return 'jti'
  if (rules.requiredClaims.some((name) => !Object.hasOwn(claims, name))) return 'claims'
  return timeFault(claims, rules)
}

/**
 * The one way a JWT with claims is accepted: strict form, exact `typ`, listed `alg`, a key for that `alg`
 * alone, and every rule given. Claims are judged before the signature (they cost less and depend on no
 * secret); nothing is returned before both hold.
 * @throws GatewayError `rules.code`; an unknown key and a wrong signature read the same.
 */
export function verifyJwt(token: string, rules: JwtRules): VerifiedJwt {
  const compact = splitCompact(token)
  if (compact === undefined) throw refusal(rules.code, 'malformed')
  const read = readHeader(compact, rules)
  if (typeof read === 'string') throw refusal(rules.code, read)
  if (Object.hasOwn(read.header, 'jwk')) throw refusal(rules.code, 'header')
  const claims = parseStrictObject(compact.payload)
  if (claims === undefined) throw refusal(rules.code, 'json')
  const fault = claimFault(claims, rules)
  if (fault !== undefined) throw refusal(rules.code, fault)

  const found = rules.findKey(read.header, claims)
  const isUsable = found !== undefined && found.algorithm === read.algorithm
  const key = isUsable ? found : rules.decoyKey(read.algorithm)
  const isValid = key.verify(compact.signed, compact.signature)
  if (!isValid || !isUsable) throw refusal(rules.code, 'signature')
  return {
    issuer: String(claims['iss']),
    subject: String(claims['sub']),
    audience: String(claims['aud']),
    jti: String(claims['jti']),
    expiresAtSeconds: Number(claims['exp']),
    key,
    claims,
  }
}

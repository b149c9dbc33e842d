import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import type { Bilingual } from '../model/identifier.ts'
import {
  createVerificationKey,
  readAlgorithm,
  type SignatureAlgorithm,
  type VerificationKey,
} from './algorithm.ts'
import { decodeCanonical } from './compact.ts'
import type { Members } from './strict-json.ts'

/** Why a public key is refused; the first fault found. */
export const KEY_FAULTS = {
  shape: { vi: 'Khóa phải là một JWK (RFC 7517).', en: 'The key must be a JWK (RFC 7517).' },
  private: {
    vi: 'JWK chứa phần riêng tư; chỉ đăng ký phần công khai và thay ngay khóa này.',
    en: 'The JWK has private members: register the public half only and replace this key.',
  },
  kid: {
    vi: 'kid phải có 1–128 ký tự ASCII in được.',
    en: 'The kid must have 1–128 printable ASCII characters.',
  },
  use: {
    vi: 'use phải là sig và key_ops chỉ gồm verify, nếu có.',
    en: 'The use must be sig and key_ops only verify, where present.',
  },
  algorithm: {
    vi: 'alg phải là ES256 (EC P-256), PS256 (RSA) hoặc Ed25519 (OKP), hợp với kty và crv.',
    en: 'The alg must be ES256 (EC P-256), PS256 (RSA) or Ed25519 (OKP) and fit kty and crv.',
  },
  encoding: {
    vi: 'Tham số của khóa phải là base64url chuẩn tắc, đúng độ dài.',
    en: 'The key parameters must be canonical base64url of the right length.',
  },
  rsaSize: {
    vi: 'Khóa RSA phải có 2048–4096 bit.',
    en: 'An RSA key must have 2048 to 4096 bits.',
  },
  rsaExponent: { vi: 'Số mũ RSA phải là 65537.', en: 'The RSA exponent must be 65537.' },
  rsaModulus: {
    vi: 'Mô-đun RSA có ước số nhỏ.',
    en: 'The RSA modulus has a small factor.',
  },
  roca: {
    vi: 'Khóa RSA do thư viện có lỗi ROCA (CVE-2017-15361) sinh ra.',
    en: 'The RSA key comes from a generator with the ROCA flaw (CVE-2017-15361).',
  },
  point: {
    vi: 'Điểm không nằm trên đường cong hoặc có bậc nhỏ.',
    en: 'The point is not on the curve or has a small order.',
  },
} as const satisfies Record<string, Bilingual>

export type KeyFault = keyof typeof KEY_FAULTS

export type KeyVerdict = { readonly key: VerificationKey } | { readonly fault: KeyFault }

/** A registered key: the verdict's key under the name its owner gave it. */
export type RegisteredKeyVerdict =
  | { readonly kid: string; readonly key: VerificationKey }
  | { readonly fault: KeyFault }

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

// --- RSA -------------------------------------------------------------------------------------------------

const RSA_EXPONENT = 'AQAB'
const ODD_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
] as const

/** @returns whether `residue` is a power of 65537 modulo `prime`. */
function isPowerOfGenerator(residue: number, prime: number): boolean {
  let power = 1
  do {
    if (power === residue) return true
    power = (power * 65_537) % prime
  } while (power !== 1)
  return false
}

/**
 * ROCA (Nemec et al., "The Return of Coppersmith's Attack", CCS 2017): the flawed library's primes are powers
 * of 65537 modulo each small prime, so the modulus is too. A sound key looks so by a chance near 2^-27.
 */
function vetModulus(modulus: Buffer): KeyFault | undefined {
  const bits = modulus.length * 8 + 24 - Math.clz32(modulus[0] ?? 0)
  if (modulus[0] === 0 || bits < 2048 || bits > 4096) return 'rsaSize'
  if (((modulus.at(-1) ?? 0) & 1) === 0) return 'rsaModulus'
  const value = BigInt(`0x${modulus.toString('hex')}`)
  const residues = ODD_PRIMES.map((prime) => ({ prime, residue: Number(value % BigInt(prime)) }))
  if (residues.some(({ residue }) => residue === 0)) return 'rsaModulus'
  return residues.every(({ prime, residue }) => isPowerOfGenerator(residue, prime)) ? 'roca' : undefined
}

// --- Ed25519 ---------------------------------------------------------------------------------------------

const FIELD = 2n ** 255n - 19n
/** The curve constant −121665/121666 of RFC 8032 §5.1. */
const CURVE_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
/** y-coordinates of the eight points of small order: with them anyone can make signatures that verify. */
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  FIELD - 1n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  55188659117513257062467267217118295137698188065244968500265048394206261417927n,
])

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let factor = base % FIELD
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % FIELD
    factor = (factor * factor) % FIELD
  }
  return result
}

/** RFC 8032 §5.1.3: y below the field's prime, and x² = (y²−1)/(dy²+1) a square (by Euler's criterion). */
function isSoundEdwardsPoint(encoded: Buffer): boolean {
  const y = BigInt(`0x${Buffer.from(encoded).reverse().toString('hex')}`) & (2n ** 255n - 1n)
  if (y >= FIELD || SMALL_ORDER_Y.has(y)) return false
  const square = (y * y) % FIELD
  const numerator = (square - 1n + FIELD) % FIELD
  const denominator = (CURVE_D * square + 1n) % FIELD
  // numerator/denominator and numerator·denominator are squares together.
  return power(numerator * denominator, (FIELD - 1n) / 2n) === 1n
}

// --- all kinds -------------------------------------------------------------------------------------------

/** The members a thumbprint is made of (RFC 7638 §3.2), in its order, for each kind of key. */
interface KeyMaterial {
  readonly algorithm: SignatureAlgorithm
  readonly members: Readonly<Record<string, string>>
}

function readCoordinates(jwk: Members, names: readonly string[]): string[] | undefined {
  const values: string[] = []
  for (const name of names) {
    const value = jwk[name]
    if (typeof value !== 'string' || decodeCanonical(value)?.length !== 32) return undefined
    values.push(value)
  }
  return values
}

function readRsa(jwk: Members): KeyMaterial | KeyFault {
  const { n, e } = jwk
  if (typeof n !== 'string' || typeof e !== 'string' || n.length > 1024) return 'encoding'
  const modulus = decodeCanonical(n)
  if (modulus === undefined || modulus.length === 0) return 'encoding'
  if (e !== RSA_EXPONENT) return 'rsaExponent'
  return vetModulus(modulus) ?? { algorithm: 'PS256', members: { e, kty: 'RSA', n } }
}

function readEdwards(jwk: Members): KeyMaterial | KeyFault {
  const [x] = readCoordinates(jwk, ['x']) ?? []
  if (x === undefined) return 'encoding'
  if (!isSoundEdwardsPoint(Buffer.from(x, 'base64url'))) return 'point'
  return { algorithm: 'Ed25519', members: { crv: 'Ed25519', kty: 'OKP', x } }
}

function readMaterial(jwk: Members): KeyMaterial | KeyFault {
  if (jwk['kty'] === 'RSA') return readRsa(jwk)
  if (jwk['kty'] === 'OKP' && jwk['crv'] === 'Ed25519') return readEdwards(jwk)
  if (jwk['kty'] === 'EC' && jwk['crv'] === 'P-256') {
    const [x, y] = readCoordinates(jwk, ['x', 'y']) ?? []
    if (x === undefined || y === undefined) return 'encoding'
    return { algorithm: 'ES256', members: { crv: 'P-256', kty: 'EC', x, y } }
  }
  return 'algorithm'
}

/** OpenSSL refuses an EC point that is not on its curve when it imports it. */
function importKey(members: Readonly<Record<string, string>>): KeyObject | undefined {
  try {
    return createPublicKey({ format: 'jwk', key: members })
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Judges a public JWK and imports it: kind, size, exponent, ROCA fingerprint, point on its curve, canonical
 * members, nothing private (NIST SP 800-186, RFC 7517, RFC 8725 §3.4). Used on embedded proof keys and,
 * through `vetRegisteredJwk`, on registered ones.
 */
export function vetPublicJwk(jwk: unknown): KeyVerdict {
  if (!isObject(jwk)) return { fault: 'shape' }
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return { fault: 'private' }
  const material = readMaterial(jwk)
  if (typeof material === 'string') return { fault: material }
  const { algorithm, members } = material
  if (jwk['alg'] !== undefined && readAlgorithm(jwk['alg']) !== algorithm) return { fault: 'algorithm' }
  const object = importKey(members)
  if (object === undefined) return { fault: 'point' }
  const thumbprint = hash('sha256', JSON.stringify(members), 'base64url')
  return { key: createVerificationKey(algorithm, object, thumbprint) }
}

function isForVerifying(jwk: Members): boolean {
  const { use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') return false
  return (
    operations === undefined || (Array.isArray(operations) && operations.every((name) => name === 'verify'))
  )
}

/** The authority on keys of the registry: all of `vetPublicJwk`, and `kid`, `alg` and `use` as they must be. */
export function vetRegisteredJwk(jwk: unknown): RegisteredKeyVerdict {
  const verdict = vetPublicJwk(jwk)
  if ('fault' in verdict || !isObject(jwk)) return { fault: 'fault' in verdict ? verdict.fault : 'shape' }
  const kid = jwk['kid']
  if (typeof kid !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(kid)) return { fault: 'kid' }
  if (jwk['alg'] === undefined) return { fault: 'algorithm' }
  if (!isForVerifying(jwk)) return { fault: 'use' }
  return { kid, key: verdict.key }
}

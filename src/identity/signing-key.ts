import { constants, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { readAlgorithm, type SignatureAlgorithm, type VerificationKey } from './algorithm.ts'
import { vetRegisteredJwk } from './key-vetting.ts'

/** A private key by what it can do; where it lives (file, PKCS#11, KMS) is the implementation's business. */
export interface SigningKey {
  readonly kid: string
  /** The `alg` of what it signs. */
  readonly alg: SignatureAlgorithm
  /** The public half, as JWKS documents show it. */
  readonly publicJwk: Readonly<JWK>
  readonly verification: VerificationKey
  /** Raw signature bytes as JWS wants them (RFC 7518 §3). */
  readonly sign: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** Signed with each key as it is opened. */
const PROBE = Buffer.from('lienthong key check')

function createSign(algorithm: SignatureAlgorithm, key: KeyObject): SigningKey['sign'] {
  switch (algorithm) {
    case 'ES256':
      return (bytes) => sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
    case 'PS256':
      return (bytes) =>
        sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
    case 'Ed25519':
      return (bytes) => sign(null, bytes, key)
  }
}

const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'] as const

/** @returns the public half of a JWK and nothing else of it. */
export function toPublicJwk(jwk: Readonly<JWK>): JWK {
  return Object.fromEntries(
    PUBLIC_MEMBERS.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]])),
  )
}

/**
 * A key held in memory.
 * @param jwk a private JWK with `kid` and `alg`.
 * @throws Error naming the fault; never a part of the key.
 */
export function createSigningKey(jwk: Readonly<JWK>): SigningKey {
  const publicJwk = toPublicJwk(jwk)
  const verdict = vetRegisteredJwk(publicJwk)
  if ('fault' in verdict) throw new Error(`signing key refused: ${verdict.fault}`)
  const { algorithm } = verdict.key
  let object: KeyObject
  try {
    object = createPrivateKey({ format: 'jwk', key: { ...jwk } })
  } catch {
    throw new Error('signing key refused: the private half is missing or malformed')
  }
  const signBytes = createSign(algorithm, object)
  // A file whose halves don't belong together would make tokens that no one can verify.
  const signature = signBytes(PROBE)
  if (signature instanceof Promise || !verdict.key.verify(PROBE, signature)) {
    throw new Error('signing key refused: the private half does not match the public one')
  }
  return { kid: verdict.kid, alg: algorithm, publicJwk, verification: verdict.key, sign: signBytes }
}

/**
 * A key whose private half is held elsewhere and signs there.
 * @param publicJwk with `kid` and `alg`.
 * @throws Error (rejects) where the key is refused, or what it signs is not verified by the public half.
 */
export async function createHeldKey(
  publicJwk: Readonly<JWK>,
  signWith: (algorithm: SignatureAlgorithm) => (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<SigningKey> {
  const verdict = vetRegisteredJwk(publicJwk)
  if ('fault' in verdict) throw new Error(`signing key refused: ${verdict.fault}`)
  const { kid, key } = verdict
  const signBytes = signWith(key.algorithm)
  if (!key.verify(PROBE, await signBytes(PROBE))) {
    throw new Error('signing key refused: the private half does not match the public one')
  }
  return { kid, alg: key.algorithm, publicJwk, verification: key, sign: signBytes }
}

/**
 * Makes a key pair (RSA 3072 bits for PS256) as a private JWK whose `kid` is its RFC 7638 thumbprint.
 * @param name `ES256` (the default elsewhere), `PS256`, or `EdDSA`/`Ed25519`.
 */
export async function generatePrivateJwk(name: string): Promise<JWK> {
  const algorithm = readAlgorithm(name)
  if (algorithm === undefined) throw new Error(`no keys are made for ${name}: ES256, PS256 or EdDSA`)
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true, modulusLength: 3072 })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk, 'sha256'), alg: algorithm, use: 'sig' }
}

import { constants, type KeyObject, verify } from 'node:crypto'

/** What keys sign with here (FAPI 2.0 §5.4.1); `EdDSA` and `Ed25519` (RFC 9864) are one algorithm. */
export type SignatureAlgorithm = 'ES256' | 'PS256' | 'Ed25519'

/** `alg` values admitted in any header, as the metadata document lists them. */
export const ALGORITHM_NAMES = ['ES256', 'PS256', 'EdDSA', 'Ed25519'] as const

/** @returns the algorithm a header's `alg` names, undefined for every other value or type. */
export function readAlgorithm(alg: unknown): SignatureAlgorithm | undefined {
  switch (alg) {
    case 'ES256':
    case 'PS256':
      return alg
    case 'EdDSA':
    case 'Ed25519':
      return 'Ed25519'
    default:
      return undefined
  }
}

/** A public key tied to the one algorithm it may verify (RFC 8725 §3.1). */
export interface VerificationKey {
  readonly algorithm: SignatureAlgorithm
  /** JWK SHA-256 thumbprint (RFC 7638), base64url. */
  readonly thumbprint: string
  readonly object: KeyObject
  readonly verify: (signed: Uint8Array, signature: Uint8Array) => boolean
}

/** Signature parameters of RFC 7518 §3.4–3.5: raw r‖s for ES256, a salt of the hash's length for PS256. A wrong length is false. */
function createVerify(algorithm: SignatureAlgorithm, key: KeyObject): VerificationKey['verify'] {
  switch (algorithm) {
    case 'ES256': {
      const input = { key, dsaEncoding: 'ieee-p1363' } as const
      return (signed, signature) => verify('sha256', signed, input, signature)
    }
    case 'PS256': {
      const input = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
      return (signed, signature) => verify('sha256', signed, input, signature)
    }
    case 'Ed25519':
      return (signed, signature) => verify(null, signed, key, signature)
  }
}

export function createVerificationKey(
  algorithm: SignatureAlgorithm,
  object: KeyObject,
  thumbprint: string,
): VerificationKey {
  return { algorithm, object, thumbprint, verify: createVerify(algorithm, object) }
}

import type { AnonymityFacts } from './anonymity.ts'

/** A data set for hand-over on media or by download: lines of text, the encrypted parts and then their manifest. */

/** A public key that packages are encrypted to (RFC 7517); only public members are admitted. */
export interface EncryptionJwk {
  readonly kty: 'EC' | 'OKP' | 'RSA'
  readonly kid: string
  /** `ECDH-ES` with A256GCM, or `RSA-OAEP-256` with A256GCM. */
  readonly alg: 'ECDH-ES' | 'RSA-OAEP-256'
  readonly use?: 'enc'
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

export interface PackagePart {
  /** Of the encrypted part, as it stands in its line. */
  readonly bytes: number
  /** SHA-256, base64url. */
  readonly digest: string
}

/** What the gateway signs of a package. */
export interface PackageManifest {
  readonly format: typeof PACKAGE_FORMAT
  /** The exchange by which it was handed over; its record is in the log. */
  readonly exchange: string
  /** RFC 3339. */
  readonly madeAt: string
  /** Origin of the log. */
  readonly origin: string
  readonly consumer: string
  readonly service: string
  readonly operation: string
  readonly agreement: string
  readonly agreementDigest: string
  readonly purpose: string
  readonly legalBases: readonly string[]
  readonly fields: readonly string[]
  /** The bulk job whose results it holds. */
  readonly job: string
  readonly records: number
  readonly exchanges: number
  /** Of a set that was made anonymous: by which rules, and how many rows were left out. */
  readonly anonymised?: AnonymityFacts
  /** Of all parts, decrypted. */
  readonly contentBytes: number
  /** SHA-256(salt ‖ content), base64url: the answer's digest in the record. */
  readonly contentDigest: string
  /** base64url */
  readonly salt: string
  /** `kid` of the key that the parts are encrypted to. */
  readonly recipientKey: string
  readonly parts: readonly PackagePart[]
  /** The newest signed checkpoint of the log when it was made. */
  readonly checkpoint?: string
}

export const PACKAGE_FORMAT = 'lienthong-package/1'
export const MANIFEST_TYPE = 'lienthong-package+jwt'
export const PART_TYPE = 'lienthong-package-part'

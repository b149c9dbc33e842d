import { CompactEncrypt, type CompactJWEHeaderParameters, compactDecrypt, importJWK, type JWK } from 'jose'
import { type EncryptionJwk, PART_TYPE } from '../model/package.ts'

/** Encrypting the parts of a package to who is to open it (RFC 7516). */

/** Where a part belongs; it stands in the protected header, so no part passes for another. */
export interface PartPlace {
  readonly exchange: string
  /** From 0. */
  readonly part: number
}

const CONTENT = 'A256GCM'
const CURVES = ['P-256', 'P-384', 'P-521', 'X25519']

/** @returns a function that encrypts parts, each with a key of its own. */
export async function createPartSealer(
  jwk: EncryptionJwk,
): Promise<(content: Uint8Array, place: PartPlace) => Promise<string>> {
  const key = await importJWK({ ...jwk } as JWK, jwk.alg)
  return (content, { exchange, part }) =>
    new CompactEncrypt(content)
      .setProtectedHeader({ alg: jwk.alg, enc: CONTENT, typ: PART_TYPE, kid: jwk.kid, exchange, part })
      .encrypt(key)
}

/** Whether the key is of a kind that packages are encrypted to. */
export function isEncryptionKey(jwk: JWK): boolean {
  return jwk.kty === 'RSA' || CURVES.includes(jwk.crv ?? '')
}

/** @returns the content; undefined where the key does not open the part, or it is another part than said. */
export async function openPart(
  sealed: string,
  privateJwk: JWK,
  { exchange, part }: PartPlace,
): Promise<Uint8Array | undefined> {
  try {
    const algorithm = privateJwk.kty === 'RSA' ? 'RSA-OAEP-256' : 'ECDH-ES'
    const key = await importJWK(privateJwk, algorithm)
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, key, {
      keyManagementAlgorithms: [algorithm],
      contentEncryptionAlgorithms: [CONTENT],
    })
    const told: CompactJWEHeaderParameters = protectedHeader
    return told['exchange'] === exchange && told['part'] === part && told.typ === PART_TYPE
      ? plaintext
      : undefined
  } catch {
    return undefined
  }
}

import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { EncryptionJwk } from '../model/package.ts'

/** Keys that packages are encrypted to, and opened with. */

/** What a package's content key may be wrapped by (RFC 7518 §4). */
export const ENCRYPTION_ALGORITHMS = [
  'ECDH-ES',
  'RSA-OAEP-256',
] as const satisfies readonly EncryptionJwk['alg'][]

/** @returns undefined where it is no algorithm that packages are encrypted by. */
export function readEncryptionAlgorithm(name: string): EncryptionJwk['alg'] | undefined {
  return ENCRYPTION_ALGORITHMS.find((known) => known === name)
}

/** Makes a key pair, P-256 or RSA of 3072 bits, whose `kid` is its RFC 7638 thumbprint. */
export async function generateEncryptionKey(
  alg: EncryptionJwk['alg'],
): Promise<{ readonly privateJwk: JWK; readonly publicJwk: EncryptionJwk }> {
  const pair = await generateKeyPair(alg, { extractable: true, crv: 'P-256', modulusLength: 3072 })
  const privateJwk = await exportJWK(pair.privateKey)
  const { kty = '', ...rest } = await exportJWK(pair.publicKey)
  const named = { kid: await calculateJwkThumbprint(privateJwk, 'sha256'), alg, use: 'enc' } as const
  return {
    privateJwk: { ...privateJwk, ...named },
    publicJwk: { kty: kty === 'RSA' ? 'RSA' : 'EC', ...named, ...publicMembers(rest) },
  }
}

/** The members that make the public half (RFC 7518 §6.2.1, §6.3.1), nothing else. */
function publicMembers({
  crv,
  x,
  y,
  n,
  e,
}: Omit<JWK, 'kty'>): Pick<EncryptionJwk, 'crv' | 'x' | 'y' | 'n' | 'e'> {
  return {
    ...(crv !== undefined && { crv }),
    ...(x !== undefined && { x }),
    ...(y !== undefined && { y }),
    ...(n !== undefined && { n }),
    ...(e !== undefined && { e }),
  }
}

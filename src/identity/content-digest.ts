import { hash, timingSafeEqual } from 'node:crypto'
import { readBytes, readDictionary } from './signature-fields.ts'

/** The algorithms of RFC 9530 §5 that are not deprecated. */
const ALGORITHMS = [
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
] as const

/** @returns the value of `Content-Digest` (RFC 9530 §2) for a body. */
export function contentDigest(body: Uint8Array | string): string {
  return `sha-256=:${hash('sha256', body, 'base64')}:`
}

/** @returns whether the field names the body by SHA-256 or SHA-512, and rightly by each of them it names. */
export function matchesContentDigest(field: string, body: Uint8Array | string): boolean {
  const digests = readDictionary(field)
  let matches = 0
  for (const [name, algorithm] of ALGORITHMS) {
    const named = digests?.get(name)
    if (named === undefined) continue
    const bytes = readBytes(named)
    const computed = hash(algorithm, body, 'buffer')
    if (bytes?.length !== computed.length || !timingSafeEqual(bytes, computed)) return false
    matches += 1
  }
  return matches > 0
}

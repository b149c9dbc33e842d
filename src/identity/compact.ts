import type { Members } from './strict-json.ts'

/** Longest JWS read, in characters; a longer one is refused before any work is done on it. */
export const MAX_JWS_LENGTH = 8192

/** A compact JWS (RFC 7515 §7.1) taken apart. Nothing in it is trusted yet. */
export interface CompactJws {
  /** The protected header as it stands in the token: equal text means an equal header. */
  readonly headerText: string
  readonly header: Uint8Array
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  /** What the signature is over. */
  readonly signed: Uint8Array
}

/**
 * Base64url as RFC 7515 §2 writes it, in its one canonical spelling: without this check a token has many
 * spellings (padding, stray characters, unused trailing bits) that decode alike.
 */
export function decodeCanonical(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** @returns undefined unless the text is exactly three non-empty canonical parts of 8 KB together. */
export function splitCompact(token: string): CompactJws | undefined {
  if (token.length > MAX_JWS_LENGTH) return undefined
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first < 1 || second < first + 2 || second === token.length - 1) return undefined
  const headerText = token.slice(0, first)
  const header = decodeCanonical(headerText)
  const payload = decodeCanonical(token.slice(first + 1, second))
  // A further dot is no character of base64url, so a JWE or any fourth part is refused here.
  const signature = decodeCanonical(token.slice(second + 1))
  if (header === undefined || payload === undefined || signature === undefined) return undefined
  return { headerText, header, payload, signature, signed: Buffer.from(token.slice(0, second), 'latin1') }
}

/** Header members that change how a JWS is read or bring a key along; none is ever honoured (RFC 8725 §3). */
const REFUSED_MEMBERS = ['crit', 'b64', 'zip', 'enc', 'epk', 'p2c', 'p2s', 'jku', 'x5u', 'x5c'] as const

/** @returns whether the header has a member that is refused whatever its value. */
export function hasRefusedMember(header: Members): boolean {
  return REFUSED_MEMBERS.some((name) => Object.hasOwn(header, name))
}

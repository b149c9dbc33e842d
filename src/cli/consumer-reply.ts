import type { HttpReply } from './consumer-http.ts'

/** Reading what a gateway answered; nothing here throws for what came over the wire. */

export type Members = Readonly<Record<string, unknown>>

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns the body parsed where it is JSON, else its text; `undefined` where there was none. */
export function parseReplyBody({ headers, body }: HttpReply): unknown {
  if (body.length === 0) return undefined
  const text = body.toString('utf8')
  if (!/[/+]json\b/i.test(headers['content-type'] ?? '')) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `Retry-After` (RFC 9110 §10.2.3): a number of seconds or a date. @returns whole seconds from now. */
export function retryAfterSeconds(
  headers: Readonly<Record<string, string>>,
  nowMs: number,
): number | undefined {
  const value = headers['retry-after']
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value)
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - nowMs) / 1000))
}

/** RFC 9449 §8 and §9: the token endpoint asks for a nonce in its body, a resource in its challenge. */
export function asksForNonce({ status, headers, body }: HttpReply): boolean {
  if (headers['dpop-nonce'] === undefined) return false
  if (status === 401) return (headers['www-authenticate'] ?? '').includes('use_dpop_nonce')
  return status === 400 && body.includes('"use_dpop_nonce"')
}

/** RFC 6750 §3.1: the token itself is refused, so nothing was done with the request. */
export function refusesToken({ status, headers }: HttpReply): boolean {
  return status === 401 && (headers['www-authenticate'] ?? '').includes('"invalid_token"')
}

import type { GatewayError } from '../model/errors.ts'
import type { Language } from '../model/identifier.ts'

/** What a problem document can tell beyond the error itself. */
export interface ProblemContext {
  readonly language: Language
  /** Where the pages of the problem types are: the gateway's public URL. */
  readonly publicUrl: string
  readonly exchangeId?: string
  readonly traceId?: string
}

/** @returns the RFC 9457 document of an error: its public half only. */
export function problemDocument(error: GatewayError, context: ProblemContext): Record<string, unknown> {
  const { entry, code, detail, errors } = error
  const { language, publicUrl, exchangeId, traceId } = context
  return {
    type: `${publicUrl}/problems/${code}`,
    title: entry.title[language],
    status: entry.status,
    ...(detail && { detail: detail[language] }),
    ...(exchangeId !== undefined && { instance: `urn:uuid:${exchangeId}` }),
    code,
    fault: entry.fault,
    fix: entry.fix[language],
    ...(exchangeId !== undefined && { exchangeId }),
    ...(traceId !== undefined && { traceId }),
    ...(errors.length > 0 && {
      errors: errors.map((violation) => ({
        pointer: violation.pointer,
        rule: violation.rule,
        detail: violation.detail[language],
      })),
    }),
  }
}

/** Header fields every problem has. */
export function problemHeaders(error: GatewayError, language: Language): Record<string, string> {
  const { retryAfterSeconds, code } = error
  return {
    'content-type': 'application/problem+json',
    'content-language': language,
    vary: 'Accept-Language',
    'cache-control': 'no-store',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(error.entry.status === 401 && { 'www-authenticate': challenge(code) }),
  }
}

/** RFC 6750 §3 and RFC 9449 §7.1: how to authenticate, and what was wrong. */
function challenge(code: string): string {
  const error = code === 'credential_missing' ? '' : `error="${oauthError(code)}", `
  return `DPoP ${error}algs="ES256 PS256 EdDSA"`
}

function oauthError(code: string): string {
  if (code === 'dpop_proof_invalid') return 'invalid_dpop_proof'
  if (code === 'dpop_nonce_required') return 'use_dpop_nonce'
  return 'invalid_token'
}

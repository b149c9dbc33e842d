import { serializeInnerList } from 'structured-headers'
import type { RequestMessage, SignatureFacts } from '../model/exchange.ts'
import { contentDigest } from './content-digest.ts'
import type { KeyRing } from './keys.ts'
import { signatureFacts } from './request-signature.ts'
import { answerComponents, signatureBase } from './signature-base.ts'

/** `tag` of a signature on an answer (FAPI 2.0 HTTP Signatures). */
export const ANSWER_TAG = 'fapi-2-response'
const LABEL = 'gateway'

/** Of the answer: what it says, and which exchange it ended. */
export const COVERED_OF_ANSWER = ['@status', 'content-type', 'content-digest', 'exchange-id'] as const
/** Of the request, each with `;req`: the answer is to this one and no other. */
export const COVERED_OF_REQUEST = ['@method', '@target-uri', 'signature-input', 'signature'] as const

/** An answer about to leave. */
export interface UnsignedAnswer {
  readonly status: number
  readonly contentType: string
  readonly exchangeId: string
  readonly body: Uint8Array
}

export interface SignedAnswer {
  /** `Content-Digest`, `Signature-Input` and `Signature`, names in lower case. */
  readonly fields: Readonly<Record<string, string>>
  readonly facts: SignatureFacts
}

/** Signs the answer to a signed request, bound to it. */
export type SignAnswer = (answer: UnsignedAnswer, request: RequestMessage) => Promise<SignedAnswer>

/**
 * The key is the one that signs access tokens, published in the same key set: what a JWS signs is base64url
 * and a dot, a signature base begins with a quote, so neither can pass for the other.
 */
export function createAnswerSigner(parts: {
  readonly keys: () => KeyRing
  /** Unix milliseconds. */
  readonly now: () => number
}): SignAnswer {
  return async (answer, request) => {
    const nowMs = parts.now()
    const key = parts.keys().current(nowMs)
    const digest = contentDigest(answer.body)
    const fields = new Map([
      ['content-type', answer.contentType],
      ['content-digest', digest],
      ['exchange-id', answer.exchangeId],
    ])
    const ofRequest = request.fields.has('content-digest')
      ? [...COVERED_OF_REQUEST, 'content-digest']
      : COVERED_OF_REQUEST
    const bound = new Map([['req', true as const]])
    const items = [
      ...COVERED_OF_ANSWER.map((name) => [name, new Map()] as [string, Map<string, never>]),
      ...ofRequest.map((name) => [name, bound] as [string, typeof bound]),
    ]
    const parameters = new Map<string, string | number>([
      ['created', Math.floor(nowMs / 1000)],
      ['keyid', key.kid],
      ['tag', ANSWER_TAG],
    ])
    const input: Parameters<typeof signatureBase>[0] = [items, parameters]
    const base = signatureBase(input, answerComponents({ status: answer.status, fields }, request))
    if (base === undefined) throw new Error('an answer lacks what its signature covers')
    const signature = await key.sign(Buffer.from(base))
    return {
      fields: {
        'content-digest': digest,
        'signature-input': `${LABEL}=${serializeInnerList(input)}`,
        signature: `${LABEL}=:${Buffer.from(signature).toString('base64')}:`,
      },
      facts: signatureFacts(base, signature, key.verification),
    }
  }
}

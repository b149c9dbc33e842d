import { type InnerList, serializeInnerList } from 'structured-headers'
import type { RequestMessage } from '../model/exchange.ts'
import type { VerificationKey } from './algorithm.ts'
import { ANSWER_TAG, COVERED_OF_ANSWER, COVERED_OF_REQUEST } from './answer-signature.ts'
import { contentDigest, matchesContentDigest } from './content-digest.ts'
import { COVERED_ALWAYS, COVERED_WHERE_PRESENT, REQUEST_TAG } from './request-signature.ts'
import { type AnswerMessage, answerComponents, requestComponents, signatureBase } from './signature-base.ts'
import { readSignature } from './signature-fields.ts'
import type { SigningKey } from './signing-key.ts'

/** The other side of signed exchanges: a consumer's signature and its check of the gateway's, for our own CLI. */

const LABEL = 'consumer'

export interface RequestToSign {
  readonly method: string
  /** With its query, as it will be sent. */
  readonly targetUri: string
  /** Names in lower case. */
  readonly fields: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly nowMs: number
  /** Fresh for each request. */
  readonly nonce: string
}

/** Signs a request by the rules of `createRequestSignatureCheck`. @returns the request as it is to be sent. */
export async function signRequest(key: SigningKey, request: RequestToSign): Promise<RequestMessage> {
  const { method, targetUri, body } = request
  const fields = new Map(Object.entries(request.fields))
  if (body !== undefined) fields.set('content-digest', contentDigest(body))
  const covered = [...COVERED_ALWAYS, ...COVERED_WHERE_PRESENT.filter((name) => fields.has(name))]
  const input: InnerList = [
    covered.map((name) => [name, new Map()]),
    new Map<string, string | number>([
      ['created', Math.floor(request.nowMs / 1000)],
      ['keyid', key.kid],
      ['nonce', request.nonce],
      ['tag', REQUEST_TAG],
    ]),
  ]
  const base = signatureBase(input, requestComponents({ method, targetUri, fields }))
  if (base === undefined) throw new Error('the request lacks a field that a signature must cover')
  const signature = await key.sign(Buffer.from(base))
  fields.set('signature-input', `${LABEL}=${serializeInnerList(input)}`)
  fields.set('signature', `${LABEL}=:${Buffer.from(signature).toString('base64')}:`)
  return { method, targetUri, fields }
}

/** What a gateway's signature is checked against. */
export interface AnswerToVerify extends AnswerMessage {
  readonly body: Uint8Array
  /** As it was sent, signature included. */
  readonly request: RequestMessage
  /** A key of the gateway's published set by its `kid`. */
  readonly findKey: (kid: string) => VerificationKey | undefined
}

/** @returns whether the answer is the gateway's, as it left, to this very request. */
export function isSignedAnswer({ status, fields, body, request, findKey }: AnswerToVerify): boolean {
  const entry = readSignature(fields.get('signature-input') ?? '', fields.get('signature') ?? '')
  if (entry === undefined || entry.tag !== ANSWER_TAG) return false
  if (!COVERED_OF_ANSWER.every((name) => entry.covered.has(name))) return false
  if (!COVERED_OF_REQUEST.every((name) => entry.coveredOfRequest.has(name))) return false
  if (!matchesContentDigest(fields.get('content-digest') ?? '', body)) return false
  const base = signatureBase(entry.input, answerComponents({ status, fields }, request))
  if (base === undefined) return false
  return findKey(entry.keyId)?.verify(Buffer.from(base), entry.signature) ?? false
}

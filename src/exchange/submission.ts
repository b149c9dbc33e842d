import { hash } from 'node:crypto'
import { GatewayError } from '../model/errors.ts'
import type { InboundRequest } from '../model/exchange.ts'
import type { SubsystemId } from '../model/identifier.ts'

/** What is known of an Idempotency-Key when a submission with it arrives. */
export type SubmissionState =
  | { readonly state: 'first' }
  | { readonly state: 'running'; readonly requestDigest: string }
  | { readonly state: 'erased'; readonly requestDigest: string }
  | {
      readonly state: 'settled'
      readonly requestDigest: string
      readonly status: number
      readonly body: string
    }

export interface SubmissionStore {
  /**
   * Claims the slot for a first submission, or tells what became of it.
   * @param exchangeId the exchange's: what is erased of it takes the kept reply along.
   */
  claim(slot: string, requestDigest: string, exchangeId: string): Promise<SubmissionState>
  /** Frees a slot that this process claimed and whose reply was not kept, so that it may be tried again. */
  release(slot: string): Promise<void>
}

export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,40}$/

/** Names a consumer's key for one operation: SHA-256, base64url. */
export function submissionSlot(consumer: SubsystemId, request: InboundRequest, operation: string): string {
  const key = request.idempotencyKey
  if (key === undefined) throw new GatewayError('idempotency_key_missing')
  return hash('sha256', [consumer, request.service, operation, key].join('\0'), 'base64url')
}

/**
 * Tells whether a repetition is the same submission, asked for with the same right to its answer. The consumer's key stands in it and is kept nowhere, so
 * a body cannot be found by trying.
 * @param fields those that may leave, where they are fewer than the agreement's.
 */
export function submissionDigest(
  { idempotencyKey = '', body }: InboundRequest,
  fields: readonly string[] = [],
): string {
  const context = Buffer.from(`${idempotencyKey}\0${fields.join(' ')}\0`)
  return hash('sha256', Buffer.concat([context, body]), 'base64url')
}

/**
 * @returns the first reply where the submission is a repetition, `undefined` where it is the first.
 * @throws `idempotency_in_progress` while the first runs, `idempotency_key_reused` for another body,
 * `idempotency_reply_erased` where the first reply was erased: the provider is not asked again.
 */
export async function claimSubmission(
  store: SubmissionStore,
  { slot, requestDigest, exchangeId }: { slot: string; requestDigest: string; exchangeId: string },
): Promise<{ status: number; body: string } | undefined> {
  const known = await store.claim(slot, requestDigest, exchangeId)
  if (known.state === 'first') return undefined
  if (known.requestDigest !== requestDigest) throw new GatewayError('idempotency_key_reused')
  if (known.state === 'running') throw new GatewayError('idempotency_in_progress', { retryAfterSeconds: 1 })
  if (known.state === 'erased') throw new GatewayError('idempotency_reply_erased')
  return { status: known.status, body: known.body }
}

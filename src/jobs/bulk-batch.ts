import type { Operation } from '../contract/contract.ts'
import type { Conduct } from '../exchange/conduct.ts'
import type { Canceller } from '../model/cancellation.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { BulkAsk } from './bulk.ts'
import type { Finding } from './bulk-results.ts'

export interface BatchParts {
  readonly conduct: Conduct
  /** Unix milliseconds. */
  readonly now: () => number
  readonly newExchangeId: (nowMs: number) => string
  readonly newSalt: () => Uint8Array
  readonly randomHex: (bytes: number) => string
}

function findingsIn(answer: unknown, count: number): readonly Finding[] {
  const results: unknown =
    typeof answer === 'object' && answer !== null && 'results' in answer ? answer.results : undefined
  if (!Array.isArray(results) || results.length !== count) {
    throw new GatewayError('response_invalid', {
      detail: {
        vi: 'Số kết quả khác số bản ghi đã gửi, hoặc thỏa thuận không có /results.',
        en: 'There are not as many results as items, or the agreement does not open /results.',
      },
    })
  }
  return results
}

interface AskingJob {
  readonly id: string
  readonly ask: BulkAsk
  readonly operation: Operation
}

/** A quota that is free again within this time is waited for. */
const PATIENCE_SECONDS = 5

export interface Patience {
  /** Resolves after so long, or rejects when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
}

/** A quota used up for the moment is waited for; a second's quota is free in the next. */
export async function withPatience<T>({ wait, signal }: Patience, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (thrown) {
      const error = asGatewayError(thrown)
      const seconds = error.retryAfterSeconds ?? Number.POSITIVE_INFINITY
      if (error.code !== 'quota_exceeded' || seconds > PATIENCE_SECONDS) throw error
      await wait(seconds * 1000, signal)
    }
  }
}

/**
 * Carries what a job asks as an exchange like any other, with its own record; the job is its parent.
 * @returns the answer's content, minimised.
 * @throws GatewayError as the exchange ended.
 */
export async function carryForJob(
  parts: BatchParts,
  job: AskingJob,
  json: object,
  { signal, forPackage }: { readonly signal: Canceller; readonly forPackage?: true },
): Promise<unknown> {
  const { ask, operation } = job
  const receivedAtMs = parts.now()
  const conclusion = await parts.conduct(
    {
      exchangeId: parts.newExchangeId(receivedAtMs),
      parent: job.id,
      receivedAtMs,
      credentials: { method: operation.method, url: '' },
      service: ask.service,
      method: operation.method,
      path: operation.pathTemplate,
      query: undefined,
      purpose: ask.purpose,
      dossier: ask.dossier,
      procedure: ask.procedure,
      officer: ask.officer,
      idempotencyKey: undefined,
      fields: undefined,
      trace: { traceId: parts.randomHex(16), spanId: parts.randomHex(8), sampled: false },
      salt: parts.newSalt(),
      body: Buffer.from(JSON.stringify(json)),
      ...(forPackage && { forPackage }),
      json,
      signal,
    },
    ask.consumer,
  )
  const ended = conclusion.release()
  if (ended instanceof Error) throw ended
  if (ended.status >= 300) throw new GatewayError('response_invalid')
  return ended.content
}

/** Carries one batch. @returns what was found, in the order of the claims. @throws GatewayError as the exchange ended. */
export async function verifyBatch(
  parts: BatchParts,
  job: AskingJob,
  claims: readonly object[],
  signal: Canceller,
): Promise<readonly Finding[]> {
  return findingsIn(await carryForJob(parts, job, { items: claims }, { signal }), claims.length)
}

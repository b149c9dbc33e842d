import { hash } from 'node:crypto'
import type { Operation } from '../contract/contract.ts'
import { readPointer } from '../contract/minimise.ts'
import type { CheckRequestSignature } from '../identity/request-signature.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Consumer, ExchangeFacts, InboundRequest, Receipt } from '../model/exchange.ts'
import type { Authority } from '../registry/authority.ts'
import { type Answer, type EndedExchange, outcomeOf, unconfirmed } from './passage.ts'
import { hasEnded, placeOf, type RequestStore, type StoredRequest } from './request.ts'
import { startFacts } from './stages.ts'

/** A provider brings the document that it was asked for days before. */

export interface TakeResultParts {
  readonly authority: () => Authority
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  readonly checkSignature: CheckRequestSignature
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'begin' | 'complete'>
  readonly requests: RequestStore
  /** Unix milliseconds. */
  readonly now: () => number
  readonly clock: () => number
  readonly observe: (ended: EndedExchange) => void
}

/** An end and its record. */
export interface TakenResult {
  readonly ended: Answer | GatewayError
  readonly receipt: Receipt | undefined
}

/** @returns undefined where the request is not the delivery of a result. */
export type TakeResult = (request: InboundRequest, provider: Consumer) => Promise<TakenResult> | undefined

const SAVES = 5

/** What breaks the contract is the caller's to correct here: it is told where. */
function check(operation: Operation, json: unknown): unknown {
  try {
    operation.checkResponse(200, json)
  } catch (thrown) {
    const { errors } = asGatewayError(thrown)
    throw new GatewayError('request_invalid', errors && { errors })
  }
  return operation.keepDeclared(200, json)
}

export function createTakeResult(parts: TakeResultParts): TakeResult {
  const { ledger, requests, now, clock } = parts

  /** By what is in force at this moment; a request of another provider is none. */
  function judge(request: InboundRequest, provider: Consumer, facts: ExchangeFacts): number {
    const authority = parts.authority()
    if (authority.number === undefined) throw unconfirmed()
    facts.registryDigest = authority.registry.digest
    parts.checkStanding(provider, authority)
    const service = authority.registry.services.get(request.service)
    if (service?.provider.id !== provider.id) throw new GatewayError('request_unknown')
    facts.provider = provider.id
    facts.contractDigest = service.contract.digest
    return authority.number
  }

  function note(facts: ExchangeFacts, operation: Operation, { contents }: StoredRequest): void {
    facts.operation = operation.id
    facts.kind = operation.kind
    const { subjectPointer } = operation
    const subject = subjectPointer && readPointer(contents?.order.request, subjectPointer)
    if (typeof subject === 'string') facts.subject = subject
  }

  /** @returns whether it was there already. */
  async function take(request: InboundRequest, facts: ExchangeFacts, id: string): Promise<boolean> {
    const digest = hash('sha256', request.body, 'base64url')
    for (let tries = 0; tries < SAVES; tries += 1) {
      const found = await requests.find(id)
      const { contract } = parts.authority().registry.services.get(request.service) ?? {}
      const operation = found && contract?.operations.get(found.operation)
      if (operation === undefined || found?.service !== request.service)
        throw new GatewayError('request_unknown')
      note(facts, operation, found)
      const { progress } = found.contents ?? {}
      if (progress?.digest === digest) return true
      if (progress === undefined || hasEnded(found.state) || now() >= found.closeAtMs) {
        throw new GatewayError('request_closed')
      }
      const content = check(operation, request.json)
      if (tries === 0) await ledger.begin(facts)
      const answered = {
        ...progress,
        state: 'answered' as const,
        failures: 0,
        answer: { status: 200, content },
        digest,
      }
      if (await requests.save(found, answered, now())) return false
    }
    throw new GatewayError('ledger_unavailable', { retryAfterSeconds: 1 })
  }

  async function carry(request: InboundRequest, provider: Consumer, id: string): Promise<TakenResult> {
    const startedMs = clock()
    const { contents } = (await requests.find(id)) ?? {}
    const { registry } = parts.authority()
    const facts = startFacts(request, provider, registry, contents?.order.exchangeId)
    let ended: Answer | GatewayError
    try {
      ledger.assertAvailable()
      judge(request, provider, facts)
      if (request.message) {
        const signature = await parts.checkSignature(request.message, request.body, provider)
        if (signature !== undefined) facts.requestSignature = signature
      }
      const replayed = await take(request, facts, id)
      ended = {
        status: 200,
        body: Buffer.from(JSON.stringify({ requestId: id, state: 'answered' })),
        replayed,
      }
    } catch (thrown) {
      ended = asGatewayError(thrown)
    }
    let receipt: Receipt | undefined
    try {
      receipt = await ledger.complete(facts, () => {
        facts.code = ended instanceof Error ? ended.code : undefined
        return { outcome: outcomeOf(ended), reply: undefined, authority: undefined }
      })
    } catch (thrown) {
      ended = asGatewayError(thrown)
    }
    const error = ended instanceof Error ? ended : undefined
    parts.observe({
      facts,
      outcome: outcomeOf(ended),
      error,
      receipt,
      replayed: ended instanceof Error ? false : ended.replayed,
      method: request.method,
      status: ended instanceof Error ? ended.entry.status : ended.status,
      totalMs: clock() - startedMs,
      providerMs: 0,
    })
    return { ended, receipt }
  }

  return (request, provider) => {
    const place = request.method === 'PUT' ? placeOf(request.path) : undefined
    return place?.isResult ? carry(request, provider, place.id) : undefined
  }
}

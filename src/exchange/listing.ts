import type { Ledger } from '../ledger/ledger.ts'
import { asGatewayError, type GatewayError } from '../model/errors.ts'
import type { Consumer, Credentials, ExchangeFacts, Receipt, XroadFacts } from '../model/exchange.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { Authority } from '../registry/authority.ts'
import type { Registry } from '../registry/snapshot.ts'
import { outcomeOf, unconfirmed } from './passage.ts'
import { digestOf } from './stages.ts'

/** A question about what may be asked here; it needs no agreement and is recorded like any other. */
export interface ListingRequest {
  readonly exchangeId: string
  readonly receivedAtMs: number
  readonly traceId: string
  readonly salt: Uint8Array
  readonly credentials: Credentials
  /** Names the question in the record. */
  readonly service: string
  readonly operation: string
  readonly provider: SubsystemId | undefined
  readonly xroad?: XroadFacts
  /** Reads what is to be told, once the consumer is known; what it throws is how the question ends. */
  readonly prepare?: () => Promise<void>
  /** @throws GatewayError where there is nothing to tell. */
  readonly answer: (registry: Registry, consumer: SubsystemId) => Buffer
}

export interface Listed {
  /** What may leave at the moment of the call. */
  release(): Buffer | GatewayError
  readonly receipt: Receipt | undefined
}

interface ListingParts {
  readonly authority: () => Authority
  readonly mayRelease: (authority: number) => boolean
  readonly authenticate: (credentials: Credentials) => Consumer | Promise<Consumer>
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'complete'>
}

/** Rejects where the consumer is not who it says; then there is no record. */
export type List = (request: ListingRequest) => Promise<Listed>

/** Tells of the registry what its consumers may know: authenticate, look, record, answer. */
export function createListing(parts: ListingParts): List {
  return async (request) => {
    const consumer = await parts.authenticate(request.credentials)
    const facts: ExchangeFacts = {
      exchangeId: request.exchangeId,
      receivedAtMs: request.receivedAtMs,
      traceId: request.traceId,
      consumer: consumer.id,
      binding: consumer.binding,
      tokenDigest: consumer.tokenDigest,
      service: request.service,
      operation: request.operation,
      registryDigest: '',
      request: digestOf(new Uint8Array(), request.salt),
    }
    if (request.provider !== undefined) facts.provider = request.provider
    if (request.xroad !== undefined) facts.xroad = request.xroad
    let prepared: GatewayError | undefined
    let ended: Buffer | GatewayError = unconfirmed()
    let judgedBy: number | undefined
    const look = (): Buffer | GatewayError => {
      const authority = parts.authority()
      facts.registryDigest = authority.registry.digest
      try {
        if (authority.number === undefined) throw unconfirmed()
        parts.checkStanding(consumer, authority)
        if (prepared !== undefined) throw prepared
        judgedBy = authority.number
        return request.answer(authority.registry, consumer.id)
      } catch (thrown) {
        return asGatewayError(thrown)
      }
    }
    try {
      parts.ledger.assertAvailable()
      await request.prepare?.().catch((thrown: unknown) => {
        prepared = asGatewayError(thrown)
      })
      const receipt = await parts.ledger.complete(facts, () => {
        ended = look()
        if (ended instanceof Error) {
          facts.code = ended.code
          facts.answer = undefined
          return { outcome: outcomeOf(ended), reply: undefined, authority: undefined }
        }
        facts.code = undefined
        facts.answer = { ...digestOf(ended, request.salt), status: 200 }
        return { outcome: 'delivered', reply: undefined, authority: judgedBy }
      })
      const release = () => {
        if (ended instanceof Error || (judgedBy !== undefined && parts.mayRelease(judgedBy))) return ended
        return unconfirmed()
      }
      return { release, receipt }
    } catch (thrown) {
      const error = asGatewayError(thrown)
      return { release: () => error, receipt: undefined }
    }
  }
}

import { eventTypeOf, type ReadEvent, readCloudEvent, subjectOf } from '../contract/cloud-event.ts'
import type { EndedExchange } from '../exchange/passage.ts'
import { digestOf } from '../exchange/stages.ts'
import type { Ledger, Verdict } from '../ledger/ledger.ts'
import type { Stage } from '../model/error-entry.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Consumer, Credentials, ExchangeFacts, Outcome, Receipt } from '../model/exchange.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { Authority } from '../registry/authority.ts'
import type { CompiledService } from '../registry/snapshot.ts'
import type { EventStore } from './event-store.ts'

/** One event that a provider publishes, as its door translated it; nothing in it is trusted. */
export interface PublicationRequest {
  readonly exchangeId: string
  readonly receivedAtMs: number
  readonly traceId: string
  readonly credentials: Credentials
  readonly service: ServiceId
  readonly salt: Uint8Array
  readonly body: Uint8Array
  readonly json: unknown
}

/** An event that is in the log and in the sequence. */
export interface Published {
  /** Of the first publication. */
  readonly exchangeId: string
  readonly sequence: number
  readonly repeated: boolean
}

export interface Publication {
  readonly ended: Published | GatewayError
  readonly receipt: Receipt | undefined
}

/** @throws GatewayError where nobody was recognised; whatever happens after that is in the log. */
export type Publish = (request: PublicationRequest) => Promise<Publication>

export interface PublicationParts {
  readonly authority: () => Authority
  readonly authenticate: (credentials: Credentials) => Consumer | Promise<Consumer>
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'complete'>
  readonly events: EventStore
  /** Unix milliseconds. */
  readonly now: () => number
  readonly observe: (ended: EndedExchange) => void
  /** Told of each event that has got its place. */
  readonly onPlaced: () => void
}

const REFUSING: ReadonlySet<Stage> = new Set([
  'gate',
  'authenticate',
  'resolve',
  'authorise',
  'check_request',
])

/** How an exchange that ended with an error is recorded. */
export function outcomeOfError({ entry }: GatewayError): Outcome {
  return REFUSING.has(entry.stage) ? 'refused' : 'failed'
}

function startFacts(request: PublicationRequest, consumer: Consumer, registryDigest: string): ExchangeFacts {
  return {
    exchangeId: request.exchangeId,
    receivedAtMs: request.receivedAtMs,
    traceId: request.traceId,
    consumer: consumer.id,
    binding: consumer.binding,
    tokenDigest: consumer.tokenDigest,
    service: request.service,
    registryDigest,
    request: digestOf(request.body, request.salt),
  }
}

/**
 * Carries one event from its provider to the sequence: who, whose service, what the contract says; written down;
 * recorded; placed. Subscribers are told of nothing that is not in the log: what a crash leaves between the two is
 * placed from the log at the next look.
 */
export function createPublish(parts: PublicationParts): Publish {
  const { ledger, events, now } = parts

  /** By what is in force at this moment. */
  function allow(
    request: PublicationRequest,
    consumer: Consumer,
    facts: ExchangeFacts,
  ): [CompiledService, number] {
    const { number, registry } = parts.authority()
    if (number === undefined) throw new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
    facts.registryDigest = registry.digest
    parts.checkStanding(consumer, parts.authority())
    const service = registry.services.get(request.service)
    if (service === undefined || service.document.state !== 'active')
      throw new GatewayError('service_unknown')
    facts.provider = service.provider.id
    facts.contractDigest = service.contract.digest
    facts.kind = 'event'
    const operation = eventTypeOf(request.json, service.contract)
    if (operation !== undefined) {
      facts.operation = operation.id
      const { data } = request.json as { readonly data?: unknown }
      const subject = subjectOf(operation, data)
      if (subject !== undefined) facts.subject = subject
    }
    if (service.provider.id !== consumer.id) throw new GatewayError('event_not_own')
    return [service, number]
  }

  async function write(
    request: PublicationRequest,
    { event, subject }: ReadEvent,
  ): Promise<Published | undefined> {
    const { exchangeId, traceId, service } = request
    const written = await events.write({ exchangeId, traceId, service, event, subject })
    if (written.state === 'different') throw new GatewayError('event_id_reused')
    if (written.state === 'new') return undefined
    return { exchangeId: written.exchangeId, sequence: written.sequence, repeated: true }
  }

  function verdictOn(
    facts: ExchangeFacts,
    ended: GatewayError | undefined,
    authority: number | undefined,
  ): Verdict {
    if (ended === undefined) {
      facts.code = undefined
      return { outcome: 'delivered', reply: undefined, authority }
    }
    facts.code = ended.code
    return { outcome: outcomeOfError(ended), reply: undefined, authority: undefined }
  }

  async function carry(
    request: PublicationRequest,
    consumer: Consumer,
    facts: ExchangeFacts,
  ): Promise<Publication> {
    let error: GatewayError | undefined
    let read: ReadEvent | undefined
    let known: Published | undefined
    try {
      ledger.assertAvailable()
      const [service] = allow(request, consumer, facts)
      read = readCloudEvent(request.json, service.contract, now())
      known = await write(request, read)
    } catch (thrown) {
      error = asGatewayError(thrown)
    }
    let receipt: Receipt | undefined
    try {
      receipt = await ledger.complete(facts, () => {
        let number: number | undefined
        try {
          if (error === undefined) number = allow(request, consumer, facts)[1]
        } catch (thrown) {
          error = asGatewayError(thrown)
        }
        return verdictOn(facts, error, number)
      })
      if (error !== undefined || read === undefined)
        return { ended: error ?? new GatewayError('internal_error'), receipt }
      if (known !== undefined) return { ended: known, receipt }
      const sequence = await events.place(request.service, read.event)
      parts.onPlaced()
      return { ended: { exchangeId: request.exchangeId, sequence, repeated: false }, receipt }
    } catch (thrown) {
      return { ended: asGatewayError(thrown), receipt }
    }
  }

  return async (request) => {
    const consumer = await parts.authenticate(request.credentials)
    const facts = startFacts(request, consumer, parts.authority().registry.digest)
    const publication = await carry(request, consumer, facts)
    const { ended, receipt } = publication
    const error = ended instanceof Error ? ended : undefined
    parts.observe({
      facts,
      outcome: error ? outcomeOfError(error) : 'delivered',
      error,
      receipt,
      replayed: !(ended instanceof Error) && ended.repeated,
      method: 'POST',
      status: error?.entry.status ?? 202,
      totalMs: now() - request.receivedAtMs,
      providerMs: 0,
    })
    return publication
  }
}

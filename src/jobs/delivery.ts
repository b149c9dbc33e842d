import { writeCloudEvent } from '../contract/cloud-event.ts'
import { type Authorisation, authorise } from '../exchange/authorise.ts'
import { describeEnd, type EndedExchange, outcomeOf } from '../exchange/passage.ts'
import type { TakeQuota } from '../exchange/quota.ts'
import { digestOf, noteAuthorisation } from '../exchange/stages.ts'
import type { Ledger, Verdict } from '../ledger/ledger.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { PlacedEvent, Subscription } from '../model/event.ts'
import type { Consumer, ExchangeFacts, Receipt } from '../model/exchange.ts'
import type { Authority } from '../registry/authority.ts'

/** An event ready to leave to one subscriber: its record is in the log. */
export interface Delivery {
  readonly exchangeId: string
  readonly salt: Uint8Array
  readonly receipt: Receipt
  /** A CloudEvent in structured mode with the agreed fields of its data. */
  readonly body: Buffer
  /** Whether it may leave at the moment of the call: what it was judged by may have been revoked. */
  mayLeave(): boolean
}

/**
 * Makes one event ready for one subscriber: access is decided now, the data minimised, the exchange recorded.
 * @param reader who reads, where a token is at hand; a push goes by the subscription.
 * @throws GatewayError what it was refused by (that is in the log too), or why it could not be done now.
 */
export type Deliver = (subscription: Subscription, event: PlacedEvent, reader?: Consumer) => Promise<Delivery>

export interface DeliveryParts {
  readonly authority: () => Authority
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  readonly mayRelease: (authority: number) => boolean
  readonly takeQuota: TakeQuota
  readonly ledger: Pick<Ledger, 'assertAvailable' | 'complete'>
  readonly now: () => number
  readonly newExchangeId: (nowMs: number) => string
  readonly newSalt: () => Uint8Array
  readonly observe: (ended: EndedExchange) => void
}

function unconfirmed(): GatewayError {
  return new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
}

interface Passage {
  readonly subscription: Subscription
  readonly placed: PlacedEvent
  readonly reader: Consumer | undefined
  readonly facts: ExchangeFacts
  readonly salt: Uint8Array
  /** Number of the authority it was judged by last. */
  judgedBy: number | undefined
}

/** What a subscription asks an agreement for. */
export function askOf(
  { service, purpose, fields, details }: Pick<Subscription, 'service' | 'purpose' | 'fields' | 'details'>,
  operation: string,
) {
  const nothing = { officer: undefined, dossier: undefined, procedure: undefined }
  return { service, operation, purpose, fields, details, isSigned: false, ...nothing }
}

/** The pipeline of telling one subscriber of one event; every push and every event of a pull goes through it. */
export function createDeliver(parts: DeliveryParts): Deliver {
  const { ledger, now } = parts

  /** By what is in force at this moment. */
  function allow(passage: Passage): Authorisation {
    const { subscription, placed, facts, reader } = passage
    const authority = parts.authority()
    if (authority.number === undefined) throw unconfirmed()
    const { registry, number } = authority
    facts.registryDigest = registry.digest
    if (reader !== undefined) parts.checkStanding(reader, authority)
    else if (registry.subsystems.get(subscription.consumer)?.state !== 'active')
      throw new GatewayError('subsystem_suspended')
    const service = registry.services.get(subscription.service)
    const operation = service?.contract.operations.get(placed.event.type)
    if (service === undefined || service.document.state !== 'active')
      throw new GatewayError('service_unknown')
    facts.provider = service.provider.id
    facts.contractDigest = service.contract.digest
    if (operation?.kind !== 'event') throw new GatewayError('operation_unknown')
    const candidates = service.agreementsOf(subscription.consumer)
    const authorisation = authorise(candidates, askOf(subscription, operation.id), now())
    noteAuthorisation(facts, authorisation)
    passage.judgedBy = number
    return authorisation
  }

  function write(passage: Passage): Buffer {
    const { event, sequence } = passage.placed
    const { grant, fields } = allow(passage)
    const project = fields === grant.fields ? grant.project : grant.projectSubset(fields)
    return writeCloudEvent(event, sequence, project(event.data) ?? {})
  }

  /** Judges, and notes the end in the facts. */
  function judge(
    passage: Passage,
    refused: GatewayError | undefined,
  ): { ended: Buffer | GatewayError; verdict: Verdict } {
    const { facts, salt } = passage
    let ended: Buffer | GatewayError
    try {
      if (refused !== undefined) throw refused
      ended = write(passage)
    } catch (thrown) {
      ended = asGatewayError(thrown)
    }
    if (ended instanceof Error) {
      facts.code = ended.code
      facts.answer = undefined
      return { ended, verdict: { outcome: outcomeOf(ended), reply: undefined, authority: undefined } }
    }
    facts.code = undefined
    facts.answer = { ...digestOf(ended, salt), status: 200 }
    return { ended, verdict: { outcome: 'delivered', reply: undefined, authority: passage.judgedBy } }
  }

  function begin(subscription: Subscription, placed: PlacedEvent, reader: Consumer | undefined): Passage {
    const { event, subject } = placed
    const receivedAtMs = now()
    const facts: ExchangeFacts = {
      exchangeId: parts.newExchangeId(receivedAtMs),
      receivedAtMs,
      traceId: placed.traceId,
      consumer: subscription.consumer,
      binding: reader?.binding ?? subscription.binding,
      tokenDigest: reader?.tokenDigest ?? subscription.tokenDigest,
      service: subscription.service,
      registryDigest: parts.authority().registry.digest,
      operation: event.type,
      kind: 'event',
      purpose: subscription.purpose,
      ...(subject !== undefined && { subject }),
    }
    return { subscription, placed, reader, facts, salt: parts.newSalt(), judgedBy: undefined }
  }

  async function record(passage: Passage): Promise<Delivery> {
    const { facts, salt } = passage
    let refused: GatewayError | undefined
    try {
      const { document } = allow(passage).agreement
      await parts.takeQuota(document.id, document.quota)
    } catch (thrown) {
      refused = asGatewayError(thrown)
      // Nothing was decided: it is tried again, and that try is recorded.
      if (refused.code === 'quota_exceeded' || refused.entry.status === 503) throw refused
    }
    let ended: Buffer | GatewayError = unconfirmed()
    const receipt = await ledger.complete(facts, () => {
      const judged = judge(passage, refused)
      ended = judged.ended
      return judged.verdict
    })
    // The compiler does not see that the judge was called.
    const final = ended as Buffer | GatewayError
    if (final instanceof Error) throw final
    const number = passage.judgedBy
    const mayLeave = () => number !== undefined && parts.mayRelease(number)
    return { exchangeId: facts.exchangeId, salt, receipt, body: final, mayLeave }
  }

  return async (subscription, placed, reader) => {
    ledger.assertAvailable()
    const passage = begin(subscription, placed, reader)
    const { facts } = passage
    const tell = (receipt: Receipt | undefined, error: GatewayError | undefined) =>
      parts.observe(
        describeEnd(facts, { error, receipt, method: 'POST', totalMs: now() - facts.receivedAtMs }),
      )
    try {
      const delivery = await record(passage)
      tell(delivery.receipt, undefined)
      return delivery
    } catch (thrown) {
      const error = asGatewayError(thrown)
      tell(undefined, error)
      throw error
    }
  }
}

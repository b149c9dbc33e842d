import { type Application, type ApplicationEvent, agreementOf } from './application.ts'
import { canonicalJson } from './canonical.ts'

/** What makes a decision's text; all of it is public to whoever may see the application. */
interface DecisionFacts {
  /** The log's origin: a decision of one gateway is none of another. */
  readonly gateway: string
  readonly application: Pick<Application, 'number' | 'consumer' | 'provider' | 'service' | 'content'>
  /** The event that handed it up. */
  readonly proposal: ApplicationEvent
  /** SHA-256 of a value's canonical JSON, hex: as the registry digests its documents. */
  readonly digestOf: (value: unknown) => string
}

/**
 * @returns the bytes a leader signs. They name one application of one gateway as it stood, one decision, one approver
 * and the exchange that handed it up, so that they fit nothing else, and the digest under which exchanges name the
 * agreement in the log.
 */
export function writeDecision({ gateway, application, proposal, digestOf }: DecisionFacts): string {
  const { number, consumer, provider, service, content } = application
  const { decision, agreement, legalBasis, reason, approver, at, by, exchange } = proposal
  return canonicalJson({
    kind: 'lienthong.application-decision',
    v: 1,
    gateway,
    application: number,
    class: content.class,
    consumer,
    provider,
    service,
    content: digestOf(content),
    decision,
    agreement: agreement && { id: agreement, digest: digestOf(agreementOf(content, agreement)) },
    legalBasis,
    reason,
    approver,
    proposed: { at, by, exchange },
  })
}

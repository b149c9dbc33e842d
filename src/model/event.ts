import type { DataExchangeDetail, TokenBinding } from './exchange.ts'
import type { ServiceId, SubsystemId } from './identifier.ts'

/** What a provider tells of itself: a CloudEvent (CloudEvents 1.0.2) whose `data` meet the service's contract. */
export interface CloudEvent {
  /** With `source` it names the event for good. */
  readonly id: string
  readonly source: string
  /** Name of the event among the contract's webhooks. */
  readonly type: string
  /** RFC 3339: when it happened, not when it was told. */
  readonly time: string
  readonly data: unknown
}

/** An event that is in the log and has its place in the sequence. */
export interface PlacedEvent {
  /** Of its publication; subscribers know it as `webhook-id`, the same at every try. */
  readonly exchangeId: string
  readonly service: ServiceId
  /** Rises with every event of the gateway: what it tells of one subject comes in this order. */
  readonly sequence: number
  readonly event: CloudEvent
  /** Whom or what it tells of, where its contract names that. */
  readonly subject: string | undefined
  readonly traceId: string
}

export type SubscriptionMode = 'push' | 'pull'

/** `stopped` is the gateway's doing: access was refused when something was to be delivered. */
export type SubscriptionState = 'active' | 'paused' | 'stopped'

/** What a consumer wants to be told of, and how. It gives no right: that is judged at each delivery. */
export interface Subscription {
  readonly id: string
  readonly consumer: SubsystemId
  readonly service: ServiceId
  readonly types: readonly string[]
  readonly purpose: string
  /** All agreed ones where absent. */
  readonly fields: readonly string[] | undefined
  /** What the token was narrowed to that it was made with. */
  readonly details: readonly DataExchangeDetail[] | undefined
  /** Of that token: stands in the record of each push. */
  readonly binding: TokenBinding
  readonly tokenDigest: string
  readonly mode: SubscriptionMode
  /** Where a push goes. */
  readonly url: string | undefined
  readonly state: SubscriptionState
  /** Why it was stopped: a code of the error table. */
  readonly stoppedBy: string | undefined
  readonly createdAtMs: number
  /** Of a pull: what the consumer said last that it has. */
  readonly cursor: number
}

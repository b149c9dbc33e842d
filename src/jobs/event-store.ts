import type { ErrorCode } from '../model/error-table.ts'
import type { CloudEvent, PlacedEvent, Subscription, SubscriptionState } from '../model/event.ts'
import type { ServiceId, SubsystemId } from '../model/identifier.ts'

/** An event that was checked and has no place in the sequence yet. */
export interface NewEvent {
  readonly exchangeId: string
  readonly traceId: string
  readonly service: ServiceId
  readonly event: CloudEvent
  readonly subject: string | undefined
}

/** What became of an event when it was written down. */
export type WrittenEvent =
  | { readonly state: 'new' }
  /** It was published before, by this exchange. */
  | { readonly state: 'known'; readonly exchangeId: string; readonly sequence: number }
  /** Its source and id belong to another content. */
  | { readonly state: 'different' }

/** Events on their way. Their content is encrypted at rest. */
export interface EventStore {
  /** Writes it down; nobody is told of it before it is placed. */
  write(event: NewEvent): Promise<WrittenEvent>
  /**
   * Gives an event whose record is durable its place, and every push subscription that wants it a delivery, in one
   * transaction. @returns its sequence.
   */
  place(service: ServiceId, event: CloudEvent): Promise<number>
  /** Places what a crashed process had recorded and not placed. @returns how many. */
  placeRecorded(): Promise<number>
  /** Events of these types after `after` in the sequence, at most `limit`. */
  read(
    service: ServiceId,
    types: readonly string[],
    after: number,
    limit: number,
  ): Promise<readonly PlacedEvent[]>
  /** The place before the first of these events that happened at or after an instant. */
  placeBefore(service: ServiceId, types: readonly string[], atMs: number): Promise<number>
  /** The last place of these events that is no longer kept, 0 where all are. */
  deletedTo(service: ServiceId, types: readonly string[]): Promise<number>
  /** When the newest event of each service and type happened, Unix milliseconds. */
  newest(): Promise<readonly { readonly service: string; readonly type: string; readonly atMs: number }[]>
}

/** A secret that signs pushes, with the one it replaced while that is still good. */
export interface WebhookSecrets {
  readonly current: Uint8Array
  readonly previous?: Uint8Array | undefined
  /** Unix milliseconds. */
  readonly previousUntilMs?: number | undefined
}

export interface DeadLetter {
  readonly sequence: number
  readonly type: string
  readonly attempts: number
  readonly code: string | undefined
  readonly failedAtMs: number
}

export interface SubscriptionStatus {
  /** Deliveries that wait, dead letters apart. */
  readonly waiting: number
  readonly dead: number
}

export interface SubscriptionStore {
  /** It is told of what is placed from now on. */
  create(
    subscription: Omit<Subscription, 'cursor'>,
    secrets: WebhookSecrets | undefined,
  ): Promise<Subscription>
  list(consumer: SubsystemId): Promise<readonly Subscription[]>
  find(consumer: SubsystemId, id: string): Promise<Subscription | undefined>
  setState(id: string, state: SubscriptionState, stoppedBy?: ErrorCode): Promise<void>
  setUrl(id: string, url: string): Promise<void>
  setCursor(id: string, cursor: number): Promise<void>
  setSecrets(id: string, secrets: WebhookSecrets): Promise<void>
  secretsOf(id: string): Promise<WebhookSecrets | undefined>
  remove(id: string): Promise<void>
  status(id: string): Promise<SubscriptionStatus>
  /** Delivers again what happened at or after an instant. @returns how many. */
  replay(subscription: Subscription, fromMs: number): Promise<number>
  deadLetters(id: string, limit: number): Promise<readonly DeadLetter[]>
  /** @param sequences all of them where absent. @returns how many are sent again. */
  resend(id: string, sequences: readonly number[] | undefined): Promise<number>
}

/** One delivery that this process has taken on. */
export interface ClaimedDelivery {
  readonly subscription: Subscription
  readonly event: PlacedEvent
  /** Tries that failed before. */
  readonly attempts: number
  /** Failures of the subscription's receiver in a row. */
  readonly failures: number
  /** Whether the consumer asked for it once more: it says nothing of how fresh the data are. */
  readonly replayed: boolean
}

export interface DeliveryStore {
  /**
   * Takes on what is due: of one subscription and subject only the oldest, and nothing while an older one is under
   * way. What a dead process had taken on is taken over.
   */
  claim(limit: number): Promise<readonly ClaimedDelivery[]>
  delivered(delivery: ClaimedDelivery): Promise<void>
  /** Tries it again after a while. */
  postpone(
    delivery: ClaimedDelivery,
    later: { readonly afterMs: number; readonly code: string },
  ): Promise<void>
  /** Gives it up: a dead letter. */
  bury(delivery: ClaimedDelivery, code: string): Promise<void>
  /** Nothing is sent for a while; `failures` counts those in a row, 0 where the receiver answers. */
  holdSubscription(id: string, hold: { readonly afterMs: number; readonly failures: number }): Promise<void>
  /** Gives back what was taken on and will not be tried: no try is counted. */
  giveBack(delivery: ClaimedDelivery): Promise<void>
  /** Deliveries waiting and dead, over all subscriptions. */
  counts(): Promise<SubscriptionStatus>
  /** Gives back what dead processes had taken on. */
  recover(): Promise<void>
  /** Deletes what is older than it is kept. */
  sweep(): Promise<void>
}

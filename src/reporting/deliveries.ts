import type { SubscriptionState } from '../model/event.ts'

/** A subscription by webhook as its owner looks after it. */
export interface WebhookStanding {
  readonly subscription: string
  readonly service: string
  readonly types: readonly string[]
  /** Its receiver; the path may hold a secret and is left out. */
  readonly host: string
  readonly state: SubscriptionState
  readonly stoppedBy: string | undefined
  /** Failures of the receiver in a row, and when it is tried next. */
  readonly failures: number
  readonly dueAt: Date
  readonly waiting: number
  readonly delivered: number
  /** Given up after all tries; they can be sent again. */
  readonly dead: number
}

/** One delivery that has not arrived, or only after tries. */
export interface DeliveryTrouble {
  readonly subscription: string
  readonly sequence: number
  readonly type: string
  readonly state: 'waiting' | 'sending' | 'dead'
  readonly attempts: number
  readonly code: string | undefined
  /** When it is tried next, or was given up. */
  readonly at: Date
  /** Whether it was sent again on request. */
  readonly resent: boolean
}

export interface WebhookStore {
  webhooksOf(consumer: string): Promise<readonly WebhookStanding[]>
  /** The latest, dead ones first. */
  troublesOf(consumer: string, limit: number): Promise<readonly DeliveryTrouble[]>
}

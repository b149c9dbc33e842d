import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Subscription } from '../model/event.ts'
import type { Deliver } from './delivery.ts'
import type { ClaimedDelivery, DeliveryStore, SubscriptionStore, WebhookSecrets } from './event-store.ts'
import { type SignEd25519, signWebhook } from './webhook-signature.ts'

/** What a receiver said; rejects with a GatewayError where it said nothing. */
export type PostWebhook = (push: {
  readonly subscription: Pick<Subscription, 'consumer' | 'url'>
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}) => Promise<{ readonly status: number; readonly retryAfterSeconds: number | undefined }>

/** How one push ended. */
export type PushOutcome = 'delivered' | 'postponed' | 'dead' | 'stopped'

export interface SenderParts {
  readonly deliveries: DeliveryStore
  readonly subscriptions: Pick<SubscriptionStore, 'secretsOf' | 'setState'>
  readonly deliver: Deliver
  readonly post: PostWebhook
  readonly signEd25519: SignEd25519
  /** `Exchange-Receipt` of a recorded exchange. */
  readonly receiptField: (delivery: Awaited<ReturnType<Deliver>>) => string
  /** Unix milliseconds. */
  readonly now: () => number
  /** 0 to 1. */
  readonly random: () => number
  /** Resolves when there may be something to send: after a while, or because something was placed. */
  readonly pause: () => Promise<void>
  readonly onPush: (subscription: Subscription, outcome: PushOutcome) => void
  /** Told of each event that has arrived. */
  readonly onDelivered: (delivery: ClaimedDelivery) => void
  readonly onError: (error: unknown) => void
}

export interface Sender {
  /** Sends whatever is due, from now on. */
  start(): void
  /** Takes nothing more on and waits for what is under way. */
  stop(): Promise<void>
}

/** Pushes under way in one process. */
const AT_ONCE = 64
const FIRST_DELAY_MS = 2000
const MAX_DELAY_MS = 6 * 3_600_000
/** With the delays above, the last try is some 38 hours after the first. */
export const MAX_ATTEMPTS = 18
/** A receiver that says that this event is not for it is not asked again as often. */
const MAX_REJECTIONS = 6

/**
 * @param tries that failed before this one, 0 or more.
 * @param random 0 to 1.
 * @returns how long to wait: doubling from 2 s to 6 h, between half and all of it, so that receivers that come
 * back are not met by everything at once.
 */
export function retryDelayMs(tries: number, random: number): number {
  const whole = Math.min(FIRST_DELAY_MS * 2 ** Math.min(tries, 30), MAX_DELAY_MS)
  return Math.round(whole / 2 + (whole / 2) * random)
}

/** A status that is about the receiver, not about the event: the others of the subscription would fare the same. */
function isReceiverAway(status: number): boolean {
  return (
    status >= 500 || status === 408 || status === 425 || status === 429 || status === 401 || status === 404
  )
}

/** Refusals that hold until somebody changes something: the subscription stops. Others pass by themselves. */
function isPassing({ code, entry }: GatewayError): boolean {
  return code === 'quota_exceeded' || entry.status === 503
}

function secretsInForce({ current, previous, previousUntilMs = 0 }: WebhookSecrets, nowMs: number) {
  return previous !== undefined && nowMs < previousUntilMs ? [current, previous] : [current]
}

/**
 * Pushes events to their subscribers: at least once, in order for each subject. What it takes on it either ends in
 * the database or, where the process dies, another takes over; the receiver tells repetitions by `webhook-id`.
 */
export function createSender(parts: SenderParts): Sender {
  const { deliveries, subscriptions, now, random } = parts
  const underWay = new Set<Promise<void>>()
  let stopped = false
  let running: Promise<void> | undefined

  async function later(
    claimed: ClaimedDelivery,
    code: string,
    away: boolean,
    retryAfterMs = 0,
  ): Promise<PushOutcome> {
    const { subscription, attempts, failures } = claimed
    const afterMs = Math.max(retryDelayMs(attempts, random()), retryAfterMs)
    const isLast = attempts + 1 >= (away ? MAX_ATTEMPTS : MAX_REJECTIONS)
    if (isLast) await deliveries.bury(claimed, code)
    else await deliveries.postpone(claimed, { afterMs, code })
    if (away) {
      const hold = Math.max(retryDelayMs(failures, random()), retryAfterMs)
      await deliveries.holdSubscription(subscription.id, { afterMs: hold, failures: failures + 1 })
    }
    return isLast ? 'dead' : 'postponed'
  }

  /** What could not even be sent: refused for good, or not now. */
  async function unsent(claimed: ClaimedDelivery, error: GatewayError): Promise<PushOutcome> {
    const { subscription, failures } = claimed
    if (error.code === 'internal_error') {
      parts.onError(error.cause)
      return later(claimed, error.code, false)
    }
    await deliveries.giveBack(claimed)
    if (isPassing(error)) {
      const afterMs = Math.max((error.retryAfterSeconds ?? 1) * 1000, 1000)
      await deliveries.holdSubscription(subscription.id, { afterMs, failures })
      return 'postponed'
    }
    await subscriptions.setState(subscription.id, 'stopped', error.code)
    return 'stopped'
  }

  async function push(claimed: ClaimedDelivery): Promise<PushOutcome> {
    const { subscription, event } = claimed
    let headers: Record<string, string>
    let body: Buffer
    try {
      const delivery = await parts.deliver(subscription, event)
      const secrets = await subscriptions.secretsOf(subscription.id)
      if (secrets === undefined) throw new GatewayError('subscription_unknown')
      body = delivery.body
      const message = { id: event.exchangeId, timestampSeconds: Math.floor(now() / 1000), body }
      const signature = await signWebhook(message, secretsInForce(secrets, now()), parts.signEd25519)
      headers = {
        ...signature,
        'content-type': 'application/cloudevents+json',
        'exchange-id': delivery.exchangeId,
        'exchange-receipt': parts.receiptField(delivery),
      }
      if (!delivery.mayLeave()) throw new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
    } catch (thrown) {
      return unsent(claimed, asGatewayError(thrown))
    }
    try {
      const { status, retryAfterSeconds = 0 } = await parts.post({ subscription, headers, body })
      if (status >= 200 && status < 300) {
        await deliveries.delivered(claimed)
        parts.onDelivered(claimed)
        return 'delivered'
      }
      // RFC 9110 §15.5.11: the receiver wants no more of it, and is likely to want none later.
      if (status === 410) {
        await deliveries.giveBack(claimed)
        await subscriptions.setState(subscription.id, 'stopped', 'webhook_gone')
        return 'stopped'
      }
      return await later(
        claimed,
        `http_${status}`,
        isReceiverAway(status),
        Math.min(retryAfterSeconds * 1000, MAX_DELAY_MS),
      )
    } catch (thrown) {
      const error = asGatewayError(thrown)
      if (error.code === 'internal_error') throw thrown
      if (error.code === 'webhook_not_allowed') return unsent(claimed, error)
      return later(claimed, error.code, true)
    }
  }

  async function carry(claimed: ClaimedDelivery): Promise<void> {
    try {
      parts.onPush(claimed.subscription, await push(claimed))
    } catch (error) {
      // The database is away: the delivery stays taken on until this process gives it back or ends.
      parts.onError(error)
      await deliveries.giveBack(claimed).catch(() => {})
    }
  }

  async function claim(): Promise<readonly ClaimedDelivery[]> {
    const free = AT_ONCE - underWay.size
    if (free <= 0) return []
    try {
      return await deliveries.claim(free)
    } catch (error) {
      parts.onError(error)
      return []
    }
  }

  async function send(): Promise<void> {
    while (!stopped) {
      const claimed = await claim()
      for (const each of claimed) {
        const task: Promise<void> = carry(each).finally(() => underWay.delete(task))
        underWay.add(task)
      }
      // A successor may be sent as soon as one has ended.
      if (claimed.length === 0 && !stopped) await Promise.race([...underWay, parts.pause()])
    }
  }

  return {
    start() {
      running ??= send()
    },
    async stop() {
      stopped = true
      await running
      await Promise.all(underWay)
    },
  }
}

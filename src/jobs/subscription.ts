import { authorise } from '../exchange/authorise.ts'
import { GatewayError, type Violation } from '../model/errors.ts'
import type { PlacedEvent, Subscription, SubscriptionMode } from '../model/event.ts'
import type { Consumer } from '../model/exchange.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { Authority } from '../registry/authority.ts'
import { assertWebhookAllowed } from '../registry/webhook-address.ts'
import { askOf, type Deliver, type Delivery } from './delivery.ts'
import type { EventStore, SubscriptionStore } from './event-store.ts'
import { formatSecret, SECRET_BYTES } from './webhook-signature.ts'

/** What a consumer asks for when it subscribes; of the right form, no more is known of it. */
export interface SubscriptionWish {
  readonly service: ServiceId
  readonly types: readonly string[]
  readonly purpose: string
  readonly fields: readonly string[] | undefined
  readonly mode: SubscriptionMode
  readonly url: string | undefined
}

/** A page of a pull. */
export interface EventPage {
  readonly deliveries: readonly Delivery[]
  /** What to ask for next. */
  readonly cursor: number
  readonly more: boolean
}

export interface SubscriptionDeskParts {
  readonly authority: () => Authority
  readonly checkStanding: (consumer: Consumer, authority: Authority) => void
  readonly subscriptions: SubscriptionStore
  readonly events: EventStore
  readonly deliver: Deliver
  readonly now: () => number
  readonly newId: () => string
  readonly randomBytes: (bytes: number) => Uint8Array
  /** Told of each event of a pull that is about to leave. */
  readonly onPulled: (event: PlacedEvent) => void
}

/** What a consumer can do with its subscriptions; it sees and touches its own only. */
export interface SubscriptionDesk {
  /** @returns the secret of a push too: it is told this once. */
  create(
    consumer: Consumer,
    wish: SubscriptionWish,
  ): Promise<{ subscription: Subscription; secret: string | undefined }>
  list(consumer: Consumer): Promise<readonly Subscription[]>
  find(consumer: Consumer, id: string): Promise<Subscription>
  /** `active` is refused where nothing would be allowed. */
  change(
    consumer: Consumer,
    id: string,
    change: { readonly state?: 'active' | 'paused' | undefined; readonly url?: string | undefined },
  ): Promise<Subscription>
  remove(consumer: Consumer, id: string): Promise<void>
  /** @returns a new secret; the one before signs too for a day. */
  rotate(consumer: Consumer, id: string): Promise<string>
  replay(consumer: Consumer, id: string, fromMs: number): Promise<number>
  read(
    consumer: Consumer,
    id: string,
    page: { readonly after: number | undefined; readonly fromMs: number | undefined; readonly limit: number },
  ): Promise<EventPage>
}

const OLD_SECRET_MS = 86_400_000

function unknownTypes(types: readonly string[], known: (type: string) => boolean): readonly Violation[] {
  const detail = { vi: 'Hợp đồng không có loại sự kiện này.', en: 'The contract has no such event type.' }
  return types.flatMap((type, index) =>
    known(type) ? [] : [{ pointer: `/types/${index}`, rule: 'event_unknown', detail }],
  )
}

export function createSubscriptionDesk(parts: SubscriptionDeskParts): SubscriptionDesk {
  const { subscriptions, events, now } = parts

  /** Who may not be told of any of it now has no use of a subscription. */
  function assertAllowed(consumer: Consumer, wish: SubscriptionWish): void {
    const authority = parts.authority()
    const { registry } = authority
    const service = registry.services.get(wish.service)
    if (service === undefined || service.document.state !== 'active')
      throw new GatewayError('service_unknown')
    const { operations } = service.contract
    const errors = unknownTypes(wish.types, (type) => operations.get(type)?.kind === 'event')
    if (errors.length > 0) throw new GatewayError('request_invalid', { errors })
    const candidates = service.agreementsOf(consumer.id)
    const asked = { ...wish, details: consumer.details }
    for (const type of wish.types) authorise(candidates, askOf(asked, type), now())
    if (wish.mode === 'push') assertWebhookAllowed(wish.url, registry.subsystems.get(consumer.id)?.webhooks)
  }

  function assertStanding(consumer: Consumer): void {
    const authority = parts.authority()
    if (authority.number === undefined)
      throw new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
    parts.checkStanding(consumer, authority)
  }

  async function find(consumer: Consumer, id: string, mode?: SubscriptionMode): Promise<Subscription> {
    assertStanding(consumer)
    const found = await subscriptions.find(consumer.id, id)
    if (found === undefined) throw new GatewayError('subscription_unknown')
    if (mode !== undefined && found.mode !== mode) throw new GatewayError('subscription_mode_differs')
    return found
  }

  return {
    async create(consumer, wish) {
      assertStanding(consumer)
      assertAllowed(consumer, wish)
      const secret = wish.mode === 'push' ? parts.randomBytes(SECRET_BYTES) : undefined
      const { binding, tokenDigest, details } = consumer
      const made = {
        ...wish,
        id: parts.newId(),
        consumer: consumer.id,
        details,
        binding,
        tokenDigest,
        state: 'active' as const,
        stoppedBy: undefined,
        createdAtMs: now(),
      }
      const subscription = await subscriptions.create(made, secret && { current: secret })
      return { subscription, secret: secret && formatSecret(secret) }
    },
    async list(consumer) {
      assertStanding(consumer)
      return subscriptions.list(consumer.id)
    },
    find: (consumer, id) => find(consumer, id),
    async change(consumer, id, { state, url }) {
      const found = await find(consumer, id, url === undefined ? undefined : 'push')
      const wish = { ...found, url: url ?? found.url }
      if (state === 'active' || url !== undefined) assertAllowed(consumer, wish)
      if (url !== undefined) await subscriptions.setUrl(id, url)
      if (state !== undefined) await subscriptions.setState(id, state)
      return find(consumer, id)
    },
    async remove(consumer, id) {
      await find(consumer, id)
      await subscriptions.remove(id)
    },
    async rotate(consumer, id) {
      await find(consumer, id, 'push')
      const current = parts.randomBytes(SECRET_BYTES)
      const previous = (await subscriptions.secretsOf(id))?.current
      await subscriptions.setSecrets(id, { current, previous, previousUntilMs: now() + OLD_SECRET_MS })
      return formatSecret(current)
    },
    async replay(consumer, id, fromMs) {
      return subscriptions.replay(await find(consumer, id, 'push'), fromMs)
    },
    async read(consumer, id, { after, fromMs, limit }) {
      const found = await find(consumer, id, 'pull')
      if (found.state !== 'active') throw new GatewayError('subscription_inactive')
      const { service, types } = found
      const start =
        fromMs === undefined ? (after ?? found.cursor) : await events.placeBefore(service, types, fromMs)
      const placed = await events.read(service, types, start, limit + 1)
      // Asked after reading: what was deleted in between would have been missed without a word.
      if (start < (await events.deletedTo(service, types))) throw new GatewayError('cursor_expired')
      if (after !== undefined && after !== found.cursor) await subscriptions.setCursor(id, after)
      const page = placed.slice(0, limit)
      const subscription = { ...found, details: consumer.details ?? found.details }
      const deliveries = await Promise.all(page.map((event) => parts.deliver(subscription, event, consumer)))
      if (fromMs === undefined) for (const event of page) parts.onPulled(event)
      return { deliveries, cursor: page.at(-1)?.sequence ?? start, more: placed.length > limit }
    },
  }
}

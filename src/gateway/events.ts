import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createSubscriptionBodies } from '../contract/event-requests.ts'
import { startDeadline } from '../exchange/deadline.ts'
import type { TakeQuota } from '../exchange/quota.ts'
import type { ConsumerDoorParts } from '../http/consumer-door.ts'
import { createEventsRouter, type EventsDoorParts } from '../http/events.ts'
import { receiptField } from '../http/exchange.ts'
import { createSubscriptionsRouter } from '../http/subscriptions.ts'
import type { Identity } from '../identity/identity.ts'
import { openSecretFile } from '../identity/key-file.ts'
import { openEd25519File } from '../identity/log-key.ts'
import { createDeliver } from '../jobs/delivery.ts'
import { type DatasetAge, datasetAges, isLate, tellSilence } from '../jobs/freshness.ts'
import { createPublish } from '../jobs/publication.ts'
import { createSender, type PostWebhook } from '../jobs/sender.ts'
import { createSubscriptionDesk } from '../jobs/subscription.ts'
import { formatVerificationKey } from '../jobs/webhook-signature.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { PlacedEvent } from '../model/event.ts'
import type { Receipt } from '../model/exchange.ts'
import type { createProviderCalls } from '../provider/call.ts'
import type { Authority } from '../registry/authority.ts'
import { assertWebhookAllowed } from '../registry/webhook-address.ts'
import type { Task } from '../repeat.ts'
import type { Database } from '../storage/database.ts'
import { createDeliveryStore } from '../storage/deliveries.ts'
import { createEventStore } from '../storage/events.ts'
import { createSubscriptionStore } from '../storage/subscriptions.ts'
import type { Vault } from '../storage/vault.ts'
import type { ReadinessCheck } from '../telemetry/health.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** What the events' part of a gateway shares with the others. */
export interface EventSideParts
  extends Omit<ConsumerDoorParts, 'onRequest'>,
    Pick<EventsDoorParts, 'maxBodyBytes' | 'newExchangeId' | 'newSalt' | 'randomHex'> {
  /** Origin of the log, for receipts. */
  readonly logOrigin: string
  readonly pool: Database['pool']
  readonly vault: Vault
  /** Folder of the keys that all processes of the gateway share. */
  readonly keysDir: string
  readonly processNumber: number
  readonly keepDays: number
  readonly ledger: Ledger
  readonly authority: () => Authority
  readonly mayRelease: (authority: number) => boolean
  readonly identity: Pick<Identity, 'authenticate' | 'checkStanding'>
  readonly takeQuota: TakeQuota
  readonly providers: Pick<ReturnType<typeof createProviderCalls>, 'callOf'>
  readonly telemetry: Telemetry
}

/** The events' part of a gateway. */
export interface EventSide {
  readonly routers: readonly ReturnType<typeof createEventsRouter>[]
  readonly checks: readonly ReadinessCheck[]
  /** Begins to push what is due. */
  start(): Promise<void>
  /** For timers: what a crash left half done, what is too old, and how fresh the data sets are. */
  readonly tasks: readonly Task[]
  /** Takes nothing more on and waits for what is under way. */
  stop(): Promise<void>
}

const POLL_MS = 300
const PUSH_TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 65_536
const RECOVER_MS = 1000
const FRESHNESS_MS = 10_000
const SWEEP_MS = 3_600_000

/** Pushes through the same stack as providers are called by: address guard, breaker, pool. */
export function createPost({
  providers,
  authority,
}: Pick<EventSideParts, 'providers' | 'authority'>): PostWebhook {
  return async ({ subscription, headers, body }) => {
    const { consumer } = subscription
    const hosts = authority().registry.subsystems.get(consumer)?.webhooks
    const { origin, pathname, search, host } = assertWebhookAllowed(subscription.url, hosts)
    const call = providers.callOf(`webhook ${consumer} ${host}`, consumer, {
      baseUrl: origin,
      timeoutMs: PUSH_TIMEOUT_MS,
      retries: 0,
      maxResponseBytes: MAX_ANSWER_BYTES,
      allowPrivateAddress: hosts?.allowPrivateAddress === true,
      ...(hosts?.ca !== undefined && { tls: { ca: hosts.ca } }),
    })
    const deadline = startDeadline(PUSH_TIMEOUT_MS, undefined)
    try {
      const { status, retryAfter } = await call({
        method: 'POST',
        target: pathname + search,
        headers,
        body,
        idempotent: false,
        deadline: deadline.signal,
      })
      const seconds = Number(retryAfter)
      return { status, retryAfterSeconds: Number.isSafeInteger(seconds) && seconds > 0 ? seconds : undefined }
    } finally {
      deadline.clear()
    }
  }
}

/** Resolves after a while, or as soon as `wake` is called. */
function createPause(): { pause: () => Promise<void>; wake: () => void } {
  let waiting: (() => void) | undefined
  return {
    pause: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, POLL_MS)
        waiting = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
    wake: () => waiting?.(),
  }
}

/** Part of the composition root: puts together what publishes and delivers events. */
export function createEventSide(parts: EventSideParts): EventSide {
  const { pool, vault, processNumber, keepDays, ledger, authority, identity, telemetry, now } = parts
  const events = createEventStore({
    pool,
    vault,
    orderKey: openSecretFile(join(parts.keysDir, 'order.key'), randomBytes(32)),
  })
  const webhookKey = openEd25519File(join(parts.keysDir, 'webhook.key'))
  const receiptOf = (receipt: Receipt, salt: Uint8Array) => receiptField(receipt, salt, parts.logOrigin)
  const door = { ...parts, onRequest: telemetry.request }
  const subscriptions = createSubscriptionStore({ pool, vault })
  const deliveries = createDeliveryStore({ pool, vault, processNumber, keepDays })
  const { pause, wake } = createPause()
  const { authenticate, checkStanding } = identity
  const observe = telemetry.exchange
  const onError = telemetry.databaseError
  const deliver = createDeliver({ ...parts, checkStanding, observe })
  let ages: readonly DatasetAge[] = []

  const tellAge = ({ service, event }: PlacedEvent) => {
    const ageMs = now() - Date.parse(event.time)
    const late = isLate(authority().registry, service, event.type, ageMs)
    telemetry.eventDelivered({ service, type: event.type, ageMs, isLate: late })
  }
  const sender = createSender({
    deliveries,
    subscriptions,
    deliver,
    post: createPost(parts),
    signEd25519: webhookKey.sign,
    receiptField: ({ receipt, salt }) => receiptOf(receipt, salt),
    now,
    random: Math.random,
    pause,
    onPush: ({ consumer, service }, outcome) => telemetry.eventPushed({ consumer, service, outcome }),
    onDelivered: ({ event, replayed }) => {
      if (!replayed) tellAge(event)
    },
    onError: telemetry.internalError,
  })
  const desk = createSubscriptionDesk({
    authority,
    checkStanding,
    subscriptions,
    events,
    deliver,
    now,
    newId: () => parts.newExchangeId(now()),
    randomBytes,
    onPulled: tellAge,
  })

  return {
    routers: [
      createEventsRouter({
        ...door,
        publish: createPublish({
          authority,
          authenticate,
          checkStanding,
          ledger,
          events,
          now,
          observe,
          onPlaced: wake,
        }),
      }),
      createSubscriptionsRouter({
        ...door,
        authenticate,
        desk,
        store: subscriptions,
        readBody: createSubscriptionBodies(),
        receiptField: ({ receipt, salt }) => receiptOf(receipt, salt),
        verificationKey: formatVerificationKey(webhookKey.publicKey),
      }),
    ],
    checks: [
      {
        name: 'datasets',
        check: () => ({
          ok: true,
          ...(ages.some(({ isSilent }) => isSilent) && { concern: true as const }),
          detail: tellSilence(ages),
        }),
      },
    ],
    async start() {
      await deliveries.recover()
      await events.placeRecorded()
      sender.start()
    },
    tasks: [
      {
        everyMs: RECOVER_MS,
        async run() {
          await deliveries.recover()
          if ((await events.placeRecorded()) > 0) wake()
        },
        onError,
      },
      {
        everyMs: FRESHNESS_MS,
        async run() {
          ages = datasetAges(authority().registry, await events.newest(), now())
          telemetry.datasetAges(ages)
          telemetry.eventDeliveries(await deliveries.counts())
        },
        onError,
      },
      { everyMs: SWEEP_MS, run: () => deliveries.sweep(), onError },
    ],
    async stop() {
      const stopped = sender.stop()
      wake()
      await stopped
    },
  }
}

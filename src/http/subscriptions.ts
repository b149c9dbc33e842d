import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Router } from 'express'
import { EVENTS_DESCRIPTION, type ReadSubscriptionBody } from '../contract/event-requests.ts'
import type { Delivery } from '../jobs/delivery.ts'
import type { SubscriptionStore } from '../jobs/event-store.ts'
import type { SubscriptionDesk } from '../jobs/subscription.ts'
import { GatewayError } from '../model/errors.ts'
import type { Subscription } from '../model/event.ts'
import type { Consumer, Credentials } from '../model/exchange.ts'
import { parseJsonBody, readBody } from './body.ts'
import { REVALIDATED, sendCached } from './cached.ts'
import { type ConsumerDoorParts, credentialsOf, refuseRequest, sendJson } from './consumer-door.ts'

export interface SubscriptionsDoorParts extends ConsumerDoorParts {
  readonly authenticate: (credentials: Credentials) => Consumer | Promise<Consumer>
  readonly desk: SubscriptionDesk
  readonly store: Pick<SubscriptionStore, 'status' | 'deadLetters' | 'resend'>
  readonly readBody: ReadSubscriptionBody
  readonly receiptField: (delivery: Delivery) => string
  /** Ed25519 key of `v1a` signatures, as Standard Webhooks writes it. */
  readonly verificationKey: string
}

const MAX_BODY_BYTES = 16_384
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const CURSOR = /^\d{1,15}$/
const DEAD_LETTERS = 100
const PAGE = 50
const MAX_PAGE = 100

interface Asked {
  readonly consumer: Consumer
  /** Empty where the route has none. */
  readonly id: string
  readonly json: unknown
  readonly query: URLSearchParams
}

type Answer = { readonly status: number; readonly json: unknown; readonly mayLeave?: () => boolean }
type Act = (asked: Asked) => Promise<Answer>

function malformed(name: string): GatewayError {
  return new GatewayError('request_malformed', {
    detail: { vi: `Tham số ${name} không đúng dạng.`, en: `Parameter ${name} is not well formed.` },
  })
}

function instantOf(text: string, name: string): number {
  const instant = Date.parse(text)
  if (Number.isNaN(instant)) throw malformed(name)
  return instant
}

function pageOf(query: URLSearchParams) {
  const after = query.get('after')
  const from = query.get('from')
  const limit = query.get('limit') ?? String(PAGE)
  if (after !== null && !CURSOR.test(after)) throw malformed('after')
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_PAGE) throw malformed('limit')
  return {
    after: after === null ? undefined : Number(after),
    fromMs: from === null ? undefined : instantOf(from, 'from'),
    limit: Number(limit),
  }
}

/** Every route by method, `{id}` standing for a subscription's. */
function actsOf(parts: SubscriptionsDoorParts): Readonly<Record<string, Readonly<Record<string, Act>>>> {
  const { desk, store, verificationKey } = parts

  const show = async (subscription: Subscription, secret?: string) => {
    const { id, service, types, purpose, fields, mode, url, state, stoppedBy, cursor } = subscription
    const isPush = mode === 'push'
    return {
      id,
      service,
      types,
      purpose,
      fields,
      mode,
      url,
      state,
      stoppedBy,
      createdAt: new Date(subscription.createdAtMs).toISOString(),
      ...(isPush ? { ...(await store.status(id)), verificationKey } : { cursor: String(cursor) }),
      secret,
    }
  }

  return {
    '/subscriptions': {
      async POST({ consumer, json }) {
        const { url, fields, ...wish } = parts.readBody('Subscribe', json)
        const { subscription, secret } = await desk.create(consumer, { ...wish, url, fields })
        return { status: 201, json: await show(subscription, secret) }
      },
      async GET({ consumer }) {
        const subscriptions = await Promise.all((await desk.list(consumer)).map((each) => show(each)))
        return { status: 200, json: { subscriptions } }
      },
    },
    '/subscriptions/{id}': {
      GET: async ({ consumer, id }) => ({ status: 200, json: await show(await desk.find(consumer, id)) }),
      async PATCH({ consumer, id, json }) {
        const change = parts.readBody('Change', json)
        return { status: 200, json: await show(await desk.change(consumer, id, change)) }
      },
      async DELETE({ consumer, id }) {
        await desk.remove(consumer, id)
        return { status: 204, json: undefined }
      },
    },
    '/subscriptions/{id}/secret': {
      POST: async ({ consumer, id }) => ({ status: 200, json: { secret: await desk.rotate(consumer, id) } }),
    },
    '/subscriptions/{id}/replay': {
      async POST({ consumer, id, json }) {
        const fromMs = instantOf(parts.readBody('Replay', json).from, 'from')
        return { status: 202, json: { count: await desk.replay(consumer, id, fromMs) } }
      },
    },
    '/subscriptions/{id}/dead-letters': {
      async GET({ consumer, id }) {
        await desk.find(consumer, id)
        const letters = await store.deadLetters(id, DEAD_LETTERS)
        const deadLetters = letters.map(({ sequence, failedAtMs, ...rest }) => ({
          sequence: String(sequence),
          ...rest,
          failedAt: new Date(failedAtMs).toISOString(),
        }))
        return { status: 200, json: { deadLetters } }
      },
      async POST({ consumer, id, json }) {
        const { sequences } = parts.readBody('Resend', json)
        await desk.find(consumer, id)
        return { status: 202, json: { count: await store.resend(id, sequences?.map(Number)) } }
      },
    },
    '/subscriptions/{id}/events': {
      async GET({ consumer, id, query }) {
        const { deliveries, cursor, more } = await desk.read(consumer, id, pageOf(query))
        const events = deliveries.map((delivery) => ({
          exchangeId: delivery.exchangeId,
          receipt: parts.receiptField(delivery),
          event: JSON.parse(delivery.body.toString()) as unknown,
        }))
        return {
          status: 200,
          json: { events, cursor: String(cursor), more },
          mayLeave: () => deliveries.every((delivery) => delivery.mayLeave()),
        }
      },
    },
  }
}

/** The door of those who are told: `/subscriptions`. */
export function createSubscriptionsRouter(parts: SubscriptionsDoorParts): Router {
  const { now } = parts
  const acts = actsOf(parts)
  const description = Buffer.from(JSON.stringify(EVENTS_DESCRIPTION))

  function find(path: string): { route: string; id: string } {
    const [, , id, rest, ...more] = path.split('/')
    if (id === undefined || id === '') return { route: '/subscriptions', id: '' }
    const route = rest === undefined ? '/subscriptions/{id}' : `/subscriptions/{id}/${rest}`
    if (more.length > 0 || acts[route] === undefined) throw new GatewayError('path_unknown')
    if (!ID.test(id)) throw new GatewayError('subscription_unknown')
    return { route, id }
  }

  async function answer(
    request: IncomingMessage,
    url: string,
    found: { route: string; id: string },
  ): Promise<Answer> {
    const act = acts[found.route]?.[request.method ?? '']
    if (act === undefined) throw new GatewayError('method_unsupported')
    const body = await readBody(request, MAX_BODY_BYTES)
    const json = parseJsonBody(request, body)
    const consumer = await parts.authenticate(credentialsOf(Object.assign(request, { url }), parts))
    const mark = url.indexOf('?')
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
    const answered = await act({ consumer, id: found.id, json, query })
    // What was read may have been revoked since its records were written.
    if (answered.mayLeave?.() === false)
      throw new GatewayError('authority_unconfirmed', { retryAfterSeconds: 1 })
    return answered
  }

  async function handle(request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    const startedMs = now()
    const { method = 'GET' } = request
    let route = '/subscriptions'
    try {
      const [path = ''] = url.split('?')
      if (path === '/subscriptions/openapi.json' && method === 'GET') {
        sendCached(request, response, { type: 'application/json', body: description, caching: REVALIDATED })
        return
      }
      const found = find(path)
      route = found.route
      const allowed = Object.keys(acts[route] ?? {}).join(', ')
      if (acts[route]?.[method] === undefined) response.setHeader('allow', allowed)
      const { status, json } = await answer(request, url, found)
      sendJson(response, status, json)
      parts.onRequest({ method, route, status, totalMs: now() - startedMs })
    } catch (thrown) {
      const { code, entry } = refuseRequest(request, response, thrown, parts)
      parts.onRequest({ method, route, status: entry.status, code, totalMs: now() - startedMs })
    }
  }

  const router = express.Router()
  router.use('/subscriptions', (request, response) => handle(request, response, request.originalUrl))
  return router
}

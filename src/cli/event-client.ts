import { setTimeout as pause } from 'node:timers/promises'
import type { ConsumerClient } from './client.ts'
import type { HttpReply } from './consumer-http.ts'
import { isMembers, type Members, parseReplyBody, retryAfterSeconds } from './consumer-reply.ts'
import { interrupted } from './fault.ts'
import { refusalOf, requireMembers } from './refusal.ts'

const ROUTE = '/subscriptions'
const JSON_TYPE = { 'content-type': 'application/json' }
const EVENT_TYPE = { 'content-type': 'application/cloudevents+json' }
/** A gateway that is busy is asked again so often, and waited for so long each time at most. */
const TRIES = 6
const LONGEST_WAIT_SECONDS = 30

/** What became of one event that was handed in. */
export interface Published {
  readonly outcome: 'published' | 'repeated' | 'refused'
  readonly sequence?: string
  readonly exchangeId?: string
  /** Why it was refused: a code of the error table. */
  readonly code?: string
  /** Pointers and rules of what its contract refuses; never a value. */
  readonly errors?: readonly unknown[]
}

/** Some events of a subscription, and where to go on. */
export interface EventPage {
  readonly events: readonly Members[]
  readonly cursor: string
  readonly more: boolean
}

function text(members: Members, name: string): string {
  return String(members[name] ?? '')
}

function list(members: Members, name: string): readonly Members[] {
  const value = members[name]
  return Array.isArray(value) ? value.filter(isMembers) : []
}

/** What a refused event is told of; everything else that is no success ends the command. */
function refusedEvent(reply: HttpReply): Published {
  const document = parseReplyBody(reply)
  const isItsOwn =
    reply.status === 409 || reply.status === 413 || reply.status === 422 || reply.status === 400
  if (!isItsOwn || !isMembers(document)) throw refusalOf(reply)
  const { code, errors } = document
  return { outcome: 'refused', code: String(code), ...(Array.isArray(errors) && { errors }) }
}

export interface Patience {
  readonly now: () => number
  readonly signal: AbortSignal
}

/**
 * What a provider publishes through; one at a time, so that what it tells of a subject keeps its order.
 * @throws CliFault where the gateway takes none of it, or cannot be reached.
 */
export function createPublisher(client: ConsumerClient, service: string, { now, signal }: Patience) {
  return async (event: unknown): Promise<Published> => {
    const request = {
      method: 'POST',
      path: `/events/${service}`,
      headers: EVENT_TYPE,
      body: JSON.stringify(event),
    }
    for (let attempt = 1; ; attempt += 1) {
      const reply = await client.request(request)
      const wait = retryAfterSeconds(reply.headers, now())
      const isBusy = (reply.status === 429 || reply.status === 503) && wait !== undefined
      if (isBusy && attempt < TRIES) {
        const ms = Math.min(wait, LONGEST_WAIT_SECONDS) * 1000
        await pause(ms, undefined, { signal }).catch(() => {
          throw interrupted()
        })
        continue
      }
      if (reply.status >= 300) return refusedEvent(reply)
      const told = requireMembers(reply)
      return {
        outcome: told['repeated'] === true ? 'repeated' : 'published',
        sequence: text(told, 'sequence'),
        exchangeId: text(told, 'exchangeId'),
      }
    }
  }
}

/** A consumer's subscriptions at a gateway; whatever is refused is thrown as CliFault. */
export function createSubscriptionClient(client: ConsumerClient) {
  async function ask(method: string, path: string, wanted?: object): Promise<HttpReply> {
    const body = wanted === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(wanted) }
    return client.request({ method, path: ROUTE + path, ...body })
  }
  const members = async (method: string, path: string, wanted?: object) =>
    requireMembers(await ask(method, path, wanted))

  return {
    create: (wish: object) => members('POST', '', wish),
    list: async () => list(await members('GET', ''), 'subscriptions'),
    show: (id: string) => members('GET', `/${id}`),
    change: (id: string, change: object) => members('PATCH', `/${id}`, change),
    async remove(id: string): Promise<void> {
      const reply = await ask('DELETE', `/${id}`)
      if (reply.status !== 204) throw refusalOf(reply)
    },
    rotate: async (id: string) => text(await members('POST', `/${id}/secret`), 'secret'),
    replay: async (id: string, from: string) =>
      Number((await members('POST', `/${id}/replay`, { from }))['count']),
    deadLetters: async (id: string) => list(await members('GET', `/${id}/dead-letters`), 'deadLetters'),
    resend: async (id: string, sequences: readonly string[]) =>
      Number(
        (await members('POST', `/${id}/dead-letters`, sequences.length === 0 ? {} : { sequences }))['count'],
      ),
    async read(id: string, query: Readonly<Record<string, string>>): Promise<EventPage> {
      const page = await members('GET', `/${id}/events?${new URLSearchParams(query)}`)
      return { events: list(page, 'events'), cursor: text(page, 'cursor'), more: page['more'] === true }
    },
  }
}

export type SubscriptionClient = ReturnType<typeof createSubscriptionClient>

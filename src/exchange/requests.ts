import { GatewayError } from '../model/errors.ts'
import type { Consumer, InboundRequest } from '../model/exchange.ts'
import type { Authority } from '../registry/authority.ts'
import { assertWebhookAllowed } from '../registry/webhook-address.ts'
import { type PartIdentity, partSalt } from './composite.ts'
import { orderOf, requestOf } from './kept-order.ts'
import { type Obtained, outcomeOf, type Parent, type Passage, type Passed } from './passage.ts'
import {
  type Asked,
  datesOf,
  describeRequest,
  hasEnded,
  placeOf,
  type RequestOrder,
  type RequestStore,
  requestKey,
  type StoredRequest,
} from './request.ts'
import type { Resolved } from './stages.ts'
import { submissionDigest } from './submission.ts'

/** Requests that are answered days later: taken down, handed to their provider, told of, cancelled. */

interface RequestParts {
  readonly authority: () => Authority
  readonly requests: RequestStore
  readonly newPart: () => PartIdentity
  /** Unix milliseconds. */
  readonly now: () => number
  /** One exchange of a consumer that proved itself, to its record. */
  readonly pass: (request: InboundRequest, consumer: Consumer, parent: Parent) => Promise<Passed>
}

/**
 * Asks a request's provider in the name of whoever made it; an exchange of its own.
 * @param reminder which reminder it is; 0 or undefined where it is none.
 */
export type AskAbout = (found: StoredRequest, reminder: number | undefined) => Promise<Asked>

export interface Requests {
  /** @returns the request for the operation that an address below `/-/requests` stands for; others as they are. */
  open(request: InboundRequest, consumer: Consumer): Promise<InboundRequest>
  accept(passage: Passage, resolved: Resolved): Promise<Obtained>
  /** Answers who asks about a request it made: that it is still under way, or with what came of it. */
  tell(passage: Passage, resolved: Resolved): Promise<Obtained>
  readonly askAbout: AskAbout
}

/** Refusals that pass by themselves. */
const PASSING: ReadonlySet<string> = new Set(['quota_exceeded', 'authority_unconfirmed'])
const SAVES = 5

/** @returns the address of the service that an operation's address lies below. */
function serviceUrl(url: string, service: string): string {
  const mark = `/${service}/`
  const place = url.indexOf(mark)
  return place < 0 ? url : url.slice(0, place + mark.length - 1)
}

export function placeUrl({ url, service }: RequestOrder, id: string): string {
  return `${serviceUrl(url, service)}/-/requests/${id}`
}

export function createRequests(parts: RequestParts): Requests {
  const { requests, now } = parts

  function status(found: StoredRequest, order: RequestOrder, { operation }: Resolved): Obtained {
    const told = describeRequest(found, placeUrl(order, found.id), now())
    operation.checkResponse(202, told)
    return { status: 202, content: () => told, replayed: false }
  }

  function newRequest(passage: Passage, { service, operation }: Resolved, id: string) {
    const { request, consumer } = passage
    const terms = service.document.results?.[operation.id]
    if (terms === undefined) throw new GatewayError('internal_error')
    const { remindAtMs, ...dates } = datesOf(
      terms,
      request.receivedAtMs,
      parts.authority().registry.isWorkingDay,
    )
    const { askEveryMinutes, keepDays } = terms
    const { consent, notify } = request
    const hosts = parts.authority().registry.subsystems.get(consumer.id)?.webhooks
    const order: RequestOrder = {
      ...orderOf(passage, operation.id, id),
      consent,
      remindAtMs,
      askEveryMs: askEveryMinutes === undefined ? undefined : askEveryMinutes * 60_000,
      keepDays,
      ...(notify !== undefined && { notifyUrl: assertWebhookAllowed(notify, hosts).href }),
    }
    return { id, order, receivedAtMs: request.receivedAtMs, ...dates }
  }

  async function cancel(found: StoredRequest): Promise<StoredRequest> {
    let known = found
    for (let tries = 0; tries < SAVES && known.contents && !hasEnded(known.state); tries += 1) {
      await requests.save(known, { ...known.contents.progress, state: 'cancelled', failures: 0 }, now())
      known = (await requests.find(known.id)) ?? known
    }
    return known
  }

  return {
    async open(request, consumer) {
      const place = placeOf(request.path)
      const act = request.method === 'GET' ? 'look' : request.method === 'DELETE' ? 'cancel' : undefined
      if (place === undefined) return request
      const found = act && !place.isResult ? await requests.find(place.id) : undefined
      const isOwn = found?.consumer === consumer.id && found.service === request.service
      if (found === undefined || act === undefined || !isOwn) {
        return { ...request, about: { refusal: 'request_unknown' } }
      }
      if (found.contents === undefined) return { ...request, about: { refusal: 'request_ended' } }
      const { order } = found.contents
      return {
        ...request,
        method: 'POST',
        path: order.path,
        json: order.request,
        parent: order.exchangeId,
        purpose: request.purpose ?? order.purpose,
        dossier: request.dossier ?? order.dossier,
        procedure: request.procedure ?? order.procedure,
        officer: request.officer ?? order.officer,
        consent: request.consent ?? order.consent,
        about: { id: found.id, act },
      }
    },
    async accept(passage, resolved) {
      const { exchangeId: id } = parts.newPart()
      const { slot = '', request } = passage
      const made = newRequest(passage, resolved, id)
      const begun = await requests.begin(made, { slot, requestDigest: submissionDigest(request) })
      return status(begun, begun.contents?.order ?? made.order, resolved)
    },
    async tell({ request }, resolved) {
      const { about } = request
      const found = about && 'id' in about ? await requests.find(about.id) : undefined
      if (found === undefined || about === undefined || !('act' in about))
        throw new GatewayError('request_unknown')
      const { act } = about
      const known = act === 'cancel' ? await cancel(found) : found
      const { contents } = known
      if (contents === undefined) throw new GatewayError('request_ended')
      const { order, progress } = contents
      const { answer } = progress
      if (act === 'cancel' || !hasEnded(known.state)) return status(known, order, resolved)
      if (answer === undefined) throw new GatewayError('request_ended')
      return { status: answer.status, content: () => answer.content, replayed: false }
    },
    async askAbout({ id, dueAtMs, contents }, reminder) {
      if (contents === undefined) throw new RangeError('an erased request is not carried on')
      const { order } = contents
      const { exchangeId, receivedAtMs, spanId } = parts.newPart()
      const asked: InboundRequest = {
        ...requestOf(order),
        exchangeId,
        receivedAtMs,
        consent: order.consent,
        idempotencyKey: requestKey(id),
        trace: { ...order.trace, spanId },
        salt: partSalt(Buffer.from(order.salt, 'base64url'), exchangeId),
        passedOn: {
          'exchange-request': id,
          'exchange-result-to': `${placeUrl(order, id)}/result`,
          'exchange-due': new Date(dueAtMs).toISOString(),
          ...(reminder && { 'exchange-reminder': String(reminder) }),
        },
        body: Buffer.from(JSON.stringify(order.request)),
      }
      const { obtained, recorded } = await parts.pass(asked, order.consumer, order)
      const ended = recorded.ended instanceof Error ? recorded.ended : obtained
      if (!(ended instanceof Error)) {
        return { outcome: 'answered', status: ended.status, content: ended.content() }
      }
      const { code } = ended
      const isDecided = outcomeOf(ended) === 'refused' && !PASSING.has(code)
      return isDecided ? { outcome: 'refused', code } : { outcome: 'failed' }
    },
  }
}

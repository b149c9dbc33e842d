import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import type { Conclusion } from '../exchange/conduct.ts'
import type { List } from '../exchange/listing.ts'
import { createCanceller } from '../model/cancellation.ts'
import { asGatewayError, type GatewayError } from '../model/errors.ts'
import type { InboundRequest } from '../model/exchange.ts'
import type { ServiceId } from '../model/identifier.ts'
import type { XroadErrorStyle } from '../model/party.ts'
import type { OpenSink } from '../model/whole.ts'
import { createXroadNames, type XroadSubsystem } from '../registry/xroad-names.ts'
import { parseJsonBody, readBody } from './body.ts'
import { type ExchangeDoorParts, replyHeaders, sendAnswer, untilItsTurn } from './exchange.ts'
import { noteOf, optional, PARTICULAR, PURPOSE, traceOf } from './fields.ts'
import type { EvidenceSource } from './xroad-evidence.ts'
import { digestOfBody, protocolFields, readIssue, requestHash, type XroadMessage } from './xroad-message.ts'
import { createQuestions, QUESTION_PATHS } from './xroad-questions.ts'
import { type Asked, createErrorSender } from './xroad-refusal.ts'
import { BELOW_ROUTE, createSender, type SenderParts } from './xroad-sender.ts'
import { formatIdentifier, parseXroadTarget, type XroadTarget } from './xroad-target.ts'
import { createWholeRequest, sendWhole } from './xroad-whole.ts'

export interface XroadDoorParts extends ExchangeDoorParts, SenderParts {
  readonly errors: XroadErrorStyle
  readonly openSink: OpenSink
  readonly list: List
  readonly evidence: EvidenceSource
}

export interface XroadDoor {
  readonly handler: RequestHandler
  /** Answers what the gate refused, where it was meant for this door. @returns whether it was. */
  answerRefusal(request: IncomingMessage, response: ServerResponse, error: GatewayError): boolean
}

const ROUTE = '/r1'
/** A service code that can stand in a record though nothing is registered under it. */
const PLAIN = /^[a-z0-9-]{1,64}$/

const NOTHING = Buffer.alloc(0)

/** One request, its address understood. */
interface Addressed {
  readonly asked: Asked
  readonly message: XroadMessage
  readonly target: XroadTarget
  readonly service: ServiceId
  readonly salt: Uint8Array
}

/**
 * The door of X-Road's REST protocol (PR-REST, `r1`): it translates, and the one pipeline decides. A provider's
 * answer carries no X-Road-Error; the gateway's own errors do.
 */
export function createXroadDoor(parts: XroadDoorParts): XroadDoor {
  const { conduct, now, instance } = parts
  const namesOf = createXroadNames(instance)
  const sendError = createErrorSender(parts)
  const sender = createSender(parts, namesOf)

  /** A service nobody registered is asked for all the same: the pipeline refuses it and records that. */
  function resolveService({ provider, serviceCode }: XroadTarget, asked: Asked): ServiceId {
    const names = namesOf(parts.registry())
    const id = names.subsystemId(provider)
    if (id === undefined) return `_/_/${PLAIN.test(serviceCode) ? serviceCode : '_'}/v0`
    asked.provider = id
    return names.serviceId(id, serviceCode) ?? `${id}/${PLAIN.test(serviceCode) ? serviceCode : '_'}/v0`
  }

  /** With a contract it is read at once; without one it stays on the connection until access is decided. */
  async function contentOf(
    request: IncomingMessage,
    { asked, message, target, service, salt }: Addressed,
  ): Promise<Pick<InboundRequest, 'passedOn' | 'whole' | 'body' | 'json'>> {
    if (parts.registry().services.get(service)?.contract.isOpaque === true) {
      const { openSink } = parts
      const whole = { fields: message.fields, query: target.query, salt, openSink }
      return { whole: createWholeRequest(request, whole, asked.body), body: NOTHING, json: undefined }
    }
    const body = await readBody(request, parts.maxBodyBytes)
    asked.body.digest = digestOfBody(body)
    return { passedOn: protocolFields(message), body, json: parseJsonBody(request, body) }
  }

  async function translate(
    request: IncomingMessage,
    response: ServerResponse,
    asked: Asked,
  ): Promise<InboundRequest> {
    const { method = 'GET', url = ROUTE } = request
    const message = sender.understand(request, asked)
    const target = asked.target ?? parseXroadTarget(url)
    const service = resolveService(target, asked)
    const salt = parts.newSalt()
    const content = await contentOf(request, { asked, message, target, service, salt })
    const gone = createCanceller()
    response.on('close', () => {
      if (!response.writableFinished) gone.abort('gone')
    })
    const { purpose, dossier } = readIssue(message.issue)
    const officer =
      message.userId !== undefined && PARTICULAR.test(message.userId) ? message.userId : undefined
    return {
      exchangeId: asked.requestId,
      receivedAtMs: asked.receivedAtMs,
      credentials: sender.credentialsOf(request, asked),
      service,
      method,
      path: target.path,
      query: target.query === undefined ? undefined : new URLSearchParams(target.query),
      purpose: optional(request, 'exchange-purpose', PURPOSE) ?? purpose,
      dossier: optional(request, 'exchange-dossier', PARTICULAR) ?? dossier,
      procedure: optional(request, 'exchange-procedure', PARTICULAR),
      officer: optional(request, 'exchange-officer', PARTICULAR) ?? officer,
      note: noteOf(request),
      // A message has its own id on X-Road, and a submission sent again keeps it.
      idempotencyKey: optional(request, 'idempotency-key', PARTICULAR) ?? message.id,
      fields: undefined,
      trace: traceOf(request, parts.randomHex),
      salt,
      xroad: sender.factsOf(message),
      ...content,
      signal: gone,
    }
  }

  /** What every answer of this door carries; a provider's values of these are replaced. */
  function protocolReply(request: IncomingMessage, asked: Asked): Record<string, string> {
    const { target, message, consumer } = asked
    if (target === undefined || message === undefined || consumer === undefined) return {}
    const name: XroadSubsystem | undefined = namesOf(parts.registry()).nameOf(consumer)
    const { method = 'GET', url = '' } = request
    return {
      'x-road-client': name ? formatIdentifier(name) : (message.client ?? ''),
      'x-road-service': formatIdentifier([...target.provider, target.serviceCode]),
      'x-road-id': message.id,
      'x-road-request-id': asked.requestId,
      'x-road-request-hash': requestHash({ method, url }, message.fields, asked.body.digest),
    }
  }

  function refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown, asked: Asked): void {
    const error = asGatewayError(thrown)
    const { code, entry } = error
    const { method = 'GET' } = request
    const totalMs = now() - asked.receivedAtMs
    parts.onStranger(request, error)
    parts.onRefusal({ method, route: ROUTE, status: entry.status, code, totalMs })
    if (code === 'internal_error') parts.onInternalError(error.cause)
    const nonce = entry.status === 401 ? parts.dpopNonce() : undefined
    sendError(request, response, {
      error,
      asked,
      ...(nonce !== undefined && { headers: { 'dpop-nonce': nonce } }),
    })
  }

  function begin(): Asked {
    const receivedAtMs = now()
    return {
      requestId: parts.newExchangeId(receivedAtMs),
      receivedAtMs,
      target: undefined,
      message: undefined,
      consumer: undefined,
      provider: undefined,
      body: { digest: undefined },
    }
  }

  async function carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = begin()
    let inbound: InboundRequest
    let conclusion: Conclusion
    try {
      inbound = await translate(request, response, asked)
      conclusion = await conduct(inbound)
    } catch (thrown) {
      refuse(request, response, thrown, asked)
      return
    }
    const headers = replyHeaders(inbound, conclusion, parts.logOrigin)
    Object.assign(headers, parts.announce(inbound.service))
    if (response.socket === null) await untilItsTurn(response)
    const ended = conclusion.release()
    if (ended instanceof Error) {
      sendError(request, response, { error: ended, asked, headers })
      return
    }
    Object.assign(headers, protocolReply(request, asked))
    const { whole } = ended
    if (whole === undefined) {
      sendAnswer(response, ended, headers)
      return
    }
    // A consumer that went away, or a kept body that is not what it was: the connection is cut, which is all there is to say.
    await sendWhole(response, whole, headers).catch((error: NodeJS.ErrnoException) => {
      response.destroy()
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') parts.onInternalError(error, inbound.exchangeId)
    })
  }

  const isOurs = (url = '') => url.startsWith(BELOW_ROUTE) || QUESTION_PATHS.has(url.split('?')[0] ?? '')
  const questions = createQuestions({
    ...parts,
    namesOf,
    sender,
    sendError,
    refuse,
    protocolReply,
    onAnswered: (method, status, totalMs) => parts.onRefusal({ method, route: ROUTE, status, totalMs }),
  })

  return {
    handler: (request, response, next) => {
      if (!isOurs(request.url)) return next()
      return questions.isQuestion(request)
        ? questions.tell(request, response, begin())
        : carry(request, response)
    },
    answerRefusal(request, response, error) {
      if (!isOurs(request.url)) return false
      sendError(request, response, { error, asked: begin() })
      return true
    },
  }
}

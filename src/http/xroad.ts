import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import { ANSWER_TYPE, type Conclusion } from '../exchange/conduct.ts'
import type { Answer } from '../exchange/passage.ts'
import { createCanceller } from '../model/cancellation.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { Claim, InboundRequest } from '../model/exchange.ts'
import type { ServiceId, SubsystemId } from '../model/identifier.ts'
import type { XroadErrorStyle } from '../model/party.ts'
import type { OpenSink } from '../model/whole.ts'
import type { Registry } from '../registry/snapshot.ts'
import { createXroadNames, type XroadSubsystem } from '../registry/xroad-names.ts'
import { parseJsonBody, readBody } from './body.ts'
import {
  type ExchangeDoorParts,
  optional,
  PARTICULAR,
  PURPOSE,
  replyHeaders,
  traceOf,
  untilItsTurn,
} from './exchange.ts'
import { preferredLanguage } from './language.ts'
import { errorBody, errorType, type XroadErrorContext, xroadFault } from './xroad-errors.ts'
import { protocolFields, readXroadMessage, requestHash, type XroadMessage } from './xroad-message.ts'
import {
  formatIdentifier,
  malformed,
  parseClientField,
  parseXroadTarget,
  type XroadTarget,
} from './xroad-target.ts'
import { createWholeRequest, type ReceivedDigest, sendWhole } from './xroad-whole.ts'

export interface XroadDoorParts extends ExchangeDoorParts {
  readonly instance: string
  /** What consumers call this gateway in X-Road-Security-Server: `I/C/M/server`; undefined where they may not. */
  readonly securityServer: string | undefined
  readonly errors: XroadErrorStyle
  readonly openSink: OpenSink
  readonly registry: () => Registry
  /** Whether the request came over TLS, here or at a trusted proxy. */
  readonly isSecure: (request: IncomingMessage) => boolean
  /** Whether an `Authorization` is meant for the gateway. */
  readonly isGatewayToken: (authorization: string | undefined) => boolean
}

export interface XroadDoor {
  readonly handler: RequestHandler
  /** Answers what the gate refused, where it was meant for this door. @returns whether it was. */
  answerRefusal(request: IncomingMessage, response: ServerResponse, error: GatewayError): boolean
}

const ROUTE = '/r1'
const BELOW_ROUTE = `${ROUTE}/`
/** A service code that can stand in a record though nothing is registered under it. */
const PLAIN = /^[a-z0-9-]{1,64}$/

const NOTHING = Buffer.alloc(0)

/** @returns raw SHA-512; undefined of nothing: X-Road leaves an absent body out of its hash. */
function digestOfBody(body: Uint8Array): Buffer | undefined {
  return body.length === 0 ? undefined : createHash('sha512').update(body).digest()
}

/** What is known of one request, as far as it got: its errors are told by it. */
interface Asked {
  readonly requestId: string
  readonly receivedAtMs: number
  target: XroadTarget | undefined
  message: XroadMessage | undefined
  consumer: SubsystemId | undefined
  provider: SubsystemId | undefined
  /** Of the body, for the request hash. */
  readonly body: ReceivedDigest
}

/** One request, its address understood. */
interface Addressed {
  readonly asked: Asked
  readonly message: XroadMessage
  readonly target: XroadTarget
  readonly service: ServiceId
  readonly salt: Uint8Array
}

/** X-Road has one field for what the native door asks by two: `dossier`, or `purpose;dossier`. */
function readIssue(issue: string | undefined): { purpose?: string; dossier?: string } {
  const [first = '', ...rest] = issue?.split(';') ?? []
  const named = rest.length > 0 && PURPOSE.test(first) && first.length <= 64
  const dossier = named ? rest.join(';') : issue
  return {
    ...(named && { purpose: first }),
    ...(dossier !== undefined && PARTICULAR.test(dossier) && { dossier }),
  }
}

/**
 * The door of X-Road's REST protocol (PR-REST, `r1`): it translates, and the one pipeline decides. A provider's
 * answer carries no X-Road-Error; the gateway's own errors do.
 */
export function createXroadDoor(parts: XroadDoorParts): XroadDoor {
  const { conduct, now, instance } = parts
  const namesOf = createXroadNames(instance)

  function resolveClient(field: string | undefined): SubsystemId {
    if (field === undefined) throw new GatewayError('client_header_missing')
    const { subsystems } = parts.registry()
    const id = namesOf(parts.registry()).subsystemId(parseClientField(field))
    if (id === undefined || !subsystems.has(id)) throw new GatewayError('client_unknown')
    return id
  }

  /** A service nobody registered is asked for all the same: the pipeline refuses it and records that. */
  function resolveService({ provider, serviceCode }: XroadTarget, asked: Asked): ServiceId {
    const names = namesOf(parts.registry())
    const id = names.subsystemId(provider)
    if (id === undefined) return `_/_/${PLAIN.test(serviceCode) ? serviceCode : '_'}/v0`
    asked.provider = id
    return names.serviceId(id, serviceCode) ?? `${id}/${PLAIN.test(serviceCode) ? serviceCode : '_'}/v0`
  }

  function assertSecurityServer(field: string | undefined): void {
    if (field === undefined) return
    if (field.split('/').length !== 4)
      throw malformed('X-Road-Security-Server không đúng dạng.', 'Invalid SecurityServer Id')
    if (field !== parts.securityServer) throw new GatewayError('security_server_unknown')
  }

  function claimOf(request: IncomingMessage, subsystem: SubsystemId): Claim {
    const address = request.socket.remoteAddress ?? ''
    return {
      subsystem,
      connection: parts.isSecure(request) ? 'https' : 'http',
      address: address.replace(/^::ffff:/, ''),
    }
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
    const { method = 'GET', headers, url = ROUTE } = request
    const { authorization } = headers
    const isTokenOurs = parts.isGatewayToken(authorization)
    const target = parseXroadTarget(url)
    asked.target = target
    const message = readXroadMessage(request.rawHeaders, {
      requestId: asked.requestId,
      instance,
      isTokenOurs,
    })
    asked.message = message
    asked.consumer = resolveClient(message.client)
    assertSecurityServer(message.securityServer)
    const service = resolveService(target, asked)
    const salt = parts.newSalt()
    const content = await contentOf(request, { asked, message, target, service, salt })
    const gone = createCanceller()
    response.on('close', () => {
      if (!response.writableFinished) gone.abort('gone')
    })
    const thumbprint = parts.thumbprintOf(request)
    const { purpose, dossier } = readIssue(message.issue)
    const officer =
      message.userId !== undefined && PARTICULAR.test(message.userId) ? message.userId : undefined
    const mark = url.indexOf('?')
    return {
      exchangeId: asked.requestId,
      receivedAtMs: asked.receivedAtMs,
      credentials: {
        method,
        url: parts.publicUrl() + (mark < 0 ? url : url.slice(0, mark)),
        claim: claimOf(request, asked.consumer),
        ...(isTokenOurs && authorization !== undefined && { authorization }),
        ...(isTokenOurs && typeof headers['dpop'] === 'string' && { dpop: headers['dpop'] }),
        ...(thumbprint !== undefined && { certificateThumbprint: thumbprint }),
      },
      service,
      method,
      path: target.path,
      query: target.query === undefined ? undefined : new URLSearchParams(target.query),
      purpose: optional(request, 'exchange-purpose', PURPOSE) ?? purpose,
      dossier: optional(request, 'exchange-dossier', PARTICULAR) ?? dossier,
      procedure: optional(request, 'exchange-procedure', PARTICULAR),
      officer: optional(request, 'exchange-officer', PARTICULAR) ?? officer,
      // A message has its own id on X-Road, and a submission sent again keeps it.
      idempotencyKey: optional(request, 'idempotency-key', PARTICULAR) ?? message.id,
      fields: undefined,
      trace: traceOf(request, parts.randomHex),
      salt,
      ...content,
      signal: gone,
    }
  }

  function errorContext(request: IncomingMessage, asked: Asked): XroadErrorContext {
    const { target, consumer, provider, message } = asked
    const registry = parts.registry()
    const own = consumer && registry.subsystems.get(consumer)?.xroad?.errors
    return {
      style: own ?? parts.errors,
      language: preferredLanguage(request.headers['accept-language'] ?? 'en'),
      service: target ? `SERVICE:${[...target.provider, target.serviceCode].join('/')}` : '',
      client: message?.client ?? '',
      isProviderKnown: provider !== undefined && registry.subsystems.has(provider),
    }
  }

  function sendError(
    request: IncomingMessage,
    response: ServerResponse,
    { error, asked, headers = {} }: { error: GatewayError; asked: Asked; headers?: Record<string, string> },
  ): void {
    if (response.headersSent || response.destroyed) {
      response.destroy()
      return
    }
    const fault = xroadFault(error, errorContext(request, asked))
    const type = errorType(request.headers.accept)
    const body = Buffer.from(errorBody(fault, type, asked.requestId))
    const { retryAfterSeconds } = error
    response.writeHead(fault.status, {
      ...headers,
      'x-road-error': fault.code,
      'x-road-request-id': asked.requestId,
      ...(asked.message && { 'x-road-id': asked.message.id }),
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      'content-type': `${type};charset=utf-8`,
      'content-length': body.length,
      'cache-control': 'no-store',
      ...(request.complete ? {} : { connection: 'close' }),
    })
    response.end(request.method === 'HEAD' ? undefined : body)
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

  function sendAnswer(response: ServerResponse, answer: Answer, headers: Record<string, string>): void {
    response.writeHead(answer.status, {
      ...headers,
      'content-type': ANSWER_TYPE,
      'content-length': String(answer.body.length),
      'cache-control': 'no-store',
    })
    response.end(answer.body)
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

  return {
    handler: (request, response, next) => {
      if (request.url.startsWith(BELOW_ROUTE)) return carry(request, response)
      next()
    },
    answerRefusal(request, response, error) {
      if (request.url?.startsWith(BELOW_ROUTE) !== true) return false
      sendError(request, response, { error, asked: begin() })
      return true
    },
  }
}

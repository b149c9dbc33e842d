import { constants } from 'node:crypto'
import { createServer as createHttpServer, IncomingMessage, type Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import express, { type Express, type RequestHandler } from 'express'
import type { ErrorCode } from '../model/error-table.ts'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import type { CutReason } from '../telemetry/metric-table.ts'
import { guardConnections } from './connections.ts'
import { ALLOWED_METHODS, assertUnambiguous, type Hosts, MAX_FIELDS } from './gate.ts'
import { preferredLanguage } from './language.ts'
import { problemDocument, problemHeaders } from './problem.ts'
import type { Strangers } from './strangers.ts'

export interface ServerTls {
  readonly certificate: string
  readonly key: string
  /** Authorities whose client certificates are asked for; self-signed ones are asked for and judged by thumbprint. */
  readonly clientAuthorities?: string
}

/** What one peer, and all of them, may take of the listener; times in milliseconds. */
export interface ServerLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  readonly maxRequestsPerConnection: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly answerTimeoutMs: number
}

/** A request the gate refused before any door saw it. */
export interface GateRefusal {
  readonly method: string
  readonly route: string
  readonly status: number
  readonly code: ErrorCode
  readonly totalMs: number
}

export interface ServerParts {
  /** Tried in order; each answers what is its own and hands on the rest. */
  readonly routers: readonly RequestHandler[]
  readonly hosts: () => Hosts
  readonly publicUrl: () => string
  /** Refuses a client certificate passed on by somebody who may not. */
  readonly assertPassedOn: (request: IncomingMessage) => void
  readonly limits: ServerLimits
  readonly tls?: ServerTls
  /** Told of what went wrong inside a handler without being a GatewayError. */
  readonly onInternalError: (error: unknown) => void
  /** Answers a refusal in the words of the door it was meant for. @returns whether it did. */
  readonly answerRefusal?: (
    request: IncomingMessage,
    response: ServerResponse,
    error: GatewayError,
  ) => boolean
  /** Told of each request that the gate refused. */
  readonly onRefusal: (refusal: GateRefusal) => void
  readonly strangers: Strangers
  /** Told of each connection that was ended for what its peer did. */
  readonly onCut: (reason: CutReason) => void
  /** Whether the address is a trusted proxy's. */
  readonly isProxy: (address: string | undefined) => boolean
  /** Milliseconds, monotonic. */
  readonly clock: () => number
}

const MAX_HEADER_BYTES = 8192
const CHECK_INTERVAL_MS = 500
/** Node adds this to the time it lets an idle connection live. */
const IDLE_MARGIN_MS = 1000

/**
 * Express gives each request and response its own prototype, which makes every property access after it
 * slow. Requests born with that prototype are left as they are: on one core worth 2.5 times the throughput.
 */
function bornAs<Made extends object, Argument>(base: new (argument: Argument) => Made, prototype: object) {
  function Born(this: Made, argument: Argument): Made {
    return Reflect.construct(base, [argument], Born) as Made
  }
  Born.prototype = prototype
  return Born as unknown as new (
    argument: Argument,
  ) => Made
}

function createApp(parts: ServerParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.set('query parser', false)
  app.set('trust proxy', false)
  for (const router of parts.routers) app.use(router)
  app.use(() => {
    throw new GatewayError('path_unknown')
  })
  return app
}

/** Answers an error with its problem document; the connection is closed where the request may not be read to its end. */
export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  context: {
    readonly publicUrl: string
    readonly exchangeId?: string
    readonly traceId?: string
    readonly headers?: Record<string, string>
  },
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const error = asGatewayError(thrown)
  const language = preferredLanguage(request.headers['accept-language'])
  const body = Buffer.from(JSON.stringify(problemDocument(error, { language, ...context })))
  response.writeHead(error.entry.status, {
    ...problemHeaders(error, language),
    ...context.headers,
    'content-length': body.length,
    ...(request.complete ? {} : { connection: 'close' }),
  })
  response.end(body)
}

const TIMED_OUT = new Set(['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_TLS_HANDSHAKE_TIMEOUT'])

/** Where there is no response object, the answer is written as it is and the connection closed. */
function endRaw(socket: Duplex, status: string): void {
  if (!socket.writable) return
  const answer = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
  // A connection only half closed would still have a late request carried out, and its answer lost.
  socket.end(answer, () => socket.destroy())
}

/** What a request that the parser itself refuses is answered. */
function statusOfUnparsed(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large'
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return '413 Content Too Large'
  return TIMED_OUT.has(code ?? '') ? '408 Request Timeout' : '400 Bad Request'
}

/** @param ending connections that end with a refusal under way on them: no more is said there. */
function refuseUnparsed(server: Server, ending: WeakSet<Duplex>, onCut: (reason: CutReason) => void): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const { code = '' } = error
    const isTimeout = TIMED_OUT.has(code)
    // Nothing can be said where the handshake itself went wrong.
    const isSpeechless = /^ERR_(?:TLS|SSL)_/.test(code)
    if (ending.has(socket) && !isTimeout) return
    // A peer that went away did nothing wrong.
    if (code !== 'ECONNRESET' && socket.writable) onCut(isTimeout ? 'timeout' : 'malformed')
    if (isSpeechless || ending.has(socket)) socket.destroy()
    else endRaw(socket, statusOfUnparsed(code))
  })
  for (const event of ['upgrade', 'connect'] as const) {
    server.on(event, (_request, socket: Duplex) => {
      onCut('upgrade')
      endRaw(socket, '400 Bad Request')
    })
  }
}

/**
 * The HTTP server of both listeners: closed defaults, the gate in front, Express behind it.
 * It is not yet listening.
 */
export function createServer(parts: ServerParts): Server {
  const app = createApp(parts)
  const { limits, tls, publicUrl, onCut, clock } = parts
  const checkIntervalMs = Math.min(CHECK_INTERVAL_MS, limits.headersTimeoutMs / 2)
  const options = {
    IncomingMessage: bornAs(IncomingMessage, app.request) as unknown as typeof IncomingMessage,
    ServerResponse: bornAs(ServerResponse, app.response) as unknown as typeof ServerResponse,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: checkIntervalMs,
    keepAliveTimeout: Math.max(1, limits.idleTimeoutMs - IDLE_MARGIN_MS),
    keepAliveTimeoutBuffer: Math.min(IDLE_MARGIN_MS, limits.idleTimeoutMs),
    // The gate refuses a request without Host, in its own words.
    requireHostHeader: false,
    insecureHTTPParser: false,
    joinDuplicateHeaders: false,
    noDelay: true,
  }

  /** Connections that end with the refusal under way on them. */
  const ending = new WeakSet<Socket>()

  /** @param onAdmitted runs between the gate and Express. */
  function handle(request: IncomingMessage, response: ServerResponse, onAdmitted?: () => void): void {
    // While the server drains, each connection ends with the answer under way on it.
    if (!server.listening) response.shouldKeepAlive = false
    const startedMs = clock()
    const refuse = (thrown: unknown) => {
      const error = asGatewayError(thrown)
      const { code, entry } = error
      parts.strangers.note(request, error)
      if (code === 'internal_error') parts.onInternalError(error.cause)
      const { method = '' } = request
      parts.onRefusal({ method, route: '', status: entry.status, code, totalMs: clock() - startedMs })
      if (parts.answerRefusal?.(request, response, error)) return
      const headers = { allow: ALLOWED_METHODS }
      const isMethod = code === 'method_unsupported' && !response.hasHeader('allow')
      sendProblem(request, response, error, { publicUrl: publicUrl(), ...(isMethod && { headers }) })
    }
    // What follows a refused request may have been meant as a part of it (RFC 9112 §11.2).
    if (ending.has(request.socket)) return
    try {
      parts.strangers.assertAdmitted(request)
      assertUnambiguous(request, parts.hosts())
      parts.assertPassedOn(request)
    } catch (thrown) {
      ending.add(request.socket)
      response.shouldKeepAlive = false
      refuse(thrown)
      return
    }
    onAdmitted?.()
    app(request as never, response as never, refuse)
  }

  const server: Server = tls
    ? createHttpsServer(
        {
          ...options,
          cert: tls.certificate,
          key: tls.key,
          minVersion: 'TLSv1.2',
          secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
          handshakeTimeout: limits.headersTimeoutMs,
          requestCert: true,
          // Certificates are judged by the registry's thumbprints; a chain alone opens nothing.
          rejectUnauthorized: false,
          ...(tls.clientAuthorities && { ca: tls.clientAuthorities }),
        },
        (request, response) => handle(request, response),
      )
    : createHttpServer(options, (request, response) => handle(request, response))
  // One more than is taken: what is beyond Node drops, and dropped fields could be the ones that matter.
  server.maxHeadersCount = MAX_FIELDS + 1
  server.maxConnections = limits.maxConnections
  guardConnections(server, { ...limits, checkIntervalMs }, parts)
  refuseUnparsed(server, ending, onCut)
  server.on('checkExpectation', (request, response) => handle(request, response))
  server.on('checkContinue', (request, response) => {
    // A body is invited only once the gate has let the request pass.
    handle(request, response, () => response.writeContinue())
  })
  return server
}

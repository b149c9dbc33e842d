import { createServer as createHttpServer, IncomingMessage, type Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import express, { type Express, type Router } from 'express'
import { asGatewayError, GatewayError } from '../model/errors.ts'
import { assertUnambiguous } from './gate.ts'
import { preferredLanguage } from './language.ts'
import { problemDocument, problemHeaders } from './problem.ts'

export interface ServerTls {
  readonly certificate: string
  readonly key: string
  /** Authorities whose client certificates are asked for; self-signed ones are asked for and judged by thumbprint. */
  readonly clientAuthorities?: string
}

export interface ServerLimits {
  readonly maxConnections: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
}

interface ServerParts {
  readonly routers: readonly Router[]
  readonly hosts: () => ReadonlySet<string>
  readonly publicUrl: () => string
  /** Refuses a client certificate passed on by somebody who may not. */
  readonly assertPassedOn: (request: IncomingMessage) => void
  readonly limits: ServerLimits
  readonly tls?: ServerTls
  /** Told of what went wrong inside a handler without being a GatewayError. */
  readonly onInternalError: (error: unknown) => void
}

const MAX_HEADER_BYTES = 8192
const MAX_HEADERS = 64

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

/** A request the parser itself refuses has no response object: the answer is written as it is. */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  const answer = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
  // A connection only half closed would still have a late request carried out, and its answer lost.
  socket.end(answer, () => socket.destroy())
}

/**
 * The HTTP server of the exchange listener: closed defaults, the gate in front, Express behind it.
 * It is not yet listening.
 */
export function createServer(parts: ServerParts): Server {
  const app = createApp(parts)
  const { limits, tls, publicUrl } = parts
  const options = {
    IncomingMessage: bornAs(IncomingMessage, app.request) as unknown as typeof IncomingMessage,
    ServerResponse: bornAs(ServerResponse, app.response) as unknown as typeof ServerResponse,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: 500,
    keepAliveTimeout: 30_000,
    requireHostHeader: true,
    insecureHTTPParser: false,
    joinDuplicateHeaders: false,
    noDelay: true,
  }

  /** @param onAdmitted runs between the gate and Express. */
  function handle(request: IncomingMessage, response: ServerResponse, onAdmitted?: () => void): void {
    // While the server drains, each connection ends with the answer under way on it.
    if (!server.listening) response.shouldKeepAlive = false
    const refuse = (thrown: unknown) => {
      if (!(thrown instanceof GatewayError)) parts.onInternalError(thrown)
      sendProblem(request, response, thrown, { publicUrl: publicUrl() })
    }
    try {
      assertUnambiguous(request, parts.hosts())
      parts.assertPassedOn(request)
    } catch (thrown) {
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
          requestCert: true,
          // Certificates are judged by the registry's thumbprints; a chain alone opens nothing.
          rejectUnauthorized: false,
          ...(tls.clientAuthorities && { ca: tls.clientAuthorities }),
        },
        (request, response) => handle(request, response),
      )
    : createHttpServer(options, (request, response) => handle(request, response))
  server.maxHeadersCount = MAX_HEADERS
  server.maxConnections = limits.maxConnections
  server.on('clientError', refuseUnparsed)
  server.on('upgrade', (_request, socket) => socket.destroy())
  server.on('connect', (_request, socket) => socket.destroy())
  server.on('checkContinue', (request, response) => {
    // A body is invited only once the gate has let the request pass.
    handle(request, response, () => response.writeContinue())
  })
  return server
}

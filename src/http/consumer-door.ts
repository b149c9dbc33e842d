import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorCode } from '../model/error-table.ts'
import { asGatewayError, type GatewayError } from '../model/errors.ts'
import type { Credentials } from '../model/exchange.ts'
import { sendProblem } from './server.ts'

/** What every door of those who come with a token needs. */
export interface ConsumerDoorParts {
  readonly publicUrl: () => string
  readonly now: () => number
  readonly thumbprintOf: (request: IncomingMessage) => string | undefined
  readonly dpopNonce: () => string | undefined
  /** Told of each request that is no exchange of its own. */
  readonly onRequest: (request: {
    readonly method: string
    readonly route: string
    readonly status: number
    readonly code?: ErrorCode
    readonly totalMs: number
  }) => void
  /** Told of each caller that was not recognised. */
  readonly onStranger: (request: IncomingMessage, error: GatewayError) => void
  readonly onInternalError: (error: unknown, exchangeId?: string) => void
}

/** @returns the credentials of a request as they came; nothing in them is trusted. */
export function credentialsOf(
  request: IncomingMessage,
  { publicUrl, thumbprintOf }: Pick<ConsumerDoorParts, 'publicUrl' | 'thumbprintOf'>,
): Credentials {
  const { method = 'GET', headers, url = '/' } = request
  const mark = url.indexOf('?')
  const thumbprint = thumbprintOf(request)
  return {
    method,
    url: publicUrl() + (mark < 0 ? url : url.slice(0, mark)),
    ...(headers.authorization !== undefined && { authorization: headers.authorization }),
    ...(typeof headers['dpop'] === 'string' && { dpop: headers['dpop'] }),
    ...(thumbprint !== undefined && { certificateThumbprint: thumbprint }),
  }
}

/** Sends JSON that nobody may keep. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(value === undefined ? '' : JSON.stringify(value))
  response.writeHead(status, {
    'content-length': body.length,
    'cache-control': 'no-store',
    ...(body.length > 0 && { 'content-type': 'application/json' }),
    ...headers,
  })
  response.end(body)
}

/** Answers an error, with a fresh nonce where the caller was not recognised. @returns the error. */
export function refuseRequest(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  parts: Pick<ConsumerDoorParts, 'publicUrl' | 'dpopNonce' | 'onStranger' | 'onInternalError'>,
): GatewayError {
  const error = asGatewayError(thrown)
  if (error.code === 'internal_error') parts.onInternalError(error.cause)
  parts.onStranger(request, error)
  const nonce = error.entry.status === 401 ? parts.dpopNonce() : undefined
  sendProblem(request, response, error, {
    publicUrl: parts.publicUrl(),
    ...(nonce !== undefined && { headers: { 'dpop-nonce': nonce } }),
  })
  return error
}

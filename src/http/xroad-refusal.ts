import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GatewayError } from '../model/errors.ts'
import type { SubsystemId } from '../model/identifier.ts'
import type { XroadErrorStyle } from '../model/party.ts'
import type { Registry } from '../registry/snapshot.ts'
import { preferredLanguage } from './language.ts'
import { errorBody, errorType, type XroadErrorContext, xroadFault } from './xroad-errors.ts'
import type { XroadMessage } from './xroad-message.ts'
import type { XroadTarget } from './xroad-target.ts'
import type { ReceivedDigest } from './xroad-whole.ts'

/** What is known of one request, as far as it got: its errors are told by it. */
export interface Asked {
  readonly requestId: string
  readonly receivedAtMs: number
  target: XroadTarget | undefined
  message: XroadMessage | undefined
  consumer: SubsystemId | undefined
  provider: SubsystemId | undefined
  /** Where it is not as the consumer has chosen. */
  style?: XroadErrorStyle
  /** Of the body, for the request hash. */
  readonly body: ReceivedDigest
}

interface ErrorSenderParts {
  readonly registry: () => Registry
  /** How errors are told to those who have no way of their own. */
  readonly errors: XroadErrorStyle
}

export type SendError = (
  request: IncomingMessage,
  response: ServerResponse,
  told: { readonly error: GatewayError; readonly asked: Asked; readonly headers?: Record<string, string> },
) => void

/** Answers an error in X-Road's form; the connection is closed where the request may not be read to its end. */
export function createErrorSender(parts: ErrorSenderParts): SendError {
  function errorContext(request: IncomingMessage, asked: Asked): XroadErrorContext {
    const { target, consumer, provider, message } = asked
    const registry = parts.registry()
    const own = consumer && registry.subsystems.get(consumer)?.xroad?.errors
    return {
      style: asked.style ?? own ?? parts.errors,
      language: preferredLanguage(request.headers['accept-language'] ?? 'en'),
      service: target ? `SERVICE:${[...target.provider, target.serviceCode].join('/')}` : '',
      client: message?.client ?? '',
      isProviderKnown: provider !== undefined && registry.subsystems.has(provider),
    }
  }

  return (request, response, { error, asked, headers = {} }) => {
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
}
